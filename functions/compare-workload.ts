/** Does one workload stand on the target as well as on the source, as far as that can be told before its neighbours are there? Changes nothing. */

import { COMPARISON_NEEDS, compareItem } from "./comparing.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";

export const compareWorkload = gate({
  name: "compare-workload",
  does: "Judges the pods of one workload on the target, and its answers on both sides where the chain from a public host to what it calls is whole.",
  needs: COMPARISON_NEEDS,
  // Without a workload there is nothing to judge, and nothing is unknown.
  measure: async ({ run, item }, context) =>
    item ? compareItem(context, await planOf(context, run), item, false) : [],
});
