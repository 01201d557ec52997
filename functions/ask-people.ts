/** Asks people: the record first, then the message; then the state machine waits for whoever answers. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { grantsNeeded, QuestionSchema, type Request } from "../domain/approvals.ts";
import { AlreadyDecided, FenceRaised, Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { expirySeconds, quorumOf } from "./prepare-question.ts";
import { decisionOf, postQuestion, requestOf } from "./questions.ts";
import { bucketOf, planOf, type Run, RunSchema } from "./run.ts";
import { requestersOf } from "./starters.ts";
import { type Context, step } from "./step.ts";

export const askPeople = step({
  name: "ask-people",
  does: "Stores the question with its token, then posts it where the approvers read. Where Slack is down the record stands: it is posted later, and can be answered from a terminal.",
  input: z.object({ run: RunSchema, question: QuestionSchema, token: z.string() }),
  needs: withRecord("migrations/*/approvals/*", { secrets: ["GetSecretValue"], slack: ["chat.postMessage"] }),
  run: async ({ run, question, token }, context) => {
    const bucket = bucketOf(context);
    if (await bucket.getJson(keys.fence(run.migration)))
      throw new FenceRaised(
        `A rollback of ${run.migration} has begun; question ${question.id} was not asked. The rollback goes on by itself.`,
      );
    const found = await requestOf(bucket, run.migration, question.id);
    const request = found?.request ?? (await wanted(context, bucket, run, { question, token }));
    if (!found) await bucket.putNew(keys.approval(run.migration, question.id), request);
    if (request.plan !== run.plan)
      throw new Refused(
        `Question ${question.id} was asked about plan ${request.plan.slice(0, 12)}, not about ${run.plan.slice(0, 12)}. Nobody was asked; start the new plan as a migration of its own.`,
      );
    // A retry by the state machine brings a new token: the one on record would answer nobody.
    if (found && request.token !== token)
      await bucket.replaceIf(keys.approval(run.migration, question.id), { ...request, token }, found.etag);
    // Looked at after the new token is on record: whoever decides from now on finds that one.
    if (found && (await decisionOf(bucket, run.migration, question.id)))
      throw new AlreadyDecided(
        `Question ${question.id} of ${run.migration} was answered before it could be asked again. Nobody was asked; that answer stands.`,
      );
    try {
      await postQuestion(context, run.migration, request);
    } catch (error) {
      // To fail now would take back a migration because a chat is down. People have the terminal, and it is tried again every few minutes.
      context.log.warn(
        `Question ${question.id} of ${run.migration} could not be posted. It is posted as soon as Slack answers; \`repot approve\` and \`repot deny\` work meanwhile.`,
        { reason: error instanceof Error ? error.message : "unknown" },
      );
    }
    return { asked: question.id };
  },
});

/** A question as it goes on record: with its own quorum, expiry, and who may not grant it. */
const wanted = async (
  context: Context,
  bucket: Bucket,
  run: Run,
  { question, token }: Pick<Request, "question" | "token">,
): Promise<Request> => {
  const { settings } = await planOf(context, run);
  const requesters = await requestersOf(bucket, run.migration);
  const quorum =
    question.kind === "approval"
      ? grantsNeeded(quorumOf(question, settings), requesters.length > 0, settings.approvals.approvers)
      : quorumOf(question, settings);
  return {
    question,
    plan: run.plan,
    token,
    quorum,
    requesters: [...requesters],
    askedAt: context.now().toISOString(),
    expiresAt: new Date(context.now().getTime() + expirySeconds(settings) * 1000).toISOString(),
  };
};
