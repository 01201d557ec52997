/** What the functions around a question share: its record, its messages in Slack, and how they are brought up to date. */

import type { Bucket } from "../adapters/bucket.ts";
import { readSlackApp, type SlackApp } from "../adapters/secrets.ts";
import { makeSlack, type Slack } from "../adapters/slack.ts";
import {
  type Decision,
  DecisionSchema,
  type Request,
  RequestSchema,
  type Vote,
  VoteSchema,
} from "../domain/approvals.ts";
import { keys } from "../domain/journal.ts";
import { questionMessage } from "../domain/question-message.ts";
import { gatesSeen } from "./gates-seen.ts";
import { withdrawnIn } from "./rights.ts";
import { bucketOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";

/** What is needed to speak in Slack: the app's secret and these methods. */
export const SPEAKING = { secrets: ["GetSecretValue"] } as const;

/** @param app What the caller has just read of the secret; read where absent. */
export const slackOf = async (context: Context, app?: SlackApp): Promise<Slack> =>
  makeSlack(
    context.http,
    context.endpoints.slack,
    app ?? (await readSlackApp(context.aws.secrets, context.deployed.slackSecretId)),
  );

export const requestOf = async (
  bucket: Bucket,
  migration: string,
  question: string,
): Promise<{ readonly request: Request; readonly etag: string } | undefined> => {
  const stored = await bucket.getJson(keys.approval(migration, question));
  return stored && { request: RequestSchema.parse(stored.value), etag: stored.etag };
};

export const decisionOf = async (
  bucket: Bucket,
  migration: string,
  question: string,
): Promise<Decision | undefined> => {
  const stored = await bucket.getJson(keys.decision(migration, question));
  return stored && DecisionSchema.parse(stored.value);
};

/** The first decision is the decision, whoever else comes at the same moment. @returns the one that stands, and whether this call has made it. */
export const decideOnce = async (
  bucket: Bucket,
  key: string,
  wanted: Decision,
): Promise<{ readonly decision: Decision; readonly first: boolean }> => {
  const { value, already } = await bucket.putFirst(key, wanted);
  return { decision: DecisionSchema.parse(value), first: !already };
};

/** The votes on a question that count now: those of people whose right was taken away since don't. */
export const votesOn = async (
  bucket: Bucket,
  migration: string,
  question: string,
): Promise<readonly Vote[]> => {
  const stored = await bucket.listKeys(keys.votes(migration, question));
  if (stored.length === 0) return [];
  const withdrawn = await withdrawnIn(bucket);
  const votes: Vote[] = [];
  for (const key of stored) votes.push(VoteSchema.parse((await bucket.getJson(key))?.value));
  return votes.filter((vote) => !withdrawn.has(vote.person));
};

/** The message as the record has it now. */
const messageNow = async (context: Context, migration: string, request: Request, bucket: Bucket) => {
  const { id, phase } = request.question;
  const run = { migration, plan: request.plan };
  const votes = await votesOn(bucket, migration, id);
  const decision = await decisionOf(bucket, migration, id);
  return questionMessage({
    migration,
    request,
    plan: await planOf(context, run),
    gates: await gatesSeen(bucket, migration, phase),
    votes,
    nowMs: context.now().getTime(),
    fenced: (await bucket.getJson(keys.fence(migration))) !== undefined,
    ...(decision
      ? { decision, unheard: (await bucket.getJson(keys.answer(migration, id, "unheard"))) !== undefined }
      : {}),
  });
};

/** The timestamps of a question's messages. */
export const messagesOf = async (
  bucket: Bucket,
  migration: string,
  question: string,
): Promise<readonly string[]> =>
  (await bucket.listKeys(keys.messages(migration, question))).map((key) =>
    key.slice(key.lastIndexOf("/") + 1, -".json".length),
  );

/** Posts a question that has no message yet and remembers the message; the record of the question stands already. */
export const postQuestion = async (
  context: Context,
  migration: string,
  request: Request,
): Promise<boolean> => {
  const bucket = bucketOf(context);
  const { id } = request.question;
  if ((await messagesOf(bucket, migration, id)).length > 0) return false;
  const slack = await slackOf(context);
  const timestamp = await slack.post(await messageNow(context, migration, request, bucket));
  await bucket.putNew(keys.message(migration, id, timestamp), { timestamp });
  return true;
};

/** What whoever brings messages up to date knows already. */
type Known = {
  /** Messages that somebody clicked: also where their posting was never remembered. */
  readonly clicked?: readonly string[];
  /** The app that the clicks were believed by. */
  readonly app?: SlackApp;
  /** The bucket as the caller reads it. */
  readonly bucket?: Bucket;
};

/** Brings a question's messages up to date. People can see it in the record as well, so Slack's troubles are logged and stop nobody. */
export const updateMessages = async (
  context: Context,
  migration: string,
  request: Request,
  { clicked = [], app, bucket = bucketOf(context) }: Known = {},
): Promise<void> => {
  const { id } = request.question;
  try {
    const all = [...new Set([...(await messagesOf(bucket, migration, id)), ...clicked])];
    if (all.length === 0) return;
    const message = await messageNow(context, migration, request, bucket);
    const slack = await slackOf(context, app);
    for (const timestamp of all) await slack.update(timestamp, message);
  } catch (error) {
    context.log.warn(`The messages of question ${id} could not be brought up to date; the record stands.`, {
      reason: error instanceof Error ? error.message : "unknown",
    });
  }
};
