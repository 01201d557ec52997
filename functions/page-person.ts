/** Tells people what did not work and the command to run by hand. It never stops what called it. */

import * as z from "zod";
import { byHand } from "../domain/by-hand.ts";
import { journalOf } from "./effect.ts";
import { withRecord } from "./gate.ts";
import { page } from "./pages.ts";
import { RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const pagePerson = step({
  name: "page-person",
  does: "Posts a sentence and, for an undo, the exact commands, once for each visit; where Slack can't be reached, the log has them, and they are posted later.",
  input: z.object({
    run: RunSchema,
    sentence: z.string(),
    entry: z.array(z.string()).optional(),
    /** Which execution came by when: a retry of the same state is the same visit, and tells nobody twice. */
    visit: z.string(),
  }),
  needs: withRecord("migrations/*/pages/*", { secrets: ["GetSecretValue"], slack: ["chat.postMessage"] }),
  run: async ({ run, sentence, entry = [], visit }, context) => {
    const commands: string[] = [];
    for (const key of entry)
      commands.push(
        byHand((await journalOf(context).read(key)).effect, {
          migration: run.migration,
          bucket: context.bucket,
        }),
      );
    return { paged: await page(context, run.migration, { visit, sentence, commands }) };
  },
});
