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
      { type: "section", text: { type: "mrkdwn", text: message.text } },
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
  const answer = JSON.parse(response.body) as {
    readonly ok?: boolean;
    readonly error?: string;
    readonly ts?: string;
  };
  if (answer.ok !== true)
    throw new Forbidden(`Slack refused the message: ${answer.error ?? "no reason given"}.`);
  return answer.ts ?? "";
};
