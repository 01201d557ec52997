/** A click on a button of ours, from the moment at which Slack tells of it to the vote: what travels, and what is believed of it. */

import * as z from "zod";

/** What a button carries: which question of which migration, about which plan, and the choice. Never a token. */
export const ButtonSchema = z.strictObject({
  migration: z.string().min(1),
  plan: z.string().min(1),
  question: z.string().min(1),
  choice: z.string().min(1),
});
export type Button = z.infer<typeof ButtonSchema>;

/** Slack refuses a longer value of a button. */
export const BUTTON_CHARS_MAX = 2_000;

/** The part of Slack's `block_actions` payload that is used. */
const PayloadSchema = z.object({
  type: z.literal("block_actions"),
  api_app_id: z.string(),
  team: z.object({ id: z.string() }),
  channel: z.object({ id: z.string() }),
  user: z.object({ id: z.string() }),
  container: z.object({ message_ts: z.string(), channel_id: z.string() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string() })).min(1),
});

export type Click = {
  readonly app: string;
  readonly team: string;
  readonly channel: string;
  /** Slack's id of who clicked. */
  readonly user: string;
  /** The message that was clicked, by its timestamp. */
  readonly message: string;
  readonly button: Button;
};

/** Reads a click from the raw body of a request; undefined where it is none of ours. */
export const clickIn = (body: string): Click | undefined => {
  const text = new URLSearchParams(body).get("payload");
  const payload = text === null ? undefined : PayloadSchema.safeParse(jsonIn(text)).data;
  const button = ButtonSchema.safeParse(jsonIn(payload?.actions[0]?.value ?? "")).data;
  if (!payload || !button || payload.container.channel_id !== payload.channel.id) return undefined;
  return {
    app: payload.api_app_id,
    team: payload.team.id,
    channel: payload.channel.id,
    user: payload.user.id,
    message: payload.container.message_ts,
    button,
  };
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Why a click comes from elsewhere than our app, workspace and channel, or undefined where it doesn't. */
export const strangerIn = (
  click: Click,
  ours: { readonly appId: string; readonly teamId: string; readonly channelId: string },
): string | undefined => {
  if (click.app !== ours.appId) return `The click is of the app ${click.app}, not of ours.`;
  if (click.team !== ours.teamId) return `The click is of the workspace ${click.team}, not of ours.`;
  if (click.channel !== ours.channelId) return `The click is of the channel ${click.channel}, not of ours.`;
  return undefined;
};

/**
 * What waits in the queue for the worker: the request as Slack signed it, so that nobody who can write into the queue can click for
 * somebody else; or a vote from a terminal, whose sender the queue itself names.
 */
export const QueuedVoteSchema = z.discriminatedUnion("via", [
  z.strictObject({
    via: z.literal("slack"),
    body: z.string(),
    timestamp: z.string(),
    signature: z.string(),
  }),
  z.strictObject({ via: z.literal("terminal"), button: ButtonSchema }),
]);
export type QueuedVote = z.infer<typeof QueuedVoteSchema>;
