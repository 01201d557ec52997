/**
 * The pauses that the plan states and people approve with it: a workload that must not exist twice stops here before it starts there. From
 * the intent to stop it, what needs it counts as paused for as long as the plan says, and no second longer.
 */

import type { Unstamped } from "../../../domain/events.ts";
import { nameOf, type Plan } from "../../../domain/plan.ts";
import type { TrafficWorld } from "./traffic.ts";

/** Listens to the record's lines. Only the first intent of an effect opens its pause: a repeated one doesn't prolong it. */
export const makePauses = (
  plan: Plan,
  traffic: Pick<TrafficWorld, "announcePause">,
): ((event: Unstamped) => void) => {
  const stated = new Map(
    plan.workloads.flatMap((w) =>
      (w.move === "stop-then-start" || w.move === "copy-with-pause") && w.pauseSecondsMax !== null
        ? [[nameOf(w), w.pauseSecondsMax] as const]
        : [],
    ),
  );
  const opened = new Set<string>();
  return (event) => {
    if (event.type !== "effect" || event.status !== "intended" || event.effect.kind !== "set-field") return;
    const { cluster, object, path, before, after } = event.effect;
    // Stopped: by its move, or on the target by the undo of its start there.
    const stops = after === 0 || (event.direction === "undo" && cluster === "target" && before === 0);
    if (path.join(".") !== "spec.replicas" || !stops) return;
    const name = `${object.namespace ?? "default"}/${object.name}`;
    const seconds = stated.get(name);
    if (seconds === undefined || opened.has(event.key)) return;
    opened.add(event.key);
    traffic.announcePause(name, seconds);
  };
};
