/** Takes one person's click: judges the right at the click, counts distinct people, decides once, and wakes the state machine. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling, errorName } from "../adapters/aws.ts";
import type { Bucket } from "../adapters/bucket.ts";
import {
  type Decision,
  DecisionSchema,
  decide,
  RequestSchema,
  refusalOf,
  type Vote,
  VoteSchema,
} from "../domain/approvals.ts";
import { Conflict, NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

export const recordVote = step({
  name: "record-vote",
  does: "Stores a vote under its person's name, decides by a conditional write, and sends the task's result. The only step that may.",
  input: z.object({ run: RunSchema, question: z.string(), person: z.string(), choice: z.string() }),
  needs: withRecord("migrations/*/approvals/*", { sfn: ["SendTaskSuccess"] }),
  run: async ({ run, question, person, choice }, context) => {
    const { settings } = await planOf(context, run);
    const bucket = bucketOf(context);
    const stored = await bucket.getJson(keys.approval(run.migration, question));
    if (!stored) throw new NotFound(`There is no question ${question}; nothing was recorded.`);
    const request = RequestSchema.parse(stored.value);
    const vote: Vote = { person, choice, plan: run.plan, at: context.now().toISOString() };
    const refusal = refusalOf(vote, request, {
      approvers: settings.approvals.approvers.map((a) => a.person),
      requester: null,
    });
    if (refusal) return { counted: false, sentence: refusal };

    const already = await bucket.getJson(keys.decision(run.migration, question));
    if (already) {
      const first = DecisionSchema.parse(already.value);
      await answer(context, request.token, question, first);
      return { counted: false, sentence: `It was decided already: ${first.decision}.` };
    }
    const votes = await cast(bucket, run.migration, question, vote);
    const wanted = decide(votes, request);
    if (!wanted)
      return {
        counted: true,
        sentence: `${new Set(votes.map((v) => v.person)).size} of ${request.quorum} have voted.`,
      };
    const decision = await decideOnce(bucket, keys.decision(run.migration, question), wanted);
    await answer(context, request.token, question, decision);
    return { counted: true, sentence: `Decided: ${decision.decision}.` };
  },
});

/** Stores a vote and reads all of them. A second vote of the same person is kept beside the first: a denial after a grant still denies. */
const cast = async (
  bucket: Bucket,
  migration: string,
  question: string,
  vote: Vote,
): Promise<readonly Vote[]> => {
  const key = keys.vote(migration, question, vote.person);
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const first = await bucket.getJson(key);
  if (!first) await bucket.putNew(key, vote);
  else if (VoteSchema.parse(first.value).choice !== vote.choice) {
    const changed = keys.vote(migration, question, `${vote.person}!${vote.choice}`);
    if (!(await bucket.getJson(changed))) await bucket.putNew(changed, vote);
  }
  const votes: Vote[] = [];
  for (const each of await bucket.listKeys(folder))
    votes.push(VoteSchema.parse((await bucket.getJson(each))?.value));
  return votes;
};

const GONE = new Set(["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]);

/**
 * Sent again by a second click: the first sender may have died between the decision and this. A task that has its answer is no error, and
 * nobody waits any more for the answer to a question that has expired.
 */
const answer = async (
  context: Context,
  taskToken: string,
  question: string,
  decision: Decision,
): Promise<void> => {
  if (decision.decision === "expired") return;
  await calling(`send the answer to question ${question}`, async () => {
    try {
      await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(decision) }));
    } catch (error) {
      if (!GONE.has(errorName(error))) throw error;
    }
  });
};

/** The first decision is the decision, whoever else comes at the same moment. @returns the one that stands. */
export const decideOnce = async (bucket: Bucket, key: string, decision: Decision): Promise<Decision> => {
  try {
    await bucket.putNew(key, decision);
    return decision;
  } catch (error) {
    const first = error instanceof Conflict ? await bucket.getJson(key) : undefined;
    if (!first) throw error;
    return DecisionSchema.parse(first.value);
  }
};
