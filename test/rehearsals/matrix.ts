/**
 * The exhaustive matrix in small, on the smallest platform that has a host, an application and a schedule: every step that any migration takes runs
 * on it, and a rehearsal of it is the cheapest. The whole of it is `repot campaign --exhaustive`; what the suite takes of it is drawn by fixed strides, so
 * that every step, every kind and every machine has its turn.
 */

import { join } from "node:path";
import { loadPlatform } from "../../cli/campaign.ts";
import type { Platform } from "../../simulator/campaign/case.ts";
import { alone } from "../../simulator/campaign/crew.ts";
import { type Cell, complaint, fill } from "../../simulator/campaign/matrix.ts";

/** How much of it the suite takes. One rehearsal is a quarter of a second of one core: raise these as that falls. */
export const HOW_MUCH = {
  /** Of the ten kinds of faults of a call, so many at each step; the next step takes the next ones. */
  kindsOfEachStep: 2,
  /** A rollback at every so many states, in the order in which they are entered. */
  everyNthState: 4,
  /** Random nights, from one seed. */
  nights: 200,
} as const;

/** Some hundred rehearsals on a machine that has other things to do as well. */
export const LONG_MS = 480_000;

export const smallest = (): Promise<Platform> =>
  loadPlatform(join(import.meta.dirname, "../bench/two"), { stdin: async () => new Uint8Array() });

/** Sentences about what did not end as it must, or was not struck. */
export const complaints = async (platform: Platform, chosen: readonly Cell[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const cell of chosen) {
    const filled = await fill({ ...cell, effects: 1 }, platform, 1, alone(platform).run);
    const wrong = complaint(filled) ?? (filled.hit === 0 ? "was not struck" : undefined);
    if (wrong !== undefined) found.push(`${cell.kind} at ${cell.step}: ${wrong}`);
  }
  return found;
};
