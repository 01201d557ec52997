/** Messages to people, through Slack's Web API. A button carries the question's id, never a token. */

import { AnswerLost, Forbidden, Throttled, Transient } from "../domain/errors.ts";
import type { Exchange } from "./http.ts";

export type Message = {
  readonly channel: string;
  readonly text: string;
  /** Buttons: what they say and the value that comes back with a click (at most 2,000 characters). */
  readonly buttons: readonly { readonly label: string; readonly value: string }[];
};

/**
 * @returns the message's timestamp, by which it is updated later.
 * @throws Throttled, Forbidden, Transient or AnswerLost.
 */
export const postMessage = async (http: Exchange, baseUrl: string, message: Message): Promise<string> => {
  const body = JSON.stringify({
    channel: message.channel,
    text: message.text,
    blocks: [
      { type: "section", text: { type: "mrkdwn", text: shortened(message.text) } },
      ...(message.buttons.length === 0
        ? []
        : [
            {
              type: "actions",
              elements: message.buttons.map(({ label, value }) => ({
                type: "button",
                text: { type: "plain_text", text: label },
                action_id: label,
                value,
              })),
            },
          ]),
    ],
  });
  const response = await http({
    method: "POST",
    url: `${baseUrl}/api/chat.postMessage`,
    headers: { "content-type": "application/json; charset=utf-8" },
    body,
  }).catch((cause: unknown) => {
    throw new AnswerLost("No answer came from Slack when the message was posted.", { cause });
  });
  if (response.status === 429) throw new Throttled("Slack asks us to post more slowly.");
  if (response.status >= 500) throw new Transient(`Slack answered ${response.status}.`);
  const answer = answerIn(response.body);
  if (answer.ok === true) return answer.ts ?? "";
  if (answer.error === "ratelimited") throw new Throttled("Slack asks us to post more slowly.");
  if (BUSY.has(answer.error ?? "")) throw new Transient(`Slack could not take the message: ${answer.error}.`);
  throw new Forbidden(
    `Slack refused the message: ${answer.error ?? `status ${response.status}`}. Nothing was posted; look at the app's token and channel.`,
  );
};

/** Errors that Slack itself calls temporary (chat.postMessage, reference). */
const BUSY = new Set(["fatal_error", "internal_error", "request_timeout", "service_unavailable"]);

/** Slack refuses a section above 3,000 characters; the message's plain text may be longer. */
const SECTION_CHARS_MAX = 3_000;

const shortened = (text: string): string =>
  text.length <= SECTION_CHARS_MAX ? text : `${text.slice(0, SECTION_CHARS_MAX - 1)}…`;

type Answer = { readonly ok?: boolean; readonly error?: string; readonly ts?: string };

/** A proxy on the way answers in HTML: that is no answer of Slack's. */
const answerIn = (body: string): Answer => {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    return {};
  }
};
