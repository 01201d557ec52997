/**
 * SQS by its queue attributes. They are approximate and settle within a minute after producers and consumers have changed (API reference,
 * GetQueueAttributes); SQS knows neither who consumes nor how much was ever sent.
 */

import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Queue } from "../domain/settings/messaging.ts";
import type { QueueSeen } from "../domain/workers.ts";
import { calling } from "./aws.ts";

const NAMES = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const;

/**
 * One queue; "missing" where an attribute is absent or no number.
 * @throws NotFound without such a queue, Forbidden, Throttled or Transient.
 */
export const seeSqsQueue = async (
  sqs: SQSClient,
  { queue, queueUrl }: Pick<Queue, "queue" | "queueUrl">,
): Promise<QueueSeen | "missing"> => {
  const doing = `look at SQS queue ${queue}`;
  const url =
    queueUrl ?? (await calling(doing, () => sqs.send(new GetQueueUrlCommand({ QueueName: queue })))).QueueUrl;
  const { Attributes = {} } = await calling(doing, () =>
    sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...NAMES] })),
  );
  const [ready, unacked, delayed] = NAMES.map((name) => Number(Attributes[name] ?? Number.NaN));
  if (ready === undefined || unacked === undefined || delayed === undefined) return "missing";
  if (![ready, unacked, delayed].every(Number.isFinite)) return "missing";
  return { ready, unacked, delayed, consumers: undefined, published: undefined };
};
