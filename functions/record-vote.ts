/** The worker behind Slack's door and the terminal: who it was, whether they may, what is decided by it, and what they are told. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling, errorName } from "../adapters/aws.ts";
import type { Bucket } from "../adapters/bucket.ts";
import { readSlackApp, type SlackApp, signingSecretsOf } from "../adapters/secrets.ts";
import {
  type Approver,
  type Decision,
  DecisionSchema,
  decide,
  personByAws,
  personBySlack,
  type Request,
  refusalOf,
  type Vote,
  VoteSchema,
} from "../domain/approvals.ts";
import { type Button, clickIn, QueuedVoteSchema, strangerIn } from "../domain/clicks.ts";
import { Conflict, Forbidden } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { forgeryOf } from "../domain/slack-signature.ts";
import { withRecord } from "./gate.ts";
import { type BatchAnswer, listener } from "./listener.ts";
import { decisionOf, requestOf, slackOf, updateMessages } from "./questions.ts";
import { bucketOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";

/** Lambda's event of an SQS batch, the part that is used. SentTimestamp and SenderId are SQS's own word, not the sender's. */
const BatchSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      body: z.string(),
      attributes: z.object({ SentTimestamp: z.string(), SenderId: z.string() }),
    }),
  ),
});
type Message = z.output<typeof BatchSchema>["Records"][number];

/** A vote with what is believed of its sender. */
type Cast = {
  readonly button: Button;
  /** Slack's message that was clicked. */
  readonly clicked?: string;
  /** The app as its secret had it when the message was believed: read once a message, never kept for the next. */
  readonly app?: SlackApp;
  /** Slack's id, to answer to. */
  readonly slackUser?: string;
  readonly personAmong: (approvers: readonly Approver[]) => string | undefined;
  /** How a stranger is called. */
  readonly calledOtherwise: string;
};

export type Counted = { readonly counted: boolean; readonly sentence: string };

export const recordVote = listener({
  name: "record-vote",
  does: "Stores a vote under its person's name, decides by a conditional write, sends the task's result and brings the message up to date. The only function that may.",
  trigger: { kind: "queue", queue: "votes", batchMax: 10, visibilitySeconds: 180, receivesMax: 5 },
  timeoutSeconds: 30,
  input: BatchSchema,
  needs: withRecord("migrations/*/approvals/*", {
    sfn: ["SendTaskSuccess"],
    secrets: ["GetSecretValue"],
    slack: ["chat.postEphemeral", "chat.update"],
  }),
  run: async ({ Records }, context): Promise<BatchAnswer> => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const message of Records) {
      try {
        await take(message, context);
      } catch (error) {
        context.log.warn(
          "A vote could not be taken; it is delivered again, and after a few times lies with the dead letters.",
          {
            message: message.messageId,
            reason: error instanceof Error ? error.message : "unknown",
          },
        );
        batchItemFailures.push({ itemIdentifier: message.messageId });
      }
    }
    return { batchItemFailures };
  },
});

const take = async (message: Message, context: Context): Promise<void> => {
  const cast = await castIn(message, context);
  const found = await requestOf(bucketOf(context), cast.button.migration, cast.button.question);
  const result = found
    ? await vote(cast, found.request, context)
    : { counted: false, sentence: `There is no question ${cast.button.question}; nothing was recorded.` };
  context.log.info(result.sentence, { counted: result.counted });
  if (found) await updateMessages(context, cast.button.migration, found.request, cast);
  if (!result.counted && cast.slackUser !== undefined)
    await whisper(cast.slackUser, result.sentence, context, cast.app);
};

/**
 * What a message says, once it is believed. A message of Slack's is judged by its signature again, since others may write into the queue;
 * one of a terminal by who SQS says has sent it.
 * @throws Forbidden for a message that nobody of ours has sent: it ends with the dead letters, where an alarm looks.
 */
const castIn = async (message: Message, context: Context): Promise<Cast> => {
  const parsed = QueuedVoteSchema.safeParse(jsonIn(message.body));
  if (!parsed.success) throw new Forbidden("The message is no vote. Nothing was recorded.");
  const queued = parsed.data;
  const { SenderId, SentTimestamp } = message.attributes;
  if (queued.via === "terminal")
    return {
      button: queued.button,
      personAmong: (approvers) => personByAws(SenderId, approvers),
      calledOtherwise: SenderId,
    };
  const app = await readSlackApp(context.aws.secrets, context.deployed.slackSecretId);
  const forged = forgeryOf(queued, signingSecretsOf(app), Number(SentTimestamp));
  const click = clickIn(queued.body);
  const wrong = forged ?? (click ? strangerIn(click, app) : "The message is no click of ours.");
  if (wrong !== undefined || !click) throw new Forbidden(`${wrong} Nothing was recorded.`);
  return {
    button: click.button,
    clicked: click.message,
    slackUser: click.user,
    app,
    personAmong: (approvers) => personBySlack(click.user, approvers),
    calledOtherwise: click.user,
  };
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Judges, stores and counts one vote. The approvers are those of the plan that was asked about, as it stands in the bucket. */
const vote = async (
  { button, personAmong, calledOtherwise }: Cast,
  request: Request,
  context: Context,
): Promise<Counted> => {
  const { migration, question, plan, choice } = button;
  const { settings } = await planOf(context, { migration, plan: request.plan });
  const { approvers } = settings.approvals;
  const bucket = bucketOf(context);
  const person = personAmong(approvers) ?? calledOtherwise;
  const wanted: Vote = { person, choice, plan, at: context.now().toISOString() };
  const refusal = refusalOf(wanted, request, approvers);
  if (refusal) return { counted: false, sentence: refusal };

  const already = await decisionOf(bucket, migration, question);
  if (already) {
    await answer(context, request.token, question, already);
    return { counted: false, sentence: `It was decided already: ${already.decision}.` };
  }
  const votes = await cast(bucket, migration, question, wanted);
  const decided = decide(votes, request);
  if (!decided)
    return {
      counted: true,
      sentence: `${new Set(votes.map((v) => v.person)).size} of ${request.quorum} have voted.`,
    };
  const decision = await decideOnce(bucket, keys.decision(migration, question), decided);
  await answer(context, request.token, question, decision);
  return { counted: true, sentence: `Decided: ${decision.decision}.` };
};

/** Stores a vote and reads all of them. A second vote of the same person is kept beside the first: a denial after a grant still denies. */
const cast = async (
  bucket: Bucket,
  migration: string,
  question: string,
  wanted: Vote,
): Promise<readonly Vote[]> => {
  const key = keys.vote(migration, question, wanted.person);
  const first = await bucket.putFirst(key, wanted);
  if (first.already && VoteSchema.parse(first.value).choice !== wanted.choice)
    await bucket.putFirst(keys.vote(migration, question, `${wanted.person}!${wanted.choice}`), wanted);
  const votes: Vote[] = [];
  for (const each of await bucket.listKeys(keys.votes(migration, question)))
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

/** Tells one person why their click didn't count; where Slack can't be reached, the log has it. */
const whisper = async (
  user: string,
  sentence: string,
  context: Context,
  app: SlackApp | undefined,
): Promise<void> => {
  try {
    const slack = await slackOf(context, app);
    await slack.whisper(user, `Your click was not counted. ${sentence}`);
  } catch (error) {
    context.log.warn("A person could not be told why a click was not counted.", {
      user,
      sentence,
      reason: error instanceof Error ? error.message : "unknown",
    });
  }
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
