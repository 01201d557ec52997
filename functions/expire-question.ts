/** Nobody answered in time: records that, so that a late answer counts for nothing; where an answer came just before, that one counts. */

import * as z from "zod";
import { QuestionSchema } from "../domain/approvals.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { decideOnce, decisionOf, requestOf, updateMessages } from "./questions.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const expireQuestion = step({
  name: "expire-question",
  does: "Decides an unanswered question as expired, by the same conditional write as a vote, and says so where it was asked.",
  input: z.object({ run: RunSchema, question: QuestionSchema }),
  needs: withRecord("migrations/*/approvals/*", { secrets: ["GetSecretValue"], slack: ["chat.update"] }),
  run: async ({ run, question }, context) => {
    const bucket = bucketOf(context);
    const decided = await decisionOf(bucket, run.migration, question.id);
    if (decided) return decided;
    const { decision } = await decideOnce(bucket, keys.decision(run.migration, question.id), {
      decision: "expired",
      by: [],
    });
    const found = await requestOf(bucket, run.migration, question.id);
    if (found) await updateMessages(context, run.migration, found.request);
    return decision;
  },
});
