/** Slack's Web API with one channel behind it: what may be posted, what is refused, and what stands there for people to see. */

import type { SlackApp } from "../../adapters/secrets.ts";
import type { Block, Button } from "../../domain/message.ts";
import type { Clock } from "../clock.ts";
import type { HttpService } from "../world/types.ts";

export type Posted = { readonly ts: string; readonly text: string; readonly blocks: readonly Block[] };

export type SlackService = {
  readonly handle: HttpService;
  /** A message as it reads now. */
  readonly read: (ts: string) => Posted | undefined;
  readonly all: () => readonly Posted[];
  /** What single people were told. */
  readonly whispers: () => readonly { readonly user: string; readonly text: string }[];
  /** While it is down nothing is answered but 503. */
  readonly setDown: (down: boolean) => void;
  readonly isDown: () => boolean;
};

export type SlackOptions = {
  readonly clock: Clock;
  readonly app: Pick<SlackApp, "botToken" | "channelId">;
  readonly onPost?: (message: Posted) => void;
};

type Body = {
  readonly channel?: string;
  readonly text?: string;
  readonly blocks?: readonly Block[];
  readonly ts?: string;
  readonly user?: string;
};

export const makeSlackService = ({ clock, app, onPost }: SlackOptions): SlackService => {
  const messages = new Map<string, Posted>();
  const whispers: { user: string; text: string }[] = [];
  let down = false;
  const post = ({ text = "", blocks = [] }: Body): object => {
    const ts = `${Math.floor(clock.now() / 1000)}.${String(messages.size + 1).padStart(6, "0")}`;
    const message = { ts, text, blocks };
    messages.set(ts, message);
    onPost?.(message);
    return { ok: true, channel: app.channelId, ts };
  };
  const update = ({ ts = "", text = "", blocks = [] }: Body): object => {
    if (!messages.has(ts)) return refused("message_not_found");
    messages.set(ts, { ts, text, blocks });
    return { ok: true, channel: app.channelId, ts };
  };
  const whisper = ({ user, text = "" }: Body): object => {
    if (!user) return refused("user_not_in_channel");
    whispers.push({ user, text });
    return { ok: true, message_ts: `${Math.floor(clock.now() / 1000)}.000000` };
  };
  const methods: Readonly<Record<string, (body: Body) => object>> = {
    "/api/chat.postMessage": post,
    "/api/chat.update": update,
    "/api/chat.postEphemeral": whisper,
  };
  return {
    read: (ts) => messages.get(ts),
    all: () => [...messages.values()],
    whispers: () => whispers,
    setDown: (value) => {
      down = value;
    },
    isDown: () => down,
    handle: ({ url, headers, body }) => {
      if (down) return { status: 503, headers: {}, body: "upstream connect error" };
      const method = methods[new URL(url).pathname];
      if (!method) return reply(refused("unknown_method"));
      const token = headers["authorization"];
      if (token === undefined) return reply(refused("not_authed"));
      if (token !== `Bearer ${app.botToken}`) return reply(refused("invalid_auth"));
      const said = JSON.parse(body ?? "{}") as Body;
      if (said.channel !== app.channelId) return reply(refused("channel_not_found"));
      if (!said.text && !said.blocks?.length) return reply(refused("no_text"));
      return reply(isWellFormed(said.blocks ?? []) ? method(said) : refused("invalid_blocks"));
    },
  };
};

const refused = (error: string) => ({ ok: false, error });
const reply = (body: object) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** Block Kit reference: what `invalid_blocks` is said to. */
const isWellFormed = (blocks: readonly Block[]): boolean =>
  blocks.length <= 50 && blocks.every(isWellFormedBlock);

const isWellFormedBlock = (block: Block): boolean => {
  switch (block.type) {
    case "header":
      return isText(block.text.text, 150);
    case "section":
      return "text" in block
        ? isText(block.text.text, 3_000)
        : block.fields.length > 0 &&
            block.fields.length <= 10 &&
            block.fields.every((f) => isText(f.text, 2_000));
    case "context":
      return block.elements.length <= 10 && block.elements.every((e) => isText(e.text, 3_000));
    case "actions":
      return (
        block.block_id.length <= 255 &&
        block.elements.length > 0 &&
        block.elements.length <= 25 &&
        block.elements.every(isButton) &&
        new Set(block.elements.map((e) => e.action_id)).size === block.elements.length
      );
  }
};

const isText = (text: string, charsMax: number): boolean => text.length > 0 && text.length <= charsMax;
const isButton = (button: Button): boolean =>
  isText(button.text.text, 75) && button.value.length <= 2_000 && isText(button.action_id, 255);

/** The buttons of a message. */
export const buttonsIn = (message: Pick<Posted, "blocks"> | undefined): readonly Button[] =>
  (message?.blocks ?? []).flatMap((block) => (block.type === "actions" ? block.elements : []));
