/**
 * Steps with more to do than fits into one invocation: each call works off a list for a while and says where the next one goes on. The
 * machine `in-batches` calls again until nothing is left. Lists come from the plan, never from a live listing, so that the place in them
 * means the same in every invocation.
 */

import * as z from "zod";
import type { Outcome } from "../adapters/journal.ts";
import type { Effect } from "../domain/effects.ts";
import { Conflict } from "../domain/errors.ts";
import type { KubeObject } from "../domain/kube.ts";
import { operationOf } from "../domain/operations.ts";
import type { Side } from "../domain/phases.ts";
import { forward } from "./effect.ts";
import { createObjects } from "./objects.ts";
import { planOf, type Run, RunSchema } from "./run.ts";
import type { Context } from "./step.ts";

export const BatchInput = z.object({
  run: RunSchema,
  /** What of it: a stage, a name; empty for steps that know only one thing to do. */
  subject: z.string().default(""),
  /** Where the last batch ended. */
  from: z.number().int().nonnegative().default(0),
});
export type BatchInput = z.output<typeof BatchInput>;

/** `next` is null once nothing is left. */
export type BatchResult = { readonly next: number | null; readonly made: number };

/** A function with effects is cut off after 30 seconds; a batch ends long before. */
const BATCH_MS = 12_000;

/**
 * Works off a list from a place, for a while. A Conflict ends the batch early where something was done already (Route 53 takes one change of a
 * zone at a time, and a long list would use up the retries of the state machine).
 */
export const workOff = async <T>(
  context: Context,
  items: readonly T[],
  from: number,
  work: (item: T, index: number) => Promise<readonly (Outcome | undefined)[]>,
): Promise<BatchResult> => {
  const startedAt = context.now().getTime();
  let made = 0;
  for (const [offset, item] of items.slice(from).entries()) {
    const index = from + offset;
    try {
      made += (await work(item, index)).filter((o) => o?.outcome === "made").length;
    } catch (error) {
      if (error instanceof Conflict && made > 0) return { next: index, made };
      throw error;
    }
    if (context.now().getTime() - startedAt >= BATCH_MS && index + 1 < items.length)
      return { next: index + 1, made };
  }
  return { next: null, made };
};

/** So many objects come under one entry: what one invocation creates with ease. */
const TOGETHER = 25;

/** Objects of one side that come in their order, in few entries. */
export const createdTogether = (
  cluster: Side,
  move: string,
  objects: readonly KubeObject[],
): readonly Named[] =>
  Array.from({ length: Math.ceil(objects.length / TOGETHER) }, (_, index) => ({
    move: `${move}.${place(index)}`,
    effect: createObjects(cluster, objects.slice(index * TOGETHER, (index + 1) * TOGETHER)),
  }));

/** An effect with the name of its move: from what it is about, so that a retry finds its own entry. */
export type Named = { readonly move: string; readonly effect: Effect };

/** Makes named effects of one operation, for a while. */
export const makeNamed = async (
  context: Context,
  input: BatchInput,
  at: { readonly step: string; readonly operation: string; readonly of?: string },
  effects: readonly Named[],
): Promise<BatchResult> => {
  const operation = operationOf(await planOf(context, input.run), at.operation, at.of);
  const make = forward(context, input.run, at.step);
  return workOff(context, effects, input.from, async ({ move, effect }) => [
    await make({ step: at.step, operation, move }, effect),
  ]);
};

/** Six digits: sorting by text is sorting by number, which the undo relies on. */
export const place = (index: number): string => String(index).padStart(6, "0");

/** What names an object within a move: no slash, since it becomes a part of the entry's key. */
export const slug = (...parts: readonly (string | undefined)[]): string =>
  parts
    .filter((p) => p !== undefined && p !== "")
    .join(".")
    .replace(/[^A-Za-z0-9._-]/g, "_");

export type { Run };
