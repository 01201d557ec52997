/** Every few minutes: what an event should have told and didn't, and questions that people have not been shown. EventBridge is best effort, and chats are down at times. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { keys } from "../domain/journal.ts";
import { ANSWERING, answerEnding, endedOf } from "./endings.ts";
import { listener } from "./listener.ts";
import { type Lock, LockSchema } from "./lock.ts";
import { postUntold } from "./pages.ts";
import { decisionOf, messagesOf, postQuestion, requestOf } from "./questions.ts";
import { FenceSchema } from "./raise-fence.ts";
import { bucketOf } from "./run.ts";
import type { Context } from "./step.ts";

/** An event that is on its way is left to the rule. */
const EVENT_SECONDS = 120;
/** People who have not answered for so long may not have seen the question: an alarm looks for the line that says so. */
const WAITING_LONG_SECONDS = 1_800;

/** Lines of the log that alarms look for; docs/runbook.md has each. */
export const ALARMING = {
  found: "The reconciler found an ending that no event had told of.",
  waiting: "A question has waited long for an answer.",
  untold: "People have not been told what needs them.",
} as const;

export const reconcile = listener({
  name: "reconcile",
  does: "Finds executions that ended and were not answered, posts questions and pages that could not be posted, and says which questions have waited long.",
  trigger: { kind: "schedule", everyMinutes: 5 },
  timeoutSeconds: 60,
  input: z.unknown(),
  needs: { ...ANSWERING, s3: [...ANSWERING.s3, "PutObject migrations/*/approvals/*"] },
  run: async (_, context) => {
    const bucket = bucketOf(context);
    let found = 0;
    for (const lock of await heldLocks(bucket)) {
      found += await answerLost(context, bucket, lock);
      await showQuestions(context, bucket, lock.migration);
      const { left } = await postUntold(context, bucket, lock.migration);
      if (left > 0) context.log.warn(ALARMING.untold, { migration: lock.migration, pages: left });
    }
    return { found };
  },
});

/** One lock for each migration under way. */
const heldLocks = async (bucket: Bucket): Promise<readonly Lock[]> => {
  const held = new Map<string, Lock>();
  for (const key of await bucket.listKeys(keys.locks())) {
    const lock = LockSchema.parse((await bucket.getJson(key))?.value);
    if (!lock.released) held.set(lock.migration, lock);
  }
  return [...held.values()];
};

/** @returns how many endings were answered here first. One that can't be answered now doesn't keep the others waiting. */
const answerLost = async (context: Context, bucket: Bucket, lock: Lock): Promise<number> => {
  const fence = await bucket.getJson(keys.fence(lock.migration));
  const executions = [
    ...lock.executions.slice(-1),
    ...(fence ? [FenceSchema.parse(fence.value).execution] : []),
  ];
  let found = 0;
  for (const arn of executions) {
    try {
      const ended = await endedOf(context, arn);
      if (!ended || context.now().getTime() - ended.stoppedMs < EVENT_SECONDS * 1000) continue;
      const { first, sentence } = await answerEnding(context, ended);
      if (!first) continue;
      found += 1;
      context.log.warn(ALARMING.found, {
        execution: arn,
        sentence,
      });
    } catch (error) {
      context.log.error("An ending could not be answered; it is tried again in a few minutes.", {
        execution: arn,
        reason: error instanceof Error ? error.message : "unknown",
      });
    }
  }
  return found;
};

/** Posts what has no message, and says what has waited long. Slack's troubles stop nothing. */
const showQuestions = async (context: Context, bucket: Bucket, migration: string): Promise<void> => {
  const names = (await bucket.listKeys(keys.approvals(migration)))
    .filter((key) => key.endsWith("/request.json"))
    .map((key) => key.split("/").at(-2) ?? "");
  for (const name of names) {
    if (await decisionOf(bucket, migration, name)) continue;
    const found = await requestOf(bucket, migration, name);
    if (!found || context.now().toISOString() >= found.request.expiresAt) continue;
    if (isWaitingLong(found.request, context))
      context.log.warn(ALARMING.waiting, { migration, question: name });
    if ((await messagesOf(bucket, migration, name)).length > 0) continue;
    try {
      await postQuestion(context, migration, found.request);
    } catch (error) {
      context.log.warn("A question could not be posted yet; it is tried again in a few minutes.", {
        migration,
        question: name,
        reason: error instanceof Error ? error.message : "unknown",
      });
    }
  }
};

const isWaitingLong = ({ askedAt }: { readonly askedAt: string }, context: Context): boolean =>
  context.now().getTime() - Date.parse(askedAt) >= WAITING_LONG_SECONDS * 1000;
