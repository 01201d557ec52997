/** Nobody answered in time: records that, so that a late answer counts for nothing; where an answer came just before, that one counts. */

import * as z from "zod";
import { DecisionSchema, QuestionSchema } from "../domain/approvals.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { decideOnce } from "./record-vote.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const expireQuestion = step({
  name: "expire-question",
  does: "Decides an unanswered question as expired, by the same conditional write as a vote.",
  input: z.object({ run: RunSchema, question: QuestionSchema }),
  needs: withRecord("migrations/*/approvals/*", {}),
  run: async ({ run, question }, context) => {
    const bucket = bucketOf(context);
    const key = keys.decision(run.migration, question.id);
    const decided = await bucket.getJson(key);
    if (decided) return DecisionSchema.parse(decided.value);
    return decideOnce(bucket, key, { decision: "expired", by: [] });
  },
});
