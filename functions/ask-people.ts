/** Asks people: the record first, then the message; then the state machine waits for whoever answers. */

import * as z from "zod";
import { postMessage } from "../adapters/slack.ts";
import { QuestionSchema, type Request, RequestSchema } from "../domain/approvals.ts";
import { Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { expirySeconds, quorumOf } from "./prepare-question.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const askPeople = step({
  name: "ask-people",
  does: "Stores the question with its token, then posts it where the approvers read. A message that can't be posted is retried; the record stands.",
  input: z.object({ run: RunSchema, question: QuestionSchema, token: z.string() }),
  needs: withRecord("migrations/*/approvals/*", { slack: ["chat.postMessage"] }),
  run: async ({ run, question, token }, context) => {
    const { settings } = await planOf(context, run);
    const bucket = bucketOf(context);
    const key = keys.approval(run.migration, question.id);
    const wanted: Request = {
      question,
      plan: run.plan,
      token,
      quorum: quorumOf(question, settings),
      expiresAt: new Date(context.now().getTime() + expirySeconds(settings) * 1000).toISOString(),
    };
    const stored = await bucket.getJson(key);
    if (!stored) await bucket.putNew(key, wanted);
    const request = stored ? RequestSchema.parse(stored.value) : wanted;
    if (request.plan !== run.plan)
      throw new Refused(
        `Question ${question.id} was asked about plan ${request.plan.slice(0, 12)}, not about ${run.plan.slice(0, 12)}. Nobody was asked; start the new plan as a migration of its own.`,
      );
    // A retry by the state machine brings a new token: the one on record would answer nobody.
    if (stored && request.token !== token) await bucket.replaceIf(key, { ...request, token }, stored.etag);
    await postMessage(context.http, context.endpoints.slack, {
      channel: "repot",
      text: `*${run.migration}* · ${question.phase}\n${question.sentence}\nPlan \`${run.plan.slice(0, 12)}\`, ${request.quorum === 1 ? "one approver" : `${request.quorum} approvers`}, until ${request.expiresAt}.`,
      buttons: question.choices.map((choice) => ({
        label: choice,
        value: JSON.stringify({ migration: run.migration, plan: run.plan, question: question.id, choice }),
      })),
    });
    return { asked: question.id };
  },
});
