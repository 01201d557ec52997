/** A queue that must run empty before its workers change sides is empty when they stop: nothing waits, and nothing is in anybody's hands. */

import type { Ref } from "../../domain/kube.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type DrainedWorld = {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly queues: Pick<QueueWorld, "workQueues">;
};

type Seen = { readonly wanted: number; readonly ready: number; readonly unacked: number };

export const drained = (): Invariant<DrainedWorld> => {
  /** As it was at the look before: from the moment at which workers are told to stop, what they hold is on its way back. */
  const before = new Map<string, Seen>();
  return {
    name: "drained",
    sentence:
      "Workers of a queue that is drained stop on the source only when nothing waits and nothing is in hand.",
    check: ({ plan, source, queues }) =>
      plan.settings.queues
        .filter((queue) => queue.policy === "drained")
        .flatMap(({ queue, workload }) => {
          const worker = plan.workloads.find((w) => nameOf(w) === workload);
          const was = before.get(queue);
          // Once they are gone from the source it is over.
          if (!worker || was?.wanted === 0) return [];
          const wanted = wantedOf(source, worker);
          if (wanted === 0 && was) {
            before.set(queue, { ...was, wanted });
            return was.ready + was.unacked === 0
              ? []
              : [
                  `${workload} stopped on the source while ${queue} had ${was.ready} messages waiting and ${was.unacked} in hand.`,
                ];
          }
          const { ready = 0, unacked = 0 } = queues.workQueues().find((q) => q.name === queue) ?? {};
          before.set(queue, { wanted, ready, unacked });
          return [];
        }),
  };
};

const wantedOf = (source: Cluster, { apiVersion, kind, namespace, name }: Ref): number => {
  const object = source.get({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
  return object ? ((object["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1) : 0;
};
