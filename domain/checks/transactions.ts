/** Preflight's judgement of Kafka producers: two pods with one transactional id fence each other. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, refOf, sentenceOf } from "../kube.ts";
import { nameOf, type Plan } from "../plan.ts";
import { containersOf, templateOf, workloadKindOf } from "../pods.ts";
import { judging, objectsOf, seen, some } from "./judging.ts";

const NAMES_AN_ID = /TRANSACTION(AL)?_?ID(_PREFIX)?$/i;

/** data/transactional-ids: a literal id in the environment of a workload that runs more than one pod, or runs on both sides at once. */
export const judgeTransactionalIds = (
  plan: Pick<Plan, "platform" | "workloads" | "objects">,
  at: string,
): Verdict => {
  const say = judging(at)("data/transactional-ids", plan.platform);
  const source = "environment in the plan's pod templates";
  const users = new Map<string, string[]>();
  let literals = 0;
  for (const object of objectsOf(plan)) {
    const kind = workloadKindOf(object);
    const workload = plan.workloads.find(
      (w) =>
        w.kind === kind &&
        w.name === object.metadata.name &&
        w.namespace === (object.metadata.namespace ?? "default"),
    );
    if (!kind || !workload) continue;
    for (const { container } of containersOf(templateOf(object, kind).spec))
      for (const { name, value } of container.env ?? []) {
        if (!NAMES_AN_ID.test(name) || /_PREFIX$/i.test(name) || value === undefined || value.includes("$("))
          continue;
        literals += 1;
        const both = workload.move === "half-and-half" || workload.move === "start-on-target";
        const pods =
          both || workload.replicas > 1 ? [nameOf(workload), sentenceOf(refOf(object))] : [nameOf(workload)];
        users.set(value, [...(users.get(value) ?? []), ...pods]);
      }
  }
  const shared = [...users]
    .filter(([, pods]) => pods.length > 1)
    .map(([id]) => id)
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "transactional ids that more than one pod would use",
      shared.length,
      "0",
      source,
      objectsOf(plan).length,
    ),
  ];
  if (shared.length === 0)
    return say.pass(
      literals === 0
        ? "No pod template sets a transactional id."
        : "Each transactional id is used by one pod at a time.",
      evidence,
    );
  return say.fail(
    `The transactional ${shared.length === 1 ? "id" : "ids"} ${some(shared)} would be used by two pods at once: the newer producer fences the older.`,
    "Derive the id from the pod's name (metadata.name), or let the workload move by stopping first.",
    evidence,
  );
};
