/**
 * SQS with Lambda's poller behind it: standard queues that deliver at least once. A message that was handed out is hidden; what the
 * function didn't do comes again after that, and goes to the dead letters after too many times.
 */

import { createHash } from "node:crypto";
import {
  QueueDoesNotExist,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
} from "@aws-sdk/client-sqs";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { AwsCaller } from "./seam.ts";
import { ACCOUNT, type AwsHandlers, REGION } from "./seam-aws.ts";
import { knownFields } from "./seam-support.ts";

export type SqsMessage = { readonly id: string; readonly body: string; readonly senderId: string };
type Waiting = SqsMessage & { readonly sentAt: number; receives: number };

export type QueueOptions = {
  readonly name: string;
  readonly batchMax: number;
  readonly visibilitySeconds: number;
  readonly receivesMax: number;
  /** Invokes the function with Lambda's event; resolves with its answer, rejects where it failed. */
  readonly deliver: (event: unknown) => Promise<unknown>;
};

export type SqsService = {
  readonly handlers: AwsHandlers;
  /** What was given up on. */
  readonly deadLetters: () => readonly SqsMessage[];
  /** A fault: the next message is delivered so many times more than once. */
  readonly repeatNext: (times: number, struck: () => void) => void;
};

export const queueUrl = (name: string): string => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`;

/** The poller waits for this long before it hands over what has come. */
const POLL_MS = 200;

/** Lambda's poller: hands out batches, hides them, and takes back what wasn't done. */
const makePoller = (queue: QueueOptions, clock: Clock) => {
  const dead: SqsMessage[] = [];
  const waiting: Waiting[] = [];
  let polling = false;
  const wake = (): void => {
    if (polling || waiting.length === 0) return;
    polling = true;
    clock.after(POLL_MS, () => {
      polling = false;
      const batch = waiting.splice(0, queue.batchMax);
      for (const message of batch) message.receives += 1;
      hand(batch);
      wake();
    });
  };
  const again = (message: Waiting): void => {
    if (message.receives >= queue.receivesMax) dead.push(message);
    else waiting.push(message);
    wake();
  };
  const hand = (batch: readonly Waiting[]): void => {
    const visibleAgain = clock.now() + queue.visibilitySeconds * 1000;
    const back = (failed: readonly Waiting[]) =>
      failed.length === 0 ? undefined : clock.at(visibleAgain, () => failed.forEach(again));
    queue.deliver({ Records: batch.map((m) => recordOf(queue.name, m)) }).then(
      (answer) => back(failedIn(answer, batch)),
      () => back(batch),
    );
  };
  return {
    dead,
    add: (message: Waiting): void => {
      waiting.push(message);
      wake();
    },
  };
};

export const makeSqs = (
  queue: QueueOptions,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): SqsService => {
  const poller = makePoller(queue, clock);
  let repeat: { readonly times: number; readonly struck: () => void } | undefined;
  const send = (
    input: SendMessageCommandInput,
    caller: AwsCaller,
  ): Omit<SendMessageCommandOutput, "$metadata"> => {
    knownFields("sqs:SendMessage", input, ["QueueUrl", "MessageBody"]);
    if (input.QueueUrl !== queueUrl(queue.name))
      throw new QueueDoesNotExist({
        message: "The specified queue does not exist.",
        $metadata: { httpStatusCode: 400 },
      });
    const [id, body] = [random.id(), input.MessageBody ?? ""];
    const times = 1 + (repeat?.times ?? 0);
    repeat?.struck();
    repeat = undefined;
    for (let i = 0; i < times; i += 1)
      poller.add({ id, body, senderId: senderOf(caller), sentAt: clock.now(), receives: 0 });
    // The client compares the digest with its own and throws where they differ.
    return { MessageId: id, MD5OfMessageBody: createHash("md5").update(body, "utf8").digest("hex") };
  };
  return {
    handlers: { SendMessage: send },
    deadLetters: () => poller.dead,
    repeatNext: (times, struck) => {
      repeat = { times, struck };
    },
  };
};

/** The sender's unique id, as IAM knows it and STS tells it: `AROA…:session`. */
export const senderOf = (caller: Pick<AwsCaller, "name">): string =>
  `AROA${caller.name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "")
    .padEnd(17, "X")
    .slice(0, 17)}:${caller.name}`;

/** A message as Lambda's event shows it. */
const recordOf = (queue: string, message: Waiting) => ({
  messageId: message.id,
  receiptHandle: `${message.id}-${message.receives}`,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receives),
    SentTimestamp: String(message.sentAt),
    SenderId: message.senderId,
  },
  messageAttributes: {},
  eventSource: "aws:sqs",
  eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`,
  awsRegion: REGION,
});

/** The messages that a partial answer names; an answer that names one that wasn't there is taken for a failure of all, as Lambda does. */
const failedIn = (answer: unknown, batch: readonly Waiting[]): readonly Waiting[] => {
  const failures = (
    answer as { readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[] } | undefined
  )?.batchItemFailures;
  const ids = new Set((failures ?? []).map((f) => f.itemIdentifier));
  if ([...ids].some((id) => !batch.some((m) => m.id === id))) return batch;
  return batch.filter((m) => ids.has(m.id));
};
