/** Each effect has its undo, also one that never happened: a rollback that has ended well has an undo on record for every entry forward. */

import type { EndInvariant } from "./ending.ts";

export const undoTotal: EndInvariant = {
  name: "undo-total",
  sentence: "After a rollback every forward entry of the journal has an undo that is done.",
  check: ({ events, undone }) => {
    if (!undone) return undefined;
    const done = new Set(
      events.flatMap((e) =>
        e.type === "effect" && e.direction === "undo" && e.status === "done" ? [e.key] : [],
      ),
    );
    return events.flatMap((e) =>
      e.type === "effect" &&
      e.direction === "forward" &&
      e.status === "intended" &&
      !done.has(e.key.replace("/forward-", "/undo-"))
        ? [`${e.key} was intended and never undone.`]
        : [],
    );
  },
};
