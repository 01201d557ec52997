/** A rollback begins: from here on no forward effect is made, by anybody. */

import * as z from "zod";
import { keys } from "../domain/journal.ts";
import { journalOf } from "./effect.ts";
import { isRunning } from "./executions.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const FenceSchema = z.object({ startedBy: z.string(), execution: z.string(), at: z.string() });

export const raiseFence = step({
  name: "raise-fence",
  does: "Stores the fence, or says why there is no way back: the source's workloads are gone, or another rollback runs.",
  input: z.object({ run: RunSchema, startedBy: z.string(), execution: z.string() }),
  needs: withRecord("migrations/*/fence.json", { sfn: ["DescribeExecution"] }),
  run: async ({ run, startedBy, execution }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (entries.some((key) => key.includes("-retire-source")))
      return {
        refused: true,
        sentence: `${run.migration} has been decommissioned: the source's workloads are gone, so there is nothing to go back to.`,
      };
    const bucket = bucketOf(context);
    const key = keys.fence(run.migration);
    const stored = await bucket.getJson(key);
    if (!stored) {
      await bucket.putNew(key, { startedBy, execution, at: context.now().toISOString() });
      return { refused: false, sentence: "The fence is up." };
    }
    const fence = FenceSchema.parse(stored.value);
    if (fence.execution === execution) return { refused: false, sentence: "The fence is up." };
    if (await isRunning(context, fence.execution))
      return {
        refused: true,
        sentence: `A rollback of ${run.migration} is under way already: ${fence.execution}. Nothing was changed; follow that one.`,
      };
    await bucket.replaceIf(key, { startedBy, execution, at: context.now().toISOString() }, stored.etag);
    return {
      refused: false,
      sentence: "The fence was up; this rollback goes on from where the earlier one ended.",
    };
  },
});
