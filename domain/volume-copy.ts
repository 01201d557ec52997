/**
 * Volumes that are copied while nobody writes to them: which claims, by which Backup and Restore of Velero, and what proves that the copy is
 * whole and was taken after the last write. Velero snapshots only where a VolumeSnapshotLocation says how, and says nothing where none does.
 */

import { ours, VELERO, VELERO_BACK } from "./bundle.ts";
import { sha256 } from "./canonical.ts";
import { byCodeUnit, type KubeObject } from "./kube.ts";
import type { Side } from "./phases.ts";
import { at } from "./pods.ts";

type Volume = { readonly persistentVolumeClaim?: { readonly claimName?: string } };

/** The claims of a set's pods, by ordinal. */
const ofTemplates = (workload: KubeObject, replicas: number): readonly string[] => {
  const first = Number(at(workload, "spec", "ordinals", "start") ?? 0);
  return ((at(workload, "spec", "volumeClaimTemplates") ?? []) as readonly KubeObject[]).flatMap((template) =>
    Array.from(
      { length: replicas },
      (_, i) => `${template.metadata.name}-${workload.metadata.name}-${first + i}`,
    ),
  );
};

/** The claims that hold a workload's data, sorted. */
export const claimNamesOf = (workload: KubeObject, replicas: number): readonly string[] =>
  [
    ...new Set([
      ...ofTemplates(workload, replicas),
      ...((at(workload, "spec", "template", "spec", "volumes") ?? []) as readonly Volume[]).flatMap(
        (v) => v.persistentVolumeClaim?.claimName ?? [],
      ),
    ]),
  ].sort(byCodeUnit);

/** The label that the claims of one workload carry while they are copied: Velero selects by labels, not by names. */
export const COPY_LABEL = "repot.dev/copy";

type Copied = { readonly namespace: string; readonly name: string };

const short = ({ namespace, name }: Copied): string => sha256(`${namespace}/${name}`).slice(0, 8);

/** The value of the label. A label's value has at most 63 characters. */
export const copyMark = (w: Copied): string => `${w.name.slice(0, 40)}-${short(w)}`;

/** Which way a copy goes: `forward` to the target, `back` to the source. */
export type Way = "forward" | "back";
export const from = (way: Way): Side => (way === "forward" ? "source" : "target");
export const to = (way: Way): Side => (way === "forward" ? "target" : "source");

/** Names Backup and Restore of one try. Velero puts them into labels: at most 63 characters. */
export const copyNameOf = (migration: string, w: Copied, way: Way, attempt: number): string =>
  `${migration}-${way === "forward" ? "copy" : "back"}-${short(w)}-${attempt}`;

/** Velero's snapshots may not be ready when their Backup is, and a Restore that comes too early fails for good: each try has a name of its own. */
export const restoreNameOf = (
  migration: string,
  w: Copied,
  way: Way,
  attempt: number,
  again: number,
): string => `${copyNameOf(migration, w, way, attempt)}-r${again}`;

const SELECTED = ["persistentvolumeclaims", "persistentvolumes"] as const;

const named = (kind: string, name: string, w: Copied) => ({
  apiVersion: "velero.io/v1",
  kind,
  metadata: {
    name,
    namespace: VELERO.namespace,
    annotations: { "repot.dev/copy-of": `${w.namespace}/${w.name}` },
  },
});

export const copyBackupOf = (migration: string, w: Copied, way: Way, attempt: number): KubeObject =>
  ours(migration, {
    ...named("Backup", copyNameOf(migration, w, way, attempt), w),
    spec: {
      includedNamespaces: [w.namespace],
      includedResources: [...SELECTED],
      labelSelector: { matchLabels: { [COPY_LABEL]: copyMark(w) } },
      snapshotVolumes: true,
      storageLocation: way === "forward" ? VELERO.storage : VELERO_BACK,
      volumeSnapshotLocations: [VELERO.storage],
      ttl: "720h0m0s",
    },
  });

