/** Which migration holds the clusters, and which executions run it: what a second start is refused by, and what a rollback stops. */

import * as z from "zod";
import type { Bucket } from "../adapters/bucket.ts";
import { ClusterBusy } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { byCodeUnit } from "../domain/kube.ts";
import type { Settings } from "../domain/settings.ts";

export const LockSchema = z.object({
  migration: z.string(),
  /** ARNs, the newest last. */
  executions: z.array(z.string()),
  released: z.boolean(),
});
export type Lock = z.infer<typeof LockSchema>;

/** The clusters that a migration holds, in the order in which they are taken: everybody takes them in the same one. */
export const clustersOf = (settings: Pick<Settings, "source" | "target">): readonly string[] =>
  [...new Set([settings.source.name, settings.target.name])].sort(byCodeUnit);

type IsRunning = (execution: string) => Promise<boolean>;

/**
 * Takes the locks of both clusters for a migration, or adds an execution to the locks that the migration holds. Where the second is held by
 * another migration, a first that was taken for this one is given back.
 * @param isRunning Whether an execution by its ARN still runs: one migration is run by one execution at a time.
 * @throws ClusterBusy where another migration, or another execution of this one, holds one of them, naming that one.
 */
export const takeLocks = async (
  bucket: Bucket,
  clusters: readonly string[],
  migration: string,
  execution: string,
  isRunning: IsRunning,
): Promise<void> => {
  const fresh: string[] = [];
  try {
    for (const cluster of clusters)
      if (await takeLock(bucket, cluster, migration, execution, isRunning)) fresh.push(cluster);
  } catch (error) {
    if (error instanceof ClusterBusy)
      for (const cluster of fresh) await releaseLock(bucket, cluster, migration);
    throw error;
  }
};

/** @returns whether the migration had not held it before. */
const takeLock = async (
  bucket: Bucket,
  cluster: string,
  migration: string,
  execution: string,
  isRunning: IsRunning,
): Promise<boolean> => {
  const key = keys.lock(cluster);
  const stored = await bucket.getJson(key);
  if (!stored) {
    await bucket.putNew(key, { migration, executions: [execution], released: false } satisfies Lock);
    return true;
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
  return lock.migration !== migration || lock.released;
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
