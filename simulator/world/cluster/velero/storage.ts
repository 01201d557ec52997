/** The object storage that both clusters' Velero write to and read from: backups by bucket and name. */

import type { KubeObject } from "../../../../domain/kube.ts";

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
};

/** Bucket → name → backup. */
export type BackupStorage = { readonly buckets: Map<string, Map<string, StoredBackup>> };

export const makeBackupStorage = (): BackupStorage => ({ buckets: new Map() });

/** The backups in one bucket. */
export const bucketOf = (storage: BackupStorage, bucket: string): Map<string, StoredBackup> => {
  const found = storage.buckets.get(bucket) ?? new Map<string, StoredBackup>();
  storage.buckets.set(bucket, found);
  return found;
};
