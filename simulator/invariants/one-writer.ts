/** Copies of one volume have one writer. */

import type { Invariant } from "./invariant.ts";
import type { DiskWorld } from "./lost-writes.ts";

export const oneWriter = (): Invariant<DiskWorld> => ({
  name: "one-writer",
  sentence: "Never do two pods write to copies of one volume at once.",
  check: ({ disks }) =>
    disks
      .claims()
      .filter(({ writers }) => new Set(writers.map((w) => w.disk)).size > 1)
      .map(
        ({ claim, writers }) =>
          `${claim} is written to on ${new Set(writers.map((w) => w.disk)).size} disks at once, by pods of the ${[...new Set(writers.map((w) => w.side))].join(" and the ")}.`,
      ),
});
