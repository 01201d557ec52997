/** What a copy of volumes changes, either way: a Backup (and marks, where there are none yet) on one side; on the other room for what the Restore brings, and the Restore. */

import * as z from "zod";
import { fieldOf } from "../adapters/effects/fields.ts";
import type { Kubernetes } from "../adapters/kubernetes.ts";
import { Transient } from "../domain/errors.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { at } from "../domain/pods.ts";
import {
  COPY_LABEL,
  copyBackupOf,
  copyMark,
  copyMove,
  copyRestoreOf,
  from,
  MOVES,
  to,
  type Way,
} from "../domain/volume-copy.ts";
import type { Named } from "./batch.ts";
import { claimRef, snapshotMove, volumeRef } from "./copies.ts";
import { createObject, deleteObject, setField } from "./objects.ts";
import { type Item, ItemSchema, kubernetesOf, type Run, RunSchema } from "./run.ts";
import type { Context } from "./step.ts";
import { leftOf, refOfItem } from "./workload.ts";

const PODS = ["get deployments", "get statefulsets", "list pods"] as const;

/** What it takes on the side that is copied from (there and on the way back), and on the side that is copied to. */
export const COPY_RIGHTS = {
  from: [...PODS, "get backups.velero.io", "create backups.velero.io"],
  to: [
    ...PODS,
    "get persistentvolumeclaims",
    "delete persistentvolumeclaims",
    "get persistentvolumes",
    "patch persistentvolumes",
    "delete persistentvolumes",
    "get restores.velero.io",
    "create restores.velero.io",
  ],
} as const;

export const CopyInput = z.object({
  run: RunSchema,
  item: ItemSchema,
  /** The try of the copy: each has a Backup of its own. */
  attempt: z.number().int().nonnegative(),
  stage: z.enum(["snapshot", "restore"]),
  /** How often the restore was tried before. */
  again: z.number().int().nonnegative(),
});
export type CopyInput = z.output<typeof CopyInput>;

/** The effects of one stage, in order. @throws Transient while a pod of the workload is left anywhere. */
export const copyingEffects = async (
  context: Context,
  { run, item, attempt, stage, again }: CopyInput,
  way: Way,
): Promise<readonly Named[]> => {
  await mustBeGone(context, item);
  return stage === "snapshot"
    ? snapshotting(context, run, item, way, attempt)
    : restoring(context, run, item, way, attempt, again);
};

/** @throws Transient while anything of it runs on either side: a snapshot would be stale, and what is restored would be written over. */
const mustBeGone = async (context: Context, item: Item): Promise<void> => {
  for (const side of ["source", "target"] as const) {
    const cluster = kubernetesOf(context, side);
    const left = await leftOf(cluster, await cluster.get(refOfItem(item)));
    if (left !== "")
      throw new Transient(
        `${item.namespace}/${item.name} still has ${left} on the ${side}; its volumes are copied when they are gone.`,
      );
  }
};

const LABEL_PATH = ["metadata", "labels", COPY_LABEL];

const place = (index: number): string => String(index).padStart(3, "0");

const snapshotting = async (
  context: Context,
  run: Run,
  item: Item,
  way: Way,
  attempt: number,
): Promise<readonly Named[]> => {
  const move = snapshotMove(way, attempt);
  const marks = way === "forward" ? await marking(context, item, move) : [];
  const backup = createObject(from(way), copyBackupOf(run.migration, item, way, attempt));
  return [...marks, { move, effect: backup }];
};

/** The mark by which Velero picks the claims of the source. On the way back they have it: what was copied from a marked claim is marked. */
const marking = async (context: Context, item: Item, move: string): Promise<readonly Named[]> => {
  const marks: Named[] = [];
  for (const [i, name] of (item.copy?.claims ?? []).entries()) {
    const ref = claimRef(item, name);
    const before = fieldOf(await kubernetesOf(context, "source").get(ref), LABEL_PATH);
    marks.push({
      move: `${move}.${place(i)}`,
      effect: setField("source", ref, LABEL_PATH, before, copyMark(item)),
    });
  }
  return marks;
};

const restoring = async (
  context: Context,
  run: Run,
  item: Item,
  way: Way,
  attempt: number,
  again: number,
): Promise<readonly Named[]> => {
  const base = copyMove(way === "forward" ? MOVES.restore : `back-${MOVES.restore}`, attempt);
  const move = `${base}.r${place(again)}`;
  const restore = copyRestoreOf(run.migration, item, way, attempt, again);
  const cluster = kubernetesOf(context, to(way));
  const ref = {
    apiVersion: restore.apiVersion,
    kind: restore.kind,
    namespace: restore.metadata.namespace ?? "",
    name: restore.metadata.name,
  };
  // Once Velero was told, what stands there is what it restores.
  const room = (await cluster.find(ref)) ? [] : await makingRoom(context, item, to(way), move);
  return [...room, { move, effect: createObject(to(way), restore) }];
};

/**
 * The claims of a side go, and the volumes that they are bound to: retained first, then the volumes (the cluster keeps them until their claims
 * are gone), then the claims. Velero restores neither a claim nor a volume of a name that is there.
 */
const makingRoom = async (
  context: Context,
  item: Item,
  side: Side,
  move: string,
): Promise<readonly Named[]> => {
  const cluster = kubernetesOf(context, side);
  const effects: Named[] = [];
  for (const [i, name] of (item.copy?.claims ?? []).entries()) {
    const claim = await cluster.find(claimRef(item, name));
    if (!claim) continue;
    const volume = await boundTo(cluster, claim);
    const own = `${move}.${place(i)}`;
    if (volume) {
      const path = ["spec", "persistentVolumeReclaimPolicy"];
      effects.push(
        {
          move: `${own}-0-retain`,
          effect: setField(side, volumeRef(volume.metadata.name), path, fieldOf(volume, path), "Retain"),
        },
        { move: `${own}-1-volume`, effect: deleteObject(side, volume) },
      );
    }
    effects.push({ move: `${own}-2-claim`, effect: deleteObject(side, claim) });
  }
  return effects;
};

/** The volume that a claim is bound to, where it is there. */
export const boundTo = async (cluster: Kubernetes, claim: KubeObject): Promise<KubeObject | undefined> => {
  const name = at(claim, "spec", "volumeName");
  return typeof name === "string" ? cluster.find(volumeRef(name)) : undefined;
};
