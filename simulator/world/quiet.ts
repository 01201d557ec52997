/**
 * Publishers of a queue that must run empty are sent elsewhere by people while its workers change sides: from the moment at which the queue is
 * looked at first until the traffic moves, or the way back is over.
 */

import type { Unstamped } from "../../domain/events.ts";
import type { Plan } from "../../domain/plan.ts";
import type { QueueWorld } from "./queues.ts";

/** Listens to the record's lines. */
export const makeQuiet = (plan: Plan, queues: Pick<QueueWorld, "switches">): ((event: Unstamped) => void) => {
  const drained = new Set(plan.settings.queues.filter((q) => q.policy === "drained").map((q) => q.queue));
  const publish = (share: number): void => {
    for (const queue of queues.switches()) if (drained.has(queue.name)) queue.sendElsewhere(share === 0);
  };
  return (event) => {
    if (drained.size === 0 || event.type !== "phase") return;
    if (event.phase === "move-workloads" && event.status === "started") publish(0);
    if (event.phase === "cut-traffic" && event.status === "started") publish(1);
    if (event.status === "rolled-back") publish(1);
  };
};
