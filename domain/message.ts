/** Slack's Block Kit, the part that is used, with the bounds that Slack refuses to go beyond. */

export type Block =
  | { readonly type: "header"; readonly text: { readonly type: "plain_text"; readonly text: string } }
  | { readonly type: "section"; readonly text: Markdown }
  | { readonly type: "section"; readonly fields: readonly Markdown[] }
  | { readonly type: "context"; readonly elements: readonly Markdown[] }
  | { readonly type: "actions"; readonly block_id: string; readonly elements: readonly Button[] };

type Markdown = { readonly type: "mrkdwn"; readonly text: string };
export type Button = {
  readonly type: "button";
  readonly action_id: string;
  readonly text: { readonly type: "plain_text"; readonly text: string };
  readonly value: string;
  readonly style?: "primary" | "danger";
};

/** Block Kit reference: a section's text, a field of a section, a header, the id of a block. */
const SECTION_CHARS_MAX = 3_000;
const FIELD_CHARS_MAX = 2_000;
const HEADER_CHARS_MAX = 150;
const BLOCK_ID_CHARS_MAX = 255;

const cut = (text: string, charsMax: number): string =>
  text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;

export const shortened = (text: string): string => cut(text, SECTION_CHARS_MAX);

/** What others wrote (names, sentences) must not become a link, a mention or a format: Slack's three escapes. */
export const plain = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

export const header = (text: string): Block => ({
  type: "header",
  text: { type: "plain_text", text: cut(text, HEADER_CHARS_MAX) },
});
export const section = (text: string): Block => ({
  type: "section",
  text: { type: "mrkdwn", text: shortened(text) },
});
/** Pairs, two a row; Slack takes ten. */
export const fields = (pairs: readonly (readonly [name: string, value: string])[]): Block => ({
  type: "section",
  fields: pairs
    .slice(0, 10)
    .map(([name, value]) => ({ type: "mrkdwn", text: cut(`*${name}*\n${value}`, FIELD_CHARS_MAX) })),
});
export const context = (text: string): Block => ({
  type: "context",
  elements: [{ type: "mrkdwn", text: shortened(text) }],
});
export const actions = (id: string, elements: readonly Button[]): Block => ({
  type: "actions",
  block_id: id.slice(0, BLOCK_ID_CHARS_MAX),
  elements,
});
