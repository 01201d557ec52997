/** Autoscalers may grow and not shrink from here on; where a group member or a queue worker has one, its count belongs to Repot alone. */

import { floorOf, isManaged, scaledBy } from "../domain/autoscalers.ts";
import { refOf } from "../domain/kube.ts";
import { operationOf } from "../domain/operations.ts";
import { nameOf } from "../domain/plan.ts";
import { BatchInput, type Named, slug, workOff } from "./batch.ts";
import { forward, withJournal } from "./effect.ts";
import { objectsOf, orUnknown, setField } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { step } from "./step.ts";

export const AUTOSCALERS = ["horizontalpodautoscalers", "scaledobjects.keda.sh"] as const;
const RIGHTS = AUTOSCALERS.flatMap((r) => [`get ${r}`, `patch ${r}`]);

export const isAutoscaler = (object: { readonly kind: string }): boolean =>
  object.kind === "HorizontalPodAutoscaler" || object.kind === "ScaledObject";

export const floorAutoscalers = step({
  name: "floor-autoscalers",
  does: "Disables scaling down on each HPA and ScaledObject of the source and takes its lower bound away; pins those of group members and queue workers. KEDA's own HPAs stay KEDA's.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: RIGHTS } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    const source = kubernetesOf(context, "source");
    const pinned = new Set(
      plan.workloads.filter((w) => w.class === "group-member" || w.class === "queue-worker").map(nameOf),
    );
    const planned = (await objectsOf(context, input.run)).filter((o) => isAutoscaler(o) && !isManaged(o));
    const at = { step: "floor-autoscalers", operation: operationOf(plan, "floor-autoscalers") };
    const make = forward(context, input.run, at.step);
    return workOff(context, planned, input.from, async (object) => {
      const live = await orUnknown(() => source.find(refOf(object)));
      if (!live || isManaged(live)) return [];
      const changes = floorOf(live, pinned.has(scaledBy(live)), object);
      const named: readonly Named[] = changes.map((change) => ({
        move: slug(live.kind, live.metadata.namespace, live.metadata.name, ...change.path),
        effect: setField("source", refOf(live), change.path, change.before, change.after),
      }));
      const outcomes = [];
      for (const { move, effect } of named) outcomes.push(await make({ ...at, move }, effect));
      return outcomes;
    });
  },
});
