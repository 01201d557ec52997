/**
 * The only way in which a step changes anything: fence, intent, effect, read-back, done. Each part may be interrupted, repeated
 * or duplicated; k runs leave the same as one.
 */

import type { Clients } from "../adapters/effects/clients.ts";
import { applyEffect, undoEffect } from "../adapters/effects/index.ts";
import { type Journal, makeJournal, type Outcome } from "../adapters/journal.ts";
import type { Effect } from "../domain/effects.ts";
import { FenceRaised } from "../domain/errors.ts";
import type { JournalEntry } from "../domain/journal.ts";
import { bucketOf, kubernetesOf, type Run } from "./run.ts";
import type { Context, Needs } from "./step.ts";

/** What the journal costs: the rights that every step with effects needs beside its own. */
const JOURNAL = ["GetObject", "ListBucket", "PutObject migrations/*/journal/*"] as const;

export const withJournal = (needs: Needs): Needs => ({
  ...needs,
  s3: [...new Set([...(needs.s3 ?? []), ...JOURNAL])].sort(),
});

export const clientsOf = (context: Context, run: Run): Clients => ({
  migration: run.migration,
  kubernetes: { source: kubernetesOf(context, "source"), target: kubernetesOf(context, "target") },
  aws: context.aws,
  bucket: bucketOf(context),
});

export const journalOf = (context: Context): Journal => makeJournal(bucketOf(context));

/**
 * Makes one effect of a step.
 * @param at The plan's operation, and the number of the move within it: with the migration, the entry's key.
 * @throws FenceRaised once a rollback has begun; an error of domain/errors.ts where the effect could not be made or not be read back.
 */
export const makeEffect = async (
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string; readonly move: string },
  effect: Effect,
): Promise<Outcome> => {
  const journal = journalOf(context);
  if (await journal.fenced(run.migration))
    throw new FenceRaised(
      `A rollback of ${run.migration} has begun; ${at.step} changed nothing. The rollback goes on by itself.`,
    );
  return carryOut(
    context,
    run,
    { migration: run.migration, ...at, direction: "forward", effect },
    applyEffect,
  );
};

/** Intent, effect, done. Where an entry stands on record already, its effect is the one that is made: its old value is the real one. */
const carryOut = async (
  context: Context,
  run: Run,
  intent: Omit<JournalEntry, "recordedAt">,
  act: (effect: Effect, clients: Clients) => Promise<Outcome>,
): Promise<Outcome> => {
  const journal = journalOf(context);
  const entry = await journal.intend({ ...intent, recordedAt: context.now().toISOString() });
  if (await journal.isDone(entry)) return { outcome: "stood" };
  const outcome = await act(entry.effect, clientsOf(context, run));
  await journal.markDone(entry, outcome);
  return outcome;
};

/** Makes several effects of one move, in order; their numbers follow the move's: `0-target-up.03`. */
export const makeEffects = async (
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string; readonly move: string },
  effects: readonly Effect[],
): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const [index, effect] of effects.entries())
    outcomes.push(
      await makeEffect(context, run, { ...at, move: `${at.move}.${String(index).padStart(3, "0")}` }, effect),
    );
  return outcomes;
};

/** Undoes one recorded effect, by its old value; under an entry of its own. */
export const undoEntry = (
  context: Context,
  run: Run,
  forward: JournalEntry,
  step: string,
): Promise<Outcome> =>
  carryOut(context, run, { ...forward, migration: run.migration, step, direction: "undo" }, undoEffect);

/** A rollback's own change that undoes nothing, but is needed on the way back: journalled like an undo, past the fence. */
export const makeUndoEffect = (
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string; readonly move: string },
  effect: Effect,
): Promise<Outcome> =>
  carryOut(context, run, { migration: run.migration, ...at, direction: "undo", effect }, applyEffect);
