/** Tells people what did not work and the command to run by hand. It never stops what called it. */

import * as z from "zod";
import { byHand } from "../domain/by-hand.ts";
import { plain, section } from "../domain/message.ts";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { slackOf } from "./questions.ts";
import { RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

export const pagePerson = step({
  name: "page-person",
  does: "Posts a sentence and, for an undo, the exact commands; where Slack can't be reached, the log has them.",
  input: z.object({ run: RunSchema, sentence: z.string(), entry: z.array(z.string()).optional() }),
  needs: withReading({ secrets: ["GetSecretValue"], slack: ["chat.postMessage"] }),
  run: async ({ run, sentence, entry = [] }, context) => {
    const commands: string[] = [];
    for (const key of entry)
      commands.push(
        byHand((await journalOf(context).read(key)).effect, {
          migration: run.migration,
          bucket: context.bucket,
        }),
      );
    return { paged: await page(context, run.migration, sentence, commands) };
  },
});

/** Tells people in Slack and the log what needs them. @returns whether Slack took it. */
export const page = async (
  context: Context,
  migration: string,
  sentence: string,
  commands: readonly string[] = [],
): Promise<boolean> => {
  const lines = (mark: (text: string) => string) => [
    `*${migration}* needs a person: ${mark(sentence)}`,
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
