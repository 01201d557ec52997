/** Messages to people, through Slack's Web API. A button carries the question's id, never a token. */

import { AnswerLost, Forbidden, Throttled, Transient } from "../domain/errors.ts";
import { type Block, shortened } from "../domain/message.ts";
import type { Exchange } from "./http.ts";
import type { SlackApp } from "./secrets.ts";

export type Message = {
  /** What notifications and readers without blocks show. */
  readonly text: string;
  readonly blocks: readonly Block[];
};

/** Everything is said in the app's one channel, as its bot. Each throws Throttled, Forbidden, Transient or AnswerLost. */
export type Slack = {
  /** @returns the message's timestamp, by which it is updated later. */
  readonly post: (message: Message) => Promise<string>;
  readonly update: (timestamp: string, message: Message) => Promise<void>;
  /** Seen by one person only, until they reload. */
  readonly whisper: (user: string, text: string) => Promise<void>;
};

export const makeSlack = (
  http: Exchange,
  baseUrl: string,
  app: Pick<SlackApp, "botToken" | "channelId">,
): Slack => {
  const channel = app.channelId;
  const say = (method: string, doing: string, fields: object): Promise<Answer> =>
    call(http, { url: `${baseUrl}/api/${method}`, token: app.botToken, doing }, { channel, ...fields });
  return {
    post: async (message) => (await say("chat.postMessage", "post the message", message)).ts ?? "",
    update: async (ts, message) => {
      await say("chat.update", `update message ${ts}`, { ts, ...message });
    },
    whisper: async (user, text) => {
      await say("chat.postEphemeral", `answer ${user}`, { user, text: shortened(text) });
    },
  };
};

type Answer = { readonly ok?: boolean; readonly error?: string; readonly ts?: string };

const call = async (
  http: Exchange,
  { url, token, doing }: { readonly url: string; readonly token: string; readonly doing: string },
  body: object,
): Promise<Answer> => {
  const response = await http({
    method: "POST",
    url,
    headers: { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  }).catch((cause: unknown) => {
    throw new AnswerLost(`No answer came from Slack to: ${doing}.`, { cause });
  });
  if (response.status === 429) throw new Throttled("Slack asks us to post more slowly.");
  if (response.status >= 500) throw new Transient(`Slack answered ${response.status}.`);
  const answer = answerIn(response.body);
  if (answer.ok === true) return answer;
  if (answer.error === "ratelimited") throw new Throttled("Slack asks us to post more slowly.");
  if (BUSY.has(answer.error ?? "")) throw new Transient(`Slack could not ${doing}: ${answer.error}.`);
  throw new Forbidden(
    `Slack refused to ${doing}: ${answer.error ?? `status ${response.status}`}. Nothing was said; look at the app's token and channel.`,
  );
};

/** Errors that Slack itself calls temporary (chat.postMessage, reference). */
const BUSY = new Set(["fatal_error", "internal_error", "request_timeout", "service_unavailable"]);

/** A proxy on the way answers in HTML: that is no answer of Slack's. */
const answerIn = (body: string): Answer => {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    return {};
  }
};
