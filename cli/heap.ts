/** How much memory a process of Repot takes before it looks for what nobody uses any more. */

import { setFlagsFromString } from "node:v8";

/** Percent by which the heap may grow beyond what was in use at the last look; left to itself V8 lets it grow to the fourfold. */
const GROWTH_PERCENT = 30;

/** A rehearsal of thousands of applications stays below a gigabyte by this, for a few percent of its time. */
export const boundHeap = (): void => setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
