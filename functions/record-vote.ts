/** Takes one person's click: judges the right at the click, counts distinct people, decides once, and wakes the state machine. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling, errorName } from "../adapters/aws.ts";
import { type Decision, DecisionSchema, decide, RequestSchema, refusalOf, type Vote, VoteSchema } from "../domain/approvals.ts";
import { Conflict, NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withEvidence } from "./gate.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

export const recordVote = step({
  name: "record-vote",
  does: "Stores a vote under its person's name, decides by a conditional write, and sends the task's result. The only step that may.",
  input: z.object({ run: RunSchema, question: z.string(), person: z.string(), choice: z.string() }),
  needs: withEvidence({ sfn: ["SendTaskSuccess"] }),
  run: async ({ run, question, person, choice }, context) => {
    const { settings } = await planOf(context, run);
    const bucket = bucketOf(context);
    const stored = await bucket.getJson(keys.approval(run.migration, question));
    if (!stored) throw new NotFound(`There is no question ${question}; nothing was recorded.`);
    const request = RequestSchema.parse(stored.value);
    const vote: Vote = { person, choice, plan: run.plan, at: context.now().toISOString() };
    const refusal = refusalOf(vote, request, { approvers: settings.approvals.approvers.map((a) => a.person), requester: null });
    if (refusal) return { counted: false, sentence: refusal };

    const already = await bucket.getJson(keys.decision(run.migration, question));
    if (already) {
      const first = DecisionSchema.parse(already.value);
      if (first.decision !== "expired") await answer(context, request.token, question, first);
      return { counted: false, sentence: `It was decided already: ${first.decision}.` };
    }
    const voteKey = keys.vote(run.migration, question, person);
    if (!(await bucket.getJson(voteKey))) await bucket.putNew(voteKey, vote);
    const voteKeys = await bucket.listKeys(voteKey.slice(0, voteKey.lastIndexOf("/") + 1));
    const votes: Vote[] = [];
    for (const key of voteKeys) votes.push(VoteSchema.parse((await bucket.getJson(key))?.value));
    const decision = decide(votes, request);
    if (!decision) return { counted: true, sentence: `${votes.length} of ${request.quorum} have voted.` };
    await decideOnce(bucket, keys.decision(run.migration, question), decision);
    await answer(context, request.token, question, decision);
    return { counted: true, sentence: `Decided: ${decision.decision}.` };
  },
});

const GONE = new Set(["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]);

/** Sent again by a second click: the first sender may have died between the decision and this. A task that has its answer is no error. */
const answer = (context: Context, taskToken: string, question: string, decision: Decision): Promise<void> =>
  calling(`send the answer to question ${question}`, async () => {
    try {
      await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(decision) }));
    } catch (error) {
      if (!GONE.has(errorName(error))) throw error;
    }
  });

/** The first decision is the decision, whoever else comes at the same moment. */
const decideOnce = async (bucket: ReturnType<typeof bucketOf>, key: string, decision: Decision): Promise<void> => {
  try {
    await bucket.putNew(key, decision);
  } catch (error) {
    const first = error instanceof Conflict ? await bucket.getJson(key) : undefined;
    if (!first) throw error;
    throw new Conflict(`It was decided at the same moment by somebody else: ${DecisionSchema.parse(first.value).decision}.`, { cause: error });
  }
};
