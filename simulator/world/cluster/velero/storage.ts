/** The object storage that both clusters' Velero write to and read from: backups by bucket and name. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { type Disks, makeDisks } from "../../disks.ts";
import type { Snapshots } from "./snapshots.ts";

export type BackupItem = {
  /** `deployments.apps` */
  readonly key: string;
  readonly object: KubeObject;
};

export type StoredBackup = {
  readonly name: string;
  /** The Backup object as it was when it was done; other clusters get a copy of it. */
  readonly object: KubeObject;
  readonly items: readonly BackupItem[];
  readonly snapshots: Snapshots;
};

/** What the cloud does with snapshots: faults turn it. */
export type Cloud = {
  /** Asked for each snapshot. */
  refuses: () => boolean;
  /** How many times as long as usual it takes. */
  slower: () => number;
};

export type BackupStorage = {
  /** Bucket with prefix → name → backup. */
  readonly buckets: Map<string, Map<string, StoredBackup>>;
  readonly disks: Disks;
  readonly cloud: Cloud;
};

/** @param now Milliseconds; without a clock nobody writes. */
export const makeBackupStorage = (now: () => number = () => 0): BackupStorage => ({
  buckets: new Map(),
  disks: makeDisks(now),
  cloud: { refuses: () => false, slower: () => 1 },
});

/** The backups in one bucket. */
export const bucketOf = (storage: BackupStorage, bucket: string): Map<string, StoredBackup> => {
  const found = storage.buckets.get(bucket) ?? new Map<string, StoredBackup>();
  storage.buckets.set(bucket, found);
  return found;
};
