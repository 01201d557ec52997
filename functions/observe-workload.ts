/** Says whether a workload stands on one side: as many ready pods as it should have, or none at all. Changes nothing. */

import * as z from "zod";
import { conditionsOf } from "../domain/conditions.ts";
import { ItemSchema, kubernetesOf, RunSchema, SideSchema } from "./run.ts";
import { step } from "./step.ts";
import { isScalable, podsOf, refOfItem, statusOf } from "./workload.ts";

const READS = ["get deployments", "get statefulsets", "list pods"] as const;

export const observeWorkload = step({
  name: "observe-workload",
  does: "Counts the ready pods of one workload on one side; for zero, counts every pod that is left.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    side: SideSchema,
    replicas: z.number().int().nonnegative(),
  }),
  // A pod on each node is started on the target and stays on the source.
  needs: { kubernetes: { source: READS, target: [...READS, "get daemonsets"] } },
  run: async ({ item, side, replicas }, context) => {
    const cluster = kubernetesOf(context, side);
    const name = `${item.namespace}/${item.name}`;
    const workload = await cluster.get(refOfItem(item));
    const status = statusOf(workload);
    if (!isScalable(item))
      return standing(
        status.settled && status.ready >= status.scheduled,
        `${name} on the ${side}: ${status.ready} of ${status.scheduled} nodes ready.`,
      );
    if (replicas === 0) {
      const pods = await podsOf(cluster, workload);
      return standing(
        status.settled && pods.length === 0,
        `${name} on the ${side}: ${pods.length} pods are still there.`,
      );
    }
    return standing(
      status.settled && status.ready >= replicas && status.updated >= replicas,
      `${name} on the ${side}: ${status.ready} of ${replicas} pods are ready.${await whyNot(cluster, workload, status.ready >= replicas)}`,
    );
  },
});

const standing = (stands: boolean, sentence: string) => ({
  verdict: stands ? ("pass" as const) : ("unknown" as const),
  sentence,
});

/** The reason of the first pod that isn't ready, as the cluster gives it. */
const whyNot = async (
  cluster: Parameters<typeof podsOf>[0],
  workload: Parameters<typeof podsOf>[1],
  ready: boolean,
): Promise<string> => {
  if (ready) return "";
  for (const pod of await podsOf(cluster, workload)) {
    const failing = conditionsOf(pod).find(
      (c) =>
        c.status === "False" &&
        (c.type === "PodScheduled" || c.type === "Ready" || c.type === "ContainersReady"),
    );
    if (failing) return ` ${pod.metadata.name}: ${failing.message ?? failing.reason ?? failing.type}`;
  }
  return "";
};
