/** A copied workload never runs on a volume that lacks what was written before, and the newest copy of it is never deleted. */

import type { Disks } from "../world/disks.ts";
import type { Invariant } from "./invariant.ts";

export type DiskWorld = { readonly disks: Pick<Disks, "claims"> };

/** Contents are sums of whole milliseconds; less than this is rounding. */
const NOTHING = 0.5;

export const lostWrites = (): Invariant<DiskWorld> => ({
  name: "lost-writes",
  sentence: "Nothing that was written to a volume is lost when it is copied.",
  // Without the number: a loss that grows is one breach.
  check: ({ disks }) =>
    disks
      .claims()
      .flatMap(({ claim, writers, gone }) => [
        ...writers
          .filter((w) => w.lacks > NOTHING)
          .map(
            (w) =>
              `${claim} on the ${w.side} is in use and lacks what was written before: it is stale, empty, or one of two.`,
          ),
        ...(gone > NOTHING ? [`No disk holds all that was written to ${claim} any more.`] : []),
      ]),
});
