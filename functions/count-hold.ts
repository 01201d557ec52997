/** Counts how often a run has held for one thing: retries by people are bounded, too. */

import * as z from "zod";
import { sha256 } from "../domain/canonical.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

/** After so many holds for one thing, the run stops asking and takes the way back. */
const HOLDS_MAX = 3;

/** A name for a key and a question. What it leaves out is in the hash: `a/b-c` and `a-b/c` are two things. */
const slug = (text: string): string =>
  `${text.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 80)}-${sha256(text).slice(0, 8)}`;

export const countHold = step({
  name: "count-hold",
  does: "Records that the run holds, for what and why; says whether it may be tried again, and what the question is called.",
  input: z.object({
    run: RunSchema,
    phase: z.string(),
    subject: z.string(),
    sentence: z.string(),
    holder: z.string(),
  }),
  needs: withRecord("migrations/*/holds/*", {}),
  run: async ({ run, phase, subject, sentence, holder }, context) => {
    const bucket = bucketOf(context);
    const prefix = `migrations/${run.migration}/holds/${phase}/${slug(subject)}/`;
    const key = `${prefix}${holder}.json`;
    const earlier = (await bucket.listKeys(prefix)).filter((k) => k !== key).length;
    const known = await bucket.getJson(key);
    const number = (known?.value as { readonly number?: number } | undefined)?.number ?? earlier + 1;
    if (!known) await bucket.putNew(key, { number, phase, subject, sentence });
    return { number, mayRetry: number <= HOLDS_MAX, question: `hold-${phase}-${slug(subject)}-${number}` };
  },
});
