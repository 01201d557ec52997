/** SQS: the attributes of the queues that workers consume. They are approximate: what is answered may be some time old (API reference, GetQueueAttributes). */

import {
  type GetQueueAttributesCommandInput,
  type GetQueueUrlCommandInput,
  InvalidAttributeName,
  QueueDoesNotExist,
} from "@aws-sdk/client-sqs";
import type { QueueWorld } from "../world/queues.ts";
import type { WorkQueueView } from "../world/work-queue.ts";
import { ACCOUNT, type AwsHandlers, REGION } from "./seam-aws.ts";

export type SqsOptions = { readonly now: () => number; readonly queues: Pick<QueueWorld, "workQueues"> };

/** How old an answer may be. */
const STALE_MS = 20_000;

const KNOWN: { readonly [name: string]: (queue: WorkQueueView, url: string) => string } = {
  ApproximateNumberOfMessages: (q) => String(q.ready),
  ApproximateNumberOfMessagesNotVisible: (q) => String(q.unacked),
  ApproximateNumberOfMessagesDelayed: () => "0",
  QueueArn: (q) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${q.name}`,
};

export const makeSqsAttributes = ({ now, queues }: SqsOptions): { readonly handlers: AwsHandlers } => {
  const answered = new Map<string, { readonly at: number; readonly queue: WorkQueueView }>();
  const seen = (name: string): WorkQueueView => {
    const known = answered.get(name);
    if (known && now() - known.at < STALE_MS) return known.queue;
    const queue = queues.workQueues().find((q) => q.kind === "sqs" && q.name === name);
    if (!queue)
      throw new QueueDoesNotExist({
        message: "The specified queue does not exist.",
        $metadata: { httpStatusCode: 400 },
      });
    answered.set(name, { at: now(), queue });
    return queue;
  };
  return {
    handlers: {
      GetQueueUrl: ({ QueueName }: GetQueueUrlCommandInput) => ({
        QueueUrl: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${seen(QueueName ?? "").name}`,
      }),
      GetQueueAttributes: ({ QueueUrl = "", AttributeNames = [] }: GetQueueAttributesCommandInput) => {
        const queue = seen(QueueUrl.split("/").at(-1) ?? "");
        const names = AttributeNames.some((n) => n === "All") ? Object.keys(KNOWN) : AttributeNames;
        return {
          Attributes: Object.fromEntries(
            names.map((name) => {
              const value = KNOWN[name];
              if (!value)
                throw new InvalidAttributeName({
                  message: `Unknown Attribute ${name}.`,
                  $metadata: { httpStatusCode: 400 },
                });
              return [name, value(queue, QueueUrl)];
            }),
          ),
        };
      },
    },
  };
};
