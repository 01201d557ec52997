/**
 * What people are told in Slack when something needs them: on record first, posted by whoever holds the record, and marked when Slack has taken
 * it. Slack's chat.postMessage knows no idempotency key: told twice is only what Slack took while its answer, or the mark, was lost.
 */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { sha256 } from "../domain/canonical.ts";
import { Conflict } from "../domain/errors.ts";
import { entryOfDone, keys } from "../domain/journal.ts";
import { plain, section } from "../domain/message.ts";
import { slackOf } from "./questions.ts";
import { bucketOf } from "./run.ts";
import type { Context } from "./step.ts";

/** Longer than the function of any teller lives (30 s, the reconciler 60 s): who took a page so long ago is no longer at it. */
const TELLING_SECONDS = 60;
/** A migration that has told people more than this is not made clearer by the rest. */
const UNTOLD_MAX = 20;

const PageSchema = z.object({
  sentence: z.string(),
  commands: z.array(z.string()),
  /** When somebody last took it upon themselves to post it. */
  at: z.string(),
  /** Whether somebody has tried before, and may have succeeded. */
  again: z.boolean(),
});
type Page = z.infer<typeof PageSchema>;

export type Telling = {
  /** What makes a telling this one and no other: who came by, when, or which ending it is about. */
  readonly visit: string;
  readonly sentence: string;
  readonly commands?: readonly string[];
};

/**
 * Tells people in Slack and the log what needs them, once for each telling.
 * @returns whether Slack has it.
 * @throws Conflict where another invocation is at it at this moment; asked again later, that one has done it or has died.
 */
export const page = async (
  context: Context,
  migration: string,
  { visit, sentence, commands = [] }: Telling,
): Promise<boolean> => {
  const bucket = bucketOf(context);
  const key = keys.page(migration, sha256([visit, sentence, ...commands].join("\n")).slice(0, 32));
  const wanted = { sentence, commands: [...commands], at: context.now().toISOString(), again: false };
  let taken: Page | "told";
  try {
    const { value, already } = await bucket.putFirst(key, wanted);
    taken = already ? await takeOver(context, bucket, key, PageSchema.parse(value)) : wanted;
  } catch (error) {
    if (error instanceof Conflict) throw error;
    // Without a record it may be told twice; not to tell it at all would be worse.
    context.log.warn("A page could not be recorded.", { reason: String(error) });
    return post(context, migration, wanted);
  }
  return taken === "told" || (await tell(context, bucket, migration, key, taken));
};

/** Posts what Slack has not taken yet. @returns how many it took now, and how many it has still not taken. */
export const postUntold = async (
  context: Context,
  bucket: Bucket,
  migration: string,
): Promise<{ readonly posted: number; readonly left: number }> => {
  const all = await bucket.listKeys(keys.pages(migration));
  const told = new Set(all.flatMap((key) => entryOfDone(key) ?? []));
  const untold = all.filter((key) => entryOfDone(key) === undefined && !told.has(key)).slice(0, UNTOLD_MAX);
  let posted = 0;
  for (const key of untold) {
    try {
      const stored = PageSchema.parse((await bucket.getJson(key))?.value);
      const taken = await takeOver(context, bucket, key, stored);
      if (taken !== "told" && (await tell(context, bucket, migration, key, taken))) posted += 1;
    } catch (error) {
      // Somebody is at it, or it can't be taken now: it is looked at again in a few minutes.
      if (!(error instanceof Conflict))
        context.log.warn("A page could not be posted yet.", { reason: String(error) });
    }
  }
  return { posted, left: untold.length - posted };
};

/** Takes a page that another has taken before and not marked. @throws Conflict while that one may still be at it. */
const takeOver = async (
  context: Context,
  bucket: Bucket,
  key: string,
  { at, sentence, commands }: Page,
): Promise<Page | "told"> => {
  if (await bucket.getJson(keys.done(key))) return "told";
  if (context.now().getTime() - Date.parse(at) < TELLING_SECONDS * 1000)
    throw new Conflict(`${key} is being told by another invocation; it is looked at again in a minute.`);
  const stored = await bucket.getJson(key);
  if (!stored || PageSchema.parse(stored.value).at !== at)
    throw new Conflict(`${key} was taken by another invocation at this moment.`);
  const mine = { sentence, commands, at: context.now().toISOString(), again: true };
  await bucket.replaceIf(key, mine, stored.etag);
  return mine;
};

const tell = async (
  context: Context,
  bucket: Bucket,
  migration: string,
  key: string,
  taken: Page,
): Promise<boolean> => {
  if (!(await post(context, migration, taken))) return false;
  try {
    await bucket.putNew(keys.done(key), { told: true });
  } catch (error) {
    context.log.warn("A page was posted and could not be marked: it may be told again.", {
      reason: String(error),
    });
  }
  return true;
};

const post = async (
  context: Context,
  migration: string,
  { sentence, commands, again }: Page,
): Promise<boolean> => {
  const lines = (mark: (text: string) => string) => [
    `*${migration}* needs a person: ${mark(sentence)}${again ? " (You may have been told this before.)" : ""}`,
    ...commands.map((command) => `\`${mark(command)}\``),
  ];
  context.log.error(lines((text) => text).join("\n"));
  const text = lines(plain).join("\n");
  try {
    const slack = await slackOf(context);
    await slack.post({ text, blocks: [section(text)] });
    return true;
  } catch (error) {
    context.log.error("The page could not be posted.", { reason: String(error) });
    return false;
  }
};
