/** A queue that must run empty before its workers change sides is empty when they stop: nothing waits, and nothing is in anybody's hands. */

import type { RunEvent } from "../../domain/events.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** The workload whose pods the source is about to lose, all of them; undefined for any other line. */
const stopping = (event: RunEvent): string | undefined => {
  if (event.type !== "effect" || event.status !== "intended" || event.direction !== "forward")
    return undefined;
  const { effect } = event;
  if (effect.kind !== "set-field" || effect.cluster !== "source" || effect.after !== 0) return undefined;
  return effect.path.join(".") === "spec.replicas"
    ? `${effect.object.namespace ?? ""}/${effect.object.name}`
    : undefined;
};

export const makeDrained = (): Invariant<Scene> => {
  /** What was told to stop: what is on record again is a retry, and the workers hand back what they held. */
  const stopped = new Set<string>();
  return {
    name: "drained",
    sentence:
      "Workers of a queue that is drained are told to stop on the source only when nothing waits and nothing is in hand.",
    check: ({ fact, plan, world }) => {
      const seen = fact();
      const workload = seen?.kind === "event" ? stopping(seen.event) : undefined;
      if (workload === undefined || stopped.has(workload)) return undefined;
      stopped.add(workload);
      const drained = plan.settings.queues.filter(
        (queue) => queue.policy === "drained" && queue.workload === workload,
      );
      return drained.length === 0
        ? undefined
        : drained.flatMap(({ queue }) => {
            const at = world()
              ?.queues.workQueues()
              .find((q) => q.name === queue);
            return at && at.ready + at.unacked > 0
              ? [
                  `${workload} stops on the source while ${queue} has ${at.ready} messages waiting and ${at.unacked} in hand.`,
                ]
              : [];
          });
    },
  };
};
