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
  decide,
  personByAws,
  personBySlack,
  type Request,
  refusalOf,
  type Vote,
  VoteSchema,
} from "../domain/approvals.ts";
import { sha256 } from "../domain/canonical.ts";
import { type Button, clickIn, QueuedVoteSchema, strangerIn } from "../domain/clicks.ts";
import { Forbidden } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { DOOR_SECONDS, forgeryOf } from "../domain/slack-signature.ts";
import { withRecord } from "./gate.ts";
import { type BatchAnswer, listener } from "./listener.ts";
import { decideOnce, decisionOf, requestOf, slackOf, updateMessages, votesOn } from "./questions.ts";
import { withdrawnIn } from "./rights.ts";
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
  /** SHA-256 of the queue's message: a redelivery has the same. */
  readonly message: string;
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
  /** Questions whose answer this batch has sent. */
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
  // Two presses of a terminal's return key read the same: SQS tells them apart.
  const digest = sha256(queued.via === "slack" ? message.body : message.messageId);
  if (queued.via === "terminal")
    return {
      message: digest,
      button: queued.button,
      personAmong: (approvers) => personByAws(SenderId, approvers),
      calledOtherwise: SenderId,
    };
  const app = await batch.app();
  const forged = forgeryOf(queued, signingSecretsOf(app), Number(SentTimestamp), DOOR_SECONDS);
  const click = clickIn(queued.body);
  const wrong = forged ?? (click ? strangerIn(click, app) : "The message is no click of ours.");
  if (wrong !== undefined || !click) throw new Forbidden(`${wrong} Nothing was recorded.`);
  return {
    message: digest,
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

const uncounted = (sentence: string): Counted => ({ counted: false, sentence });

/** Judges, stores and counts one vote. The approvers are those of the plan that was asked about, as far as they still may. */
const vote = async (cast: Cast, request: Request, context: Context, batch: Batch): Promise<Counted> => {
  const { migration, question, plan, choice } = cast.button;
  const { settings } = await planOf(context, { migration, plan: request.plan });
  const { approvers } = settings.approvals;
  const { bucket } = batch;
  const person = cast.personAmong(approvers);
  if (person === undefined) return uncounted(`${cast.calledOtherwise} is not an approver of this plan.`);
  const wanted: Vote = { person, choice, plan, at: context.now().toISOString(), message: cast.message };
  const stored = await storedOf(bucket, migration, question, wanted);
  const isAgain = stored.some((v) => v.message === cast.message);

  const already = await decisionOf(bucket, migration, question);
  const refusal = isAgain ? undefined : refusalOf(wanted, request, approvers);
  if (refusal) return uncounted(refusal);
  if ((await withdrawnIn(bucket)).has(person))
    return uncounted(`The right of ${person} to answer was taken away after the plan was made.`);
  if (already) {
    await answerAgain(context, migration, request, already, batch);
    return isAgain
      ? { counted: true, sentence: `The vote of ${person} was delivered again and counts once.` }
      : uncounted(`It was decided already: ${already.decision}.${wayBack(choice, already, migration)}`);
  }
  if (await bucket.getJson(keys.fence(migration)))
    return uncounted(`A rollback of ${migration} has begun; there is nothing left to decide.`);
  await castVote(bucket, migration, question, wanted);
  const votes = await votesOn(bucket, migration, question);
  const decided = decide(votes, request);
  if (!decided)
    return {
      counted: true,
      sentence: `${new Set(votes.map((v) => v.person)).size} of ${request.quorum} have voted.`,
    };
  return close(context, cast.button, request, decided, batch);
};

/** Whoever came too late to stop something learns what still stops it. */
const wayBack = (choice: string, { decision }: Decision, migration: string): string =>
  (choice === "denied" || choice === "roll-back") && (decision === "granted" || decision === "retry")
    ? ` To take it back: \`repot rollback ${migration}\`.`
    : "";

/** Decides, and sends the answer. Where another decision came first, that one stands, and this vote has decided nothing. */
const close = async (
  context: Context,
  { migration, choice }: Button,
  request: Request,
  decided: Decision,
  batch: Batch,
): Promise<Counted> => {
  const { bucket } = batch;
  const { id } = request.question;
  const { decision, first } = await decideOnce(bucket, keys.decision(migration, id), decided);
  const sentence = `Decided: ${decision.decision}.`;
  if (!first) {
    await answerAgain(context, migration, request, decision, batch);
    return decision.decision === decided.decision
      ? { counted: true, sentence }
      : uncounted(`${sentence}${wayBack(choice, decision, migration)}`);
  }
  if (await answer(context, migration, request, decision, batch)) return { counted: true, sentence };
  // Another worker may have sent the same decision: that one has said so before it did.
  if (await bucket.getJson(keys.answer(migration, id, "again"))) return { counted: true, sentence };
  await bucket.putFirst(keys.answer(migration, id, "unheard"), decision);
  return uncounted(
    `Nobody waits for an answer to question ${id} any more: what had asked has ended. \`repot status ${migration}\` says how it stands.`,
  );
};

const voteKeys = (migration: string, question: string, { person, choice }: Vote): readonly string[] => [
  keys.vote(migration, question, person),
  keys.vote(migration, question, `${person}!${choice}`),
];

/** What this person has voted before, in either place. */
const storedOf = async (
  bucket: Bucket,
  migration: string,
  question: string,
  wanted: Vote,
): Promise<readonly Vote[]> => {
  const votes: Vote[] = [];
  for (const key of voteKeys(migration, question, wanted)) {
    const found = await bucket.getJson(key);
    if (!found) return votes;
    votes.push(VoteSchema.parse(found.value));
  }
  return votes;
};

/** Stores a vote. A second one of the same person is kept beside the first: a denial after a grant still denies. */
const castVote = async (bucket: Bucket, migration: string, question: string, wanted: Vote): Promise<void> => {
  const [key = "", beside = ""] = voteKeys(migration, question, wanted);
  const first = await bucket.putFirst(key, wanted);
  if (first.already && VoteSchema.parse(first.value).choice !== wanted.choice)
    await bucket.putFirst(beside, wanted);
};

const GONE = new Set(["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]);

/**
 * Sends a decision to what asked. The state machine may have asked again meanwhile: then its new token is on record.
 * @returns whether anybody waited for it. Nobody waits any more for the answer to a question that has expired.
 */
const answer = async (
  context: Context,
  migration: string,
  request: Request,
  decision: Decision,
  { bucket, answered }: Batch,
): Promise<boolean> => {
  const { id } = request.question;
  const key = keys.approval(migration, id);
  if (decision.decision === "expired" || answered.has(key)) return true;
  let isHeard = await send(context, id, request.token, decision);
  const now = isHeard ? undefined : await requestOf(bucket, migration, id);
  if (now && now.request.token !== request.token)
    isHeard = await send(context, id, now.request.token, decision);
  if (isHeard) answered.add(key);
  return isHeard;
};

/** Sent again by a second click in another batch: the first sender may have died between the decision and this. A task that has its answer is no error. */
const answerAgain = async (
  context: Context,
  migration: string,
  request: Request,
  decision: Decision,
  batch: Batch,
): Promise<void> => {
  const { id } = request.question;
  const key = keys.approval(migration, id);
  if (batch.answered.has(key)) return;
  await batch.bucket.putFirst(keys.answer(migration, id, "again"), decision);
  await answer(context, migration, request, decision, batch);
  // Heard or not: what comes after it in the batch would send the same once more.
  batch.answered.add(key);
};

/** @returns false where no task waits with this token: answered, timed out, or its execution has ended; Step Functions doesn't say which. */
const send = (context: Context, question: string, taskToken: string, decision: Decision): Promise<boolean> =>
  calling(`send the answer to question ${question}`, async () => {
    try {
      await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(decision) }));
      return true;
    } catch (error) {
      if (GONE.has(errorName(error))) return false;
      throw error;
    }
  });

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
