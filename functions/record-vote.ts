/** The worker behind Slack's door and the terminal: who it was, whether they may, what is decided by it, and what they are told. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling, errorName } from "../adapters/aws.ts";
import type { Bucket } from "../adapters/bucket.ts";
import { withMemory } from "../adapters/bucket-memory.ts";
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
import { decisionOf, requestOf, slackOf, updateMessages, votesOn } from "./questions.ts";
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
  /** The app as its secret had it when the message was believed. */
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
    const batch = makeBatch(context);
    for (const message of Records) {
      try {
        await take(message, context, batch);
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
    for (const { migration, request, clicked } of batch.asked.values())
      await updateMessages(context, migration, request, { clicked: [...clicked], ...batch.known() });
    return { batchItemFailures };
  },
});

type Asked = { readonly migration: string; readonly request: Request; readonly clicked: Set<string> };

/** What the messages of one batch share: they came at the same moment, and nothing of it is kept for the next batch. */
type Batch = {
  /** Remembers what is written once. */
  readonly bucket: Bucket;
  /** The app as its secret has it: read for the first click, and again only where it couldn't be read. */
  readonly app: () => Promise<SlackApp>;
  readonly known: () => { readonly app?: SlackApp; readonly bucket: Bucket };
  /** The questions that were voted on; their messages are brought up to date once, when all votes are on record. */
  readonly asked: Map<string, Asked>;
  /** Tokens whose task has its answer by this batch. */
  readonly answered: Set<string>;
};

const makeBatch = (context: Context): Batch => {
  let app: SlackApp | undefined;
  const bucket = withMemory(bucketOf(context));
  return {
    bucket,
    app: async () => {
      app ??= await readSlackApp(context.aws.secrets, context.deployed.slackSecretId);
      return app;
    },
    known: () => (app ? { app, bucket } : { bucket }),
    asked: new Map(),
    answered: new Set(),
  };
};

const take = async (message: Message, context: Context, batch: Batch): Promise<void> => {
  const cast = await castIn(message, batch);
  const asked = await askedAbout(cast, batch);
  const result = asked
    ? await vote(cast, asked.request, context, batch)
    : { counted: false, sentence: `There is no question ${cast.button.question}; nothing was recorded.` };
  context.log.info(result.sentence, { counted: result.counted });
  if (!result.counted && cast.slackUser !== undefined)
    await whisper(cast.slackUser, result.sentence, context, cast.app);
};

/** The question that a vote is about, as it was when the batch's first vote on it came. */
const askedAbout = async ({ button, clicked }: Cast, batch: Batch): Promise<Asked | undefined> => {
  const { migration, question } = button;
  const key = keys.approval(migration, question);
  const known = batch.asked.get(key);
  const request = known?.request ?? (await requestOf(batch.bucket, migration, question))?.request;
  if (!request) return undefined;
  const asked = known ?? { migration, request, clicked: new Set() };
  if (clicked !== undefined) asked.clicked.add(clicked);
  batch.asked.set(key, asked);
  return asked;
};

/**
 * What a message says, once it is believed. A message of Slack's is judged by its signature again, since others may write into the queue;
 * one of a terminal by who SQS says has sent it.
 * @throws Forbidden for a message that nobody of ours has sent: it ends with the dead letters, where an alarm looks.
 */
const castIn = async (message: Message, batch: Batch): Promise<Cast> => {
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
  const app = await batch.app();
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
  batch: Batch,
): Promise<Counted> => {
  const { migration, question, plan, choice } = button;
  const { settings } = await planOf(context, { migration, plan: request.plan });
  const { approvers } = settings.approvals;
  const { bucket } = batch;
  const person = personAmong(approvers) ?? calledOtherwise;
  const wanted: Vote = { person, choice, plan, at: context.now().toISOString() };
  const refusal = refusalOf(wanted, request, approvers);
  if (refusal) return { counted: false, sentence: refusal };

  const already = await decisionOf(bucket, migration, question);
  if (already) {
    await answer(context, request.token, question, already, batch);
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
  await answer(context, request.token, question, decision, batch);
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
  return votesOn(bucket, migration, question);
};

const GONE = new Set(["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]);

/**
 * Sent again by a second click in another batch: the first sender may have died between the decision and this. A task that has its answer is no error, and
 * nobody waits any more for the answer to a question that has expired.
 */
const answer = async (
  context: Context,
  taskToken: string,
  question: string,
  decision: Decision,
  { answered }: Batch,
): Promise<void> => {
  if (decision.decision === "expired" || answered.has(taskToken)) return;
  await calling(`send the answer to question ${question}`, async () => {
    try {
      await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(decision) }));
    } catch (error) {
      if (!GONE.has(errorName(error))) throw error;
    }
  });
  answered.add(taskToken);
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
