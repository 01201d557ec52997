/** Looks up how long people have for a question and how many it takes. Changes nothing. */

import * as z from "zod";
import { QuestionSchema } from "../domain/approvals.ts";
import type { Settings } from "../domain/settings.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const prepareQuestion = step({
  name: "prepare-question",
  does: "Answers with the plan's expiry for questions.",
  input: z.object({ run: RunSchema, question: QuestionSchema }),
  needs: { s3: ["GetObject"] },
  run: async ({ run }, context) => {
    const { settings } = await planOf(context, run);
    return { expiresAfterSeconds: expirySeconds(settings) };
  },
});

/** Machines wait for two weeks at most; a question has to be over before. */
const EXPIRY_SECONDS_MAX = 1_036_800;

/** How long a question may be answered: by the record and by the state machine alike. */
export const expirySeconds = (settings: Settings): number =>
  Math.min(EXPIRY_SECONDS_MAX, Math.max(60, settings.approvals.expiresAfterSeconds));

/** The plan's number of people for a question that doesn't say its own. */
export const quorumOf = (question: z.infer<typeof QuestionSchema>, settings: Settings): number => {
  if (question.quorum > 0) return question.quorum;
  return question.phase === "decommission"
    ? settings.approvals.decommissionQuorum
    : settings.approvals.quorum;
};
