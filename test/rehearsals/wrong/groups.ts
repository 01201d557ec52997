/** Ways to move a consumer group that are wrong in one way each. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { PlannedMove } from "../../../functions/plan-move.ts";
import { type Item, kubernetesOf } from "../../../functions/run.ts";
import { added, changed, type Edit, inMachine, inStep } from "../../../simulator/planted/edit.ts";

type Group = { readonly policy: string; readonly members: number };

/** Every member starts on the target before one leaves the source: 2N. */
export const twiceAsMany: Edit = inStep("plan-move", (right) => async (input, context) => {
  const move = (await right(input, context)) as PlannedMove;
  const { members } = ((input as { readonly item: Item }).item.groups ?? [])[0] as Group;
  if (move.kind !== "scale" || move.side !== "target") return move;
  return { ...move, replicas: members };
});

/** The source gives a member up first, whatever the policy says. */
export const sourceFirst: Edit = inStep("plan-move", (right) => (input, context) => {
  const { item } = input as { readonly item: Item };
  const groups = (item.groups ?? []).map((g) => ({ ...g, policy: "swap" as const }));
  return right({ ...(input as object), item: { ...item, groups } } as never, context);
});

/** Pods of the source get no time to say good-bye. */
export const killed: Edit = inStep(
  "scale-workload",
  (right) => async (input, context) => {
    const { item, side } = input as { readonly item: Item; readonly side: "source" | "target" };
    const answer = await right(input, context);
    if (side !== "source" || item.name !== "reader") return answer;
    const base = `${context.endpoints.kubernetes.source}/api/v1/namespaces/${item.namespace}/pods`;
    const pods = await kubernetesOf(context, "source").list(
      { apiVersion: "v1", kind: "Pod" },
      { namespace: item.namespace, labelSelector: "app=reader" },
    );
    const going = pods.find((p: KubeObject) => p.metadata["deletionTimestamp"] === undefined);
    if (going)
      await context.http({
        method: "DELETE",
        url: `${base}/${going.metadata.name}`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ gracePeriodSeconds: 0 }),
      });
    return answer;
  },
  (right) => ({
    ...right,
    kubernetes: {
      ...right.kubernetes,
      source: [...(right.kubernetes?.source ?? []), "list pods", "delete pods"],
    },
  }),
);

/** Between the stop of an id here and its start there lie ten minutes. */
export const coffeeBetween: Edit = inMachine(
  "shift-group",
  changed("Which move?", {
    Choices: [{ Condition: "{% $move.kind = 'hand-over-id' %}", Next: "Coffee" }],
  }),
  added("Coffee", { Type: "Wait", Seconds: 600, Next: "Hand over the id" }),
);
