/** What record-start stored before the first effect. */

import { NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { type Start, StartSchema } from "./record-start.ts";
import { bucketOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

/** @throws NotFound where preflight has not recorded it. */
export const startOf = async (context: Context, run: Run): Promise<Start> => {
  const stored = await bucketOf(context).getJson(keys.start(run.migration));
  if (!stored)
    throw new NotFound(
      `The start of ${run.migration} is not on record. Preflight records it before anything is changed; start there.`,
    );
  return StartSchema.parse(stored.value);
};
