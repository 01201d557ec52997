/** One message into a queue. Delivery is at least once: whoever reads it has to bear it twice. */

import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { calling } from "./aws.ts";

/** SQS takes up to 1 MiB; a click is a few kilobytes, and nothing larger is ours. */
export const MESSAGE_CHARS_MAX = 64 * 1024;

export const sendToQueue = async (sqs: SQSClient, queueUrl: string, message: unknown): Promise<void> => {
  await calling(`put a message into ${queueUrl}`, () =>
    sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) })),
  );
};
