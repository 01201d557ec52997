/** Everything is on the target: now the answers of each workload have to be compared, without exception. Changes nothing. */

import { COMPARISON_NEEDS, compareItem } from "./comparing.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";

export const compareWhole = gate({
  name: "compare-whole",
  does: "Judges one workload like compare-workload, but holds where its answers can't be compared yet.",
  needs: COMPARISON_NEEDS,
  measure: async ({ run, item }, context) =>
    item ? compareItem(context, await planOf(context, run), item, true) : [],
});
