/** Gives the clusters' lock back: the migration is over, one way or the other. */

import * as z from "zod";
import { withRecord } from "./gate.ts";
import { releaseLock } from "./lock.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const releaseClusters = step({
  name: "release-clusters",
  does: "Marks the lock as released, if this migration holds it.",
  input: z.object({ run: RunSchema }),
  needs: withRecord("clusters/*/lock.json", {}),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    await releaseLock(bucketOf(context), plan.settings.source.name, run.migration);
    return { released: plan.settings.source.name };
  },
});
