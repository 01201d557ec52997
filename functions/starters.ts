/** Who started a migration: what keeps them from granting what they asked for themselves. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { keys } from "../domain/journal.ts";

const StartedSchema = z.object({
  execution: z.string(),
  /** `UserId` of the caller, as `repot start` writes it; null where a start doesn't say. */
  requester: z.string().nullable(),
});

/** Remembers who an execution says has started it; the first word stays. */
export const recordStarter = async (
  bucket: Bucket,
  migration: string,
  execution: string,
  requester: string | null,
): Promise<void> => {
  const key = keys.started(migration, execution);
  if (!(await bucket.getJson(key))) await bucket.putNew(key, { execution, requester });
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
