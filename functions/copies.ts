/** What the journal knows of a workload whose volumes are copied: its tries, when each step of them was intended, and whether its data came back. */

import { type JournalEntry, JournalEntrySchema, keys } from "../domain/journal.ts";
import type { Ref } from "../domain/kube.ts";
import { copyMove, MOVES, type Way } from "../domain/volume-copy.ts";
import { bucketOf, type Item, type Run } from "./run.ts";
import type { Context } from "./step.ts";

export type CopiedItem = Pick<Item, "namespace" | "name" | "operations">;

export const claimRef = ({ namespace }: Pick<Item, "namespace">, name: string): Ref => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  namespace,
  name,
});

export const volumeRef = (name: string): Ref => ({ apiVersion: "v1", kind: "PersistentVolume", name });

/** When a move of a workload was intended; undefined where it never was. */
export const intendedAt = async (
  context: Context,
  run: Run,
  item: CopiedItem,
  move: string,
  direction: JournalEntry["direction"] = "forward",
): Promise<Date | undefined> => {
  const key = keys.entry({
    migration: run.migration,
    operation: item.operations.move ?? "",
    move,
    direction,
  });
  const stored = await bucketOf(context).getJson(key);
  return stored ? new Date(JournalEntrySchema.parse(stored.value).recordedAt) : undefined;
};

/** The move in which the workload was stopped, by the way that its data go. */
export const stopOf = (way: Way, attempt: number): readonly [move: string, JournalEntry["direction"]] =>
  way === "forward" ? [copyMove(MOVES.stop, attempt), "forward"] : [copyMove(MOVES.start, attempt), "undo"];

/** The move in which a snapshot of the stopped workload was intended; each try has one of its own. */
export const snapshotMove = (way: Way, attempt: number): string =>
  copyMove(way === "forward" ? MOVES.snapshot : `back-${MOVES.snapshot}`, attempt);

/** What the journal of a workload's copy holds, by forward moves, newest first. */
export const movesOf = async (context: Context, run: Run, item: CopiedItem): Promise<readonly string[]> => {
  const prefix = `${keys.journal(run.migration)}${item.operations.move ?? ""}/forward-`;
  const found = await bucketOf(context).listKeys(prefix);
  return found
    .filter((key) => !key.endsWith("!done.json"))
    .map((key) => key.slice(prefix.length).replace(/\.json$/, ""))
    .reverse();
};

const recordOf = (run: Run, item: CopiedItem, attempt: number): string =>
  `migrations/${run.migration}/copies/${item.namespace}.${item.name}/${attempt}.json`;

/** Puts on record that what a try had written on the target is on the source again. */
export const keepCopiedBack = async (
  context: Context,
  run: Run,
  item: CopiedItem,
  attempt: number,
  by: string,
): Promise<void> => {
  await bucketOf(context).putFirst(recordOf(run, item, attempt), { by });
};

export const isCopiedBack = async (
  context: Context,
  run: Run,
  item: CopiedItem,
  attempt: number,
): Promise<boolean> => (await bucketOf(context).getJson(recordOf(run, item, attempt))) !== undefined;
