/** A click as Slack tells of it: the signed request, and as API Gateway hands it to a function. */

import type { SlackApp } from "../../adapters/secrets.ts";
import { signatureOf } from "../../domain/slack-signature.ts";

export type Clicking = {
  readonly app: SlackApp;
  readonly user: string;
  /** The message's timestamp. */
  readonly message: string;
  readonly button: { readonly action_id: string; readonly value: string };
  /** Milliseconds since 1970. */
  readonly nowMs: number;
};

/** `application/x-www-form-urlencoded`, with the payload as Slack's reference of `block_actions` has it. */
export const clickBody = ({ app, user, message, button }: Clicking): string =>
  new URLSearchParams({
    payload: JSON.stringify({
      type: "block_actions",
      api_app_id: app.appId,
      team: { id: app.teamId },
      channel: { id: app.channelId },
      user: { id: user },
      container: { type: "message", message_ts: message, channel_id: app.channelId },
      actions: [{ type: "button", action_id: button.action_id, value: button.value }],
    }),
  }).toString();

/** Slack's signed request, in API Gateway's payload format 2.0: bodies of forms come in base64. */
export const clickEvent = (clicking: Clicking, path: string): object => {
  const body = clickBody(clicking);
  const timestamp = String(Math.floor(clicking.nowMs / 1000));
  return {
    version: "2.0",
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: "",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": signatureOf(clicking.app.signingSecret, timestamp, body),
    },
    body: Buffer.from(body, "utf8").toString("base64"),
    isBase64Encoded: true,
  };
};