/** Of its Backup, everything: that holds nothing but the marked claims and their volumes. */
export const copyRestoreOf = (
  migration: string,
  w: Copied,
  way: Way,
  attempt: number,
  again: number,
): KubeObject =>
  ours(migration, {
    ...named("Restore", restoreNameOf(migration, w, way, attempt, again), w),
    spec: {
      backupName: copyNameOf(migration, w, way, attempt),
      includedNamespaces: [w.namespace],
      includedResources: [...SELECTED],
      includeClusterResources: true,
      existingResourcePolicy: "none",
      restorePVs: true,
    },
  });

export type CopyLook = { readonly verdict: "pass" | "fail" | "unknown"; readonly sentence: string };

const say = (verdict: CopyLook["verdict"], sentence: string): CopyLook => ({ verdict, sentence });

const BAD = new Set(["PartiallyFailed", "Failed", "FailedValidation"]);

const why = (object: KubeObject | undefined): string => {
  const reasons = [
    at(object, "status", "failureReason"),
    ...((at(object, "status", "validationErrors") ?? []) as readonly unknown[]),
  ].filter((r) => typeof r === "string");
  return reasons.length === 0 ? "" : ` (${reasons.join("; ").slice(0, 300)})`;
};

/**
 * One time is a function's and the other the cluster's, in whole seconds; their clocks may differ by so much. The order itself doesn't hang on it:
 * the Backup's name is of this try, and it is made after the intent is on record. What this finds is a Backup of an earlier try, minutes old.
 */
const CLOCKS_APART_MS = 10_000;

/**
 * Whether a Backup holds a snapshot of every claim, taken after the workload had stopped.
 * @param synced Whether the other cluster's Velero knows it.
 * @param goneAt A moment at which nothing of the workload was left, ISO 8601.
 */
export const judgeSnapshot = (
  backup: KubeObject | undefined,
  synced: boolean,
  claims: number,
  goneAt: string | undefined,
): CopyLook => {
  if (!backup) return say("unknown", "Velero doesn't have the Backup of the volumes yet.");
  const { name } = backup.metadata;
  const phase = String(at(backup, "status", "phase") ?? "New");
  const completed = Number(at(backup, "status", "volumeSnapshotsCompleted") ?? 0);
  const attempted = Number(at(backup, "status", "volumeSnapshotsAttempted") ?? 0);
  if (BAD.has(phase))
    return say(
      "fail",
      `Backup ${name} is ${phase}: ${completed} of ${claims} volume snapshots were taken${why(backup)}.`,
    );
  if (phase !== "Completed") return say("unknown", `Backup ${name} is ${phase}.`);
  if (attempted !== claims || completed !== claims)
    return say(
      "fail",
      `Backup ${name} is Completed with ${completed} of ${claims} volume snapshots: it isn't whole. It takes the claims that carry the label ${COPY_LABEL}.`,
    );
  const startedAt = String(at(backup, "status", "startTimestamp") ?? "");
  if (goneAt === undefined || !(Date.parse(startedAt) >= Date.parse(goneAt) - CLOCKS_APART_MS))
    return say(
      "fail",
      `Backup ${name} began at ${startedAt}, before the last pod was proved gone at ${goneAt ?? "no moment on record"}: the copy would be stale.`,
    );
  return synced
    ? say("pass", `Backup ${name} holds ${completed} volume snapshots, begun at ${startedAt}.`)
    : say("unknown", `The other cluster's Velero doesn't know Backup ${name} yet.`);
};

type Bound = { readonly claim: KubeObject | undefined; readonly volume: KubeObject | undefined };

/** One claim on the side that it is copied to, and the volume that was copied as the Backup's side has it. */
export type ClaimSeen = { readonly name: string; readonly original: Bound; readonly copy: Bound };

