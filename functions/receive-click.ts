/** Slack's door: believes a request by its signature, queues it, and answers at once. Judging the click is the worker's business. */

import * as z from "zod";
import { MESSAGE_CHARS_MAX, sendToQueue } from "../adapters/queue.ts";
import { readSlackApp, signingSecretsOf } from "../adapters/secrets.ts";
import { clickIn, type QueuedVote, strangerIn } from "../domain/clicks.ts";
import { DOOR_SECONDS, forgeryOf, type Signed } from "../domain/slack-signature.ts";
import { type HttpAnswer, listener } from "./listener.ts";
import type { Context } from "./step.ts";

/** API Gateway's payload format 2.0, the part that is used. Its header names come in lower case; in front of it they may be written in any. */
const RequestSchema = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(""),
  isBase64Encoded: z.boolean().default(false),
});

export const receiveClick = listener({
  name: "receive-click",
  does: "Verifies that a click comes from our Slack app, workspace and channel, puts it into the queue as it was signed, and answers within a second.",
  trigger: { kind: "http", method: "POST", path: "/slack/clicks" },
  timeoutSeconds: DOOR_SECONDS,
  input: RequestSchema,
  needs: { secrets: ["GetSecretValue"], sqs: ["SendMessage"] },
  run: async (request, context): Promise<HttpAnswer> => {
    const signed = signedIn(request);
    // Before the secret is read: a stranger's flood costs us a comparison, not a call.
    if (signed === undefined) return answer(401, "This door is Slack's.");
    const app = await readSlackApp(context.aws.secrets, context.deployed.slackSecretId);
    const forged = forgeryOf(signed, signingSecretsOf(app), context.now().getTime());
    if (forged !== undefined) return refuse(context, 401, forged);
    const click = clickIn(signed.body);
    if (!click)
      return refuse(context, 400, "The request is signed, but it is no click on a question of ours.");
    const stranger = strangerIn(click, app);
    if (stranger !== undefined) return refuse(context, 403, stranger);
    await sendToQueue(context.aws.sqs, context.deployed.votesQueueUrl, {
      via: "slack",
      ...signed,
    } satisfies QueuedVote);
    return answer(200, "");
  },
});

/** The raw body with its headers; undefined where one is missing or the body is larger than any click. */
const signedIn = ({ headers, body, isBase64Encoded }: z.output<typeof RequestSchema>): Signed | undefined => {
  const raw = isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
  const header = (name: string) => Object.entries(headers).find(([n]) => n.toLowerCase() === name)?.[1];
  const [timestamp, signature] = [header("x-slack-request-timestamp"), header("x-slack-signature")];
  if (timestamp === undefined || signature === undefined || raw.length > MESSAGE_CHARS_MAX / 2)
    return undefined;
  return { body: raw, timestamp, signature };
};

/** Says little to the sender and more to our log; neither has a secret or a signature in it. */
const refuse = (context: Context, statusCode: number, why: string): HttpAnswer => {
  context.log.warn("A request at Slack's door was refused.", { statusCode, why });
  return answer(statusCode, "Refused.");
};

const answer = (statusCode: number, body: string): HttpAnswer => ({
  statusCode,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});
