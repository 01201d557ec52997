/** The source's objects as they stood at the freeze, in the bucket, with every secret masked: what drift is told by. */

import * as z from "zod";
import { NotFound } from "../domain/errors.ts";
import { byCodeUnit, type KubeObject, keyOf, refOf } from "../domain/kube.ts";
import { maskerFor } from "../domain/masking.ts";
import { bucketOf, type Run, readOnce } from "./run.ts";
import type { Context } from "./step.ts";

const SnapshotSchema = z.object({
  objects: z.array(z.looseObject({ kind: z.string(), apiVersion: z.string() })),
});

const keyFor = (run: Run, name: string): string => `migrations/${run.migration}/snapshots/${name}.json`;

/** A Secret's content isn't kept, not even as a hash; that it was written is told by its version. */
const asKept = (object: KubeObject): KubeObject => {
  const { status: _status, ...rest } = object;
  const { managedFields: _fields, ...metadata } = object.metadata;
  return { ...rest, metadata } as KubeObject;
};

/** Stores a snapshot, once: the first that was found whole stays. */
export const keepSnapshot = async (
  context: Context,
  run: Run,
  name: string,
  objects: readonly KubeObject[],
): Promise<void> => {
  const mask = maskerFor(objects);
  const kept = objects
    .map((o) => asKept(mask(o)))
    .sort((a, b) => byCodeUnit(keyOf(refOf(a)), keyOf(refOf(b))));
  await bucketOf(context).putFirst(keyFor(run, name), { objects: kept });
};

/** @throws NotFound where no whole snapshot was seen. */
export const snapshotOf = async (
  context: Context,
  run: Run,
  name: string,
): Promise<readonly KubeObject[]> => {
  const snapshot = await readOnce(context, keyFor(run, name), (value) => SnapshotSchema.parse(value));
  if (!snapshot)
    throw new NotFound(
      `There is no snapshot "${name}" of ${run.migration} on record; observe-snapshot stores it when the backup is whole.`,
    );
  return snapshot.objects as unknown as readonly KubeObject[];
};