/** Whether every claim is bound to a volume that this Restore made, as large as the original and not the same disk. */
export const judgeCopied = (
  restore: KubeObject | undefined,
  claims: readonly ClaimSeen[],
  restoreName: string,
): CopyLook => {
  const phase = String(at(restore, "status", "phase") ?? "New");
  if (BAD.has(phase))
    return say("fail", `The Restore ${restoreName} of the volumes is ${phase}${why(restore)}.`);
  if (!restore || phase !== "Completed")
    return say("unknown", `The Restore ${restoreName} of the volumes is ${phase}.`);
  const troubles = ["errors", "warnings"].flatMap((field) => {
    const count = Number(at(restore, "status", field) ?? 0);
    return count === 0 ? [] : [`${count} ${field}`];
  });
  if (troubles.length > 0)
    return say("fail", `The Restore ${restoreName} is Completed with ${troubles.join(" and ")}.`);
  if (claims.length === 0) return say("unknown", "No claim was found, so nothing is known of the copy.");
  for (const claim of claims) {
    const look = judgeClaim(restoreName, claim);
    if (look.verdict !== "pass") return look;
  }
  return say(
    "pass",
    `${claims.length === 1 ? "1 claim is" : `${claims.length} claims are`} bound to volumes that the Restore ${restoreName} made of their snapshots.`,
  );
};

const capacityOf = (volume: KubeObject | undefined): unknown => at(volume, "spec", "capacity", "storage");

/** The disk behind a volume, by any driver that names it. */
const diskOf = (volume: KubeObject | undefined): unknown =>
  at(volume, "spec", "csi", "volumeHandle") ?? at(volume, "spec", "awsElasticBlockStore", "volumeID");

const judgeClaim = (restore: string, { name, original, copy }: ClaimSeen): CopyLook => {
  if (at(copy.claim, "status", "phase") !== "Bound" || !copy.volume)
    return say("unknown", `Claim ${name} isn't bound yet.`);
  const volume = copy.volume.metadata.name;
  if (copy.volume.metadata.labels?.["velero.io/restore-name"] !== restore)
    return say(
      "fail",
      `Claim ${name} is bound to ${volume}, which the Restore ${restore} didn't make: it would start on other data.`,
    );
  if (diskOf(copy.volume) === undefined || diskOf(copy.volume) === diskOf(original.volume))
    return say("fail", `Claim ${name} is bound to ${volume}, which isn't a disk of its own.`);
  if (capacityOf(copy.volume) !== capacityOf(original.volume))
    return say(
      "fail",
      `Claim ${name} has ${String(capacityOf(copy.volume))} in the copy and ${String(capacityOf(original.volume))} in the original.`,
    );
  return say("pass", `Claim ${name} is bound.`);
};

/** What is known of a pause in progress, in seconds. */
export type Pause = {
  /** Since it was told to stop. */
  readonly elapsedSeconds: number;
  /** From the stop to the verified copy: what the way back would take as well. */
  readonly copySeconds: number;
  /** A start, from the intent to Ready. */
  readonly startSeconds: number;
  readonly pauseSecondsMax: number;
};

/** The steps of a copy at which it is asked whether it goes on. */
export const STAGES = ["gone", "snapshot", "restore", "started"] as const;
export type CopyStage = (typeof STAGES)[number];

/**
 * Whether what is left of the approved pause still holds the way back from here. Before the target starts that is a start of the source;
 * once it may have written, it is a copy in the other direction as well.
 * @param verified The copy is proved, and the next thing would be the start on the target.
 */
export const staysWithinPause = (stage: CopyStage, verified: boolean, pause: Pause): boolean => {
  const { elapsedSeconds, copySeconds, startSeconds, pauseSecondsMax } = pause;
  if (stage === "started") return elapsedSeconds + copySeconds + startSeconds <= pauseSecondsMax;
  const ahead = verified ? startSeconds + elapsedSeconds + startSeconds : startSeconds;
  return elapsedSeconds + ahead <= pauseSecondsMax;
};

/** The least pause in which a copy that takes no time at all could still go wrong and be taken back. */
export const leastPauseSeconds = (startSeconds: number): number => 2 * startSeconds;

/** A move of a copy's try, as the journal names it. */
export const copyMove = (name: string, attempt: number): string =>
  attempt === 0 ? name : `${name}~${attempt}`;
export const MOVES = {
  stop: "0-source-stop",
  snapshot: "1-snapshot",
  restore: "2-restore",
  owner: "3-owner",
  start: "4-target-start",
} as const;
