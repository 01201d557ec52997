/** When the record gets a line of traffic beside those of every quarter of an hour: at each turn of a phase, and each minute while workloads and clients move. */

import type { RunEvent } from "../../domain/events.ts";
import type { Clock } from "../clock.ts";

const MINUTE_MS = 60_000;

/** Between these, what happens to requests is looked at minute by minute. */
const CLOSELY = new Set(["freeze", "move-workloads", "cut-traffic"]);

export const makeTrafficLines = (clock: Clock, flush: () => void): ((event: RunEvent) => void) => {
  let closely = false;
  let ticking = false;
  const tick = (): void => {
    ticking = closely;
    if (!closely) return;
    flush();
    clock.after(MINUTE_MS, tick);
  };
  return (event) => {
    if (event.type !== "phase") return;
    flush();
    closely = event.status === "rolling-back" || (event.status === "started" && CLOSELY.has(event.phase));
    if (closely && !ticking) {
      ticking = true;
      clock.after(MINUTE_MS, tick);
    }
  };
};
