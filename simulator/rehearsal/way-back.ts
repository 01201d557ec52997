/** Which phase a rollback takes back: the lines that say so, from the executions of the machine that does it. */

import type { RunEvent } from "../../domain/events.ts";
import type { Phase } from "../../domain/phases.ts";
import type { Emit } from "../world/types.ts";

/** Sees every event; writes a `phase` line when a rollback begins, and one when it has ended well. */
export const makeWayBack = (emit: Emit): ((event: RunEvent) => void) => {
  let phase: Phase | undefined;
  return (event) => {
    if (event.type === "phase" && event.status === "started") phase = event.phase;
    if (event.type !== "execution" || event.machine !== "roll-back" || phase === undefined) return;
    if (event.status === "started") emit({ type: "phase", phase, status: "rolling-back" });
    if (event.status === "succeeded") emit({ type: "phase", phase, status: "rolled-back" });
  };
};
