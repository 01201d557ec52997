/** What must be true when a run is over whose execution ended unseen: it was taken back, or people were told. */

import type { RunEvent } from "../../domain/events.ts";
import type { EndInvariant } from "./ending.ts";

type Ended = Extract<RunEvent, { type: "execution" }>;

const endsUnseen = (event: RunEvent): event is Ended =>
  event.type === "execution" &&
  event.machine === "migrate-cluster" &&
  (event.status === "aborted" ||
    event.status === "timed-out" ||
    (event.status === "failed" && (event.error ?? "").startsWith("States.")));

const changes = (event: RunEvent): boolean =>
  event.type === "effect" && event.direction === "forward" && event.status === "done";

/** An aborted migration that has changed something is rolled back, or somebody was paged for it; nothing is left without a word. */
export const leftBehind: EndInvariant = {
  name: "left-behind",
  sentence: "A migration that ended unseen after it had changed something is taken back, or people are told.",
  check: ({ events }) => {
    const at = events.findIndex(endsUnseen);
    const ending = events[at];
    if (ending?.type !== "execution" || !events.slice(0, at).some(changes)) return undefined;
    const takenBack = events.some((e) => e.type === "execution" && e.machine === "roll-back");
    const told = events
      .slice(at)
      .some((e) => e.type === "notice" && e.level === "error" && e.sentence.includes("needs a person"));
    return takenBack || told
      ? []
      : [
          `${ending.execution} ended ${ending.status} after it had changed something; it was neither taken back nor was anybody told.`,
        ];
  },
};
