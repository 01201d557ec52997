/** Gives the clusters' lock back: the migration is over, one way or the other. */

import * as z from "zod";
import { withRecord } from "./gate.ts";
import { clustersOf, releaseLock } from "./lock.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const releaseClusters = step({
  name: "release-clusters",
  does: "Marks the lock as released, if this migration holds it.",
  input: z.object({ run: RunSchema }),
  needs: withRecord("clusters/*/lock.json", {}),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    for (const cluster of clustersOf(plan.settings))
      await releaseLock(bucketOf(context), cluster, run.migration);
    return { released: clustersOf(plan.settings) };
  },
});
