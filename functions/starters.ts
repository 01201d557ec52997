/** Who started a migration: what keeps them from granting what they asked for themselves. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { keys } from "../domain/journal.ts";
import type { Run } from "./run.ts";

const StartedSchema = z.object({
  execution: z.string(),
  /** `UserId` of the caller, as `repot start` writes it; null where a start doesn't say. */
  requester: z.string().nullable(),
  /** The plan's hash. */
  plan: z.string().optional(),
});

/** Remembers by which plan an execution was started, and who it says has started it; the first word stays. */
export const recordStarter = async (
  bucket: Bucket,
  run: Run,
  execution: string,
  requester: string | null,
): Promise<void> => {
  const key = keys.started(run.migration, execution);
  if (!(await bucket.getJson(key))) await bucket.putNew(key, { execution, requester, plan: run.plan });
};

/** Everybody who started an execution of the migration; empty where one of them isn't known, since then anybody may have been it. */
export const requestersOf = async (bucket: Bucket, migration: string): Promise<readonly string[]> => {
  const requesters: string[] = [];
  for (const key of await bucket.listKeys(keys.starts(migration))) {
    const { requester } = StartedSchema.parse((await bucket.getJson(key))?.value);
    if (requester === null) return [];
    requesters.push(requester);
  }
  return [...new Set(requesters)];
};
