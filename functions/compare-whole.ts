/** Everything is on the target: now the answers of each workload have to be compared, without exception. Changes nothing. */

import { COMPARISON_NEEDS, compareItem } from "./comparing.ts";
import { connectionVerdicts } from "./connections.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";

export const compareWhole = gate({
  name: "compare-whole",
  does: "Judges one workload like compare-workload, but holds where its answers can't be compared yet, or where both fleets would not fit into a datastore's connections.",
  needs: COMPARISON_NEEDS,
  measure: async ({ run, item }, context) => {
    if (!item) return [];
    const plan = await planOf(context, run);
    return [
      ...(await compareItem(context, plan, item, true)),
      ...(await connectionVerdicts(context, plan, item)),
    ];
  },
});
