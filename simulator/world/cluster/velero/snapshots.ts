/**
 * Snapshots of volumes as Velero's plugin for AWS takes them: one of each EBS disk, begun at once and finished by the cloud later. The Backup is
 * Completed before that, and a Restore that comes too early fails.
 */

import type { KubeObject } from "../../../../domain/kube.ts";
import { at, textAt, textsAt, withAt } from "../fields.ts";
import type { Machine } from "../machine.ts";
import type { BackupItem, BackupStorage, StoredBackup } from "./storage.ts";

const LOCATIONS = "volumesnapshotlocations.velero.io";
const VOLUMES = "persistentvolumes";
const EBS = "ebs.csi.aws.com";
/** What the API call takes, for each volume. */
export const SNAPSHOT_CALL_MS = 800;
/** Until the cloud has finished a snapshot: something for each, and more with its size (a first one copies everything). */
const READY_MS = 12_000;
const READY_MS_PER_GIB = 400;

/** By the name of the volume. */
export type Snapshots = ReadonlyMap<string, { readonly content: number; readonly readyAt: number }>;

const handleOf = (volume: KubeObject): string => textAt(volume, "spec", "csi", "volumeHandle") ?? "";

const gibOf = (volume: KubeObject): number => {
  const [, number = "1", unit = "Gi"] =
    /^(\d+)(Gi|Ti|Mi)?$/.exec(textAt(volume, "spec", "capacity", "storage") ?? "") ?? [];
  return Number(number) * { Gi: 1, Ti: 1024, Mi: 1 / 1024 }[unit as "Gi" | "Ti" | "Mi"];
};

/** The volumes that a Backup asks snapshots of. Without a location that says how, and of other drivers' disks, none is taken and nothing is said. */
export const toSnapshot = (
  { store }: Machine,
  namespace: string,
  spec: unknown,
  items: readonly BackupItem[],
): readonly KubeObject[] => {
  if (at(spec, "snapshotVolumes") === false) return [];
  const wanted = textsAt(spec, "volumeSnapshotLocations");
  // The plugin can't be started without its region, and Velero then takes no snapshot.
  const known = [...store.in(LOCATIONS, namespace)].some(
    (l) =>
      (wanted.length === 0 || wanted.includes(l.metadata.name)) &&
      textAt(l, "spec", "config", "region") !== undefined,
  );
  if (!known) return [];
  return items
    .filter(({ key, object }) => key === VOLUMES && textAt(object, "spec", "csi", "driver") === EBS)
    .map(({ object }) => object);
};

/** Takes them: what is on each disk at this moment, unless the cloud refuses. */
export const takeSnapshots = (
  { clock }: Machine,
  storage: BackupStorage,
  volumes: readonly KubeObject[],
): Snapshots => {
  const taken = new Map<string, { readonly content: number; readonly readyAt: number }>();
  for (const volume of volumes) {
    const content = storage.disks.contentOf(handleOf(volume));
    if (content === undefined || storage.cloud.refuses()) continue;
    const takes = (READY_MS + READY_MS_PER_GIB * gibOf(volume)) * storage.cloud.slower();
    taken.set(volume.metadata.name, { content, readyAt: clock.now() + takes });
  }
  return taken;
};

/** The volume that an item is, or that a claim names, where the backup holds a snapshot of it. */
export const snapshotOf = (backup: StoredBackup, { key, object }: BackupItem): string | undefined => {
  const name =
    key === VOLUMES
      ? object.metadata.name
      : key === "persistentvolumeclaims"
        ? textAt(object, "spec", "volumeName")
        : undefined;
  return name !== undefined && backup.snapshots.has(name) ? name : undefined;
};

/**
 * A volume on a new disk that is made of the snapshot; its claim stays bound to it.
 * @throws Error in the cloud's words while the snapshot isn't finished.
 */
export const fromSnapshot = (
  machine: Machine,
  storage: BackupStorage,
  backup: StoredBackup,
  { key, object }: BackupItem,
  plain: KubeObject,
): KubeObject => {
  const volume = snapshotOf(backup, { key, object }) ?? "";
  if (key === "persistentvolumeclaims") return withAt(plain, ["spec", "volumeName"], volume);
  const snapshot = backup.snapshots.get(volume);
  if (!snapshot || snapshot.readyAt > machine.clock.now())
    throw new SnapshotPending(
      `error executing PVAction for persistentvolumes/${volume}: rpc error: code = Unknown desc = IncorrectState: Snapshot is in invalid state - pending`,
    );
  const disk = `vol-${machine.random.fork(`disk ${backup.name} ${volume} ${machine.clock.now()}`).id().slice(0, 17)}`;
  const claim = at(plain, "spec", "claimRef");
  storage.disks.create(
    disk,
    snapshot.content,
    `${textAt(claim, "namespace") ?? ""}/${textAt(claim, "name") ?? ""}`,
  );
  // What bound it in the other cluster says nothing here.
  return ["uid", "resourceVersion"].reduce(
    (volume, field) => withAt(volume, ["spec", "claimRef", field], undefined),
    withAt(plain, ["spec", "csi", "volumeHandle"], disk),
  );
};

export class SnapshotPending extends Error {
  override readonly name = "SnapshotPending";
}
