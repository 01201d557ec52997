/** Which migration holds the clusters, and which executions run it: what a second start is refused by, and what a rollback stops. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { ClusterBusy } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";

export const LockSchema = z.object({
  migration: z.string(),
  /** ARNs, the newest last. */
  executions: z.array(z.string()),
  released: z.boolean(),
});
export type Lock = z.infer<typeof LockSchema>;

/**
 * Takes the lock of a cluster for a migration, or adds an execution to the lock that the migration holds.
 * @param isRunning Whether an execution by its ARN still runs: one migration is run by one execution at a time.
 * @throws ClusterBusy where another migration, or another execution of this one, holds it, naming that one.
 */
export const takeLock = async (
  bucket: Bucket,
  cluster: string,
  migration: string,
  execution: string,
  isRunning: (execution: string) => Promise<boolean>,
): Promise<void> => {
  const key = keys.lock(cluster);
  const stored = await bucket.getJson(key);
  if (!stored) {
    await bucket.putNew(key, { migration, executions: [execution], released: false } satisfies Lock);
    return;
  }
  const lock = LockSchema.parse(stored.value);
  if (lock.migration !== migration && !lock.released)
    throw new ClusterBusy(
      `Cluster ${cluster} is being moved by ${lock.migration} (${lock.executions.at(-1)}). Nothing was started; wait for it, or roll it back.`,
    );
  const other = lock.migration === migration ? lock.executions.findLast((e) => e !== execution) : undefined;
  if (other !== undefined && (await isRunning(other)))
    throw new ClusterBusy(
      `${migration} is running already (${other}). Nothing was started; follow that one.`,
    );
  const executions = lock.migration === migration ? lock.executions.filter((e) => e !== execution) : [];
  await bucket.replaceIf(
    key,
    { migration, executions: [...executions, execution].slice(-20), released: false } satisfies Lock,
    stored.etag,
  );
};

export const readLock = async (bucket: Bucket, cluster: string): Promise<Lock | undefined> => {
  const stored = await bucket.getJson(keys.lock(cluster));
  return stored ? LockSchema.parse(stored.value) : undefined;
};

export const releaseLock = async (bucket: Bucket, cluster: string, migration: string): Promise<void> => {
  const stored = await bucket.getJson(keys.lock(cluster));
  const lock = stored && LockSchema.parse(stored.value);
  if (!stored || !lock || lock.migration !== migration || lock.released) return;
  await bucket.replaceIf(keys.lock(cluster), { ...lock, released: true }, stored.etag);
};
