/** Tells people what did not work and the command to run by hand. It never stops what called it. */

import * as z from "zod";
import { postMessage } from "../adapters/slack.ts";
import { byHand } from "../domain/by-hand.ts";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const pagePerson = step({
  name: "page-person",
  does: "Posts a sentence and, for an undo, the exact commands; where Slack can't be reached, the log has them.",
  input: z.object({ run: RunSchema, sentence: z.string(), entry: z.array(z.string()).optional() }),
  needs: withReading({ slack: ["chat.postMessage"] }),
  run: async ({ run, sentence, entry = [] }, context) => {
    const commands: string[] = [];
    for (const key of entry) commands.push(byHand((await journalOf(context).read(key)).effect));
    const text = [
      `*${run.migration}* needs a person: ${sentence}`,
      ...commands.map((command) => `\`${command}\``),
    ].join("\n");
    context.log.error(text);
    try {
      await postMessage(context.http, context.endpoints.slack, { channel: "repot", text, buttons: [] });
      return { paged: true };
    } catch (error) {
      context.log.error("The page could not be posted.", { reason: String(error) });
      return { paged: false };
    }
  },
});
