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
export const makeEffect = async (context: Context, run: Run, at: At, effect: Effect): Promise<Outcome> =>
  forward(context, run, at.step)(at, effect);

/** Where an effect stands: the plan's operation, and the number of the move within it. */
type At = { readonly step: string; readonly operation: string; readonly move: string };

/**
 * Makes effects one after the other, and asks the fence once for all that one invocation makes. Once is enough: a function lives 30 seconds, and a rollback that has
 * raised the fence waits for as long before it undoes anything. Never kept from one invocation to the next.
 * @throws FenceRaised once a rollback has begun.
 */
export const forward = (
  context: Context,
  run: Run,
  step: string,
): ((at: At, effect: Effect) => Promise<Outcome>) => {
  let asked: Promise<void> | undefined;
  return async (at, effect) => {
    asked ??= mustBeOpen(context, run, step);
    await asked;
    return carryOut(
      context,
      run,
      { migration: run.migration, ...at, direction: "forward", effect },
      applyEffect,
    );
  };
};

const mustBeOpen = async (context: Context, run: Run, step: string): Promise<void> => {
  if (await journalOf(context).fenced(run.migration))
    throw new FenceRaised(
      `A rollback of ${run.migration} has begun; ${step} changed nothing. The rollback goes on by itself.`,
    );
};

/** Intent, effect, done. Where an entry stands on record already, its effect is the one that is made: its old value is the real one. */
const carryOut = async (
  context: Context,
  run: Run,
  intent: Omit<JournalEntry, "recordedAt">,
  act: (effect: Effect, clients: Clients, isFresh: boolean) => Promise<Outcome>,
): Promise<Outcome> => {
  const journal = journalOf(context);
  const { entry, isFresh } = await journal.intend({ ...intent, recordedAt: context.now().toISOString() });
  if (!isFresh && (await journal.isDone(entry))) return { outcome: "stood" };
  const outcome = await act(entry.effect, clientsOf(context, run), isFresh);
  await journal.markDone(entry, outcome);
  return outcome;
};

const AT_ONCE = 40;

/** Asks or writes many things, a bounded number at a time, in their order. All of them end before one failure goes on. */
const many = async <T, R>(things: readonly T[], act: (thing: T) => Promise<R>): Promise<readonly R[]> => {
  const results: R[] = [];
  for (let from = 0; from < things.length; from += AT_ONCE)
    for (const settled of await Promise.allSettled(things.slice(from, from + AT_ONCE).map(act))) {
      if (settled.status === "rejected") throw settled.reason;
      results.push(settled.value);
    }
  return results;
};

/**
 * Makes many effects by one call: every intent is durable before it, and each is marked by itself after it.
 * @param act Makes them all or none; one outcome for each.
 */
export const makeTogether = async <E extends Effect>(
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string },
  named: readonly { readonly move: string; readonly effect: E }[],
  act: (effects: readonly E[], clients: Clients) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> => {
  await mustBeOpen(context, run, at.step);
  const journal = journalOf(context);
  const recordedAt = context.now().toISOString();
  const intended = await many(named, ({ move, effect }) =>
    journal.intend({ migration: run.migration, ...at, move, direction: "forward", effect, recordedAt }),
  );
  const done = await many(intended, async ({ entry, isFresh }) => !isFresh && (await journal.isDone(entry)));
  const open = intended.filter((_, i) => !done[i]).map(({ entry }) => entry);
  // What is on record is about the same thing as what was asked for, with the old value that was real.
  const outcomes = await act(
    open.map((entry) => entry.effect as E),
    clientsOf(context, run),
  );
  await many(
    open.map((entry, i) => ({ entry, outcome: outcomes[i] ?? { outcome: "stood" as const } })),
    ({ entry, outcome }) => journal.markDone(entry, outcome),
  );
  return outcomes;
};

/** Makes several effects of one move, in order; their numbers follow the move's: `0-target-up.03`. */
export const makeEffects = async (
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string; readonly move: string },
  effects: readonly Effect[],
): Promise<readonly Outcome[]> => {
  const make = forward(context, run, at.step);
  const outcomes: Outcome[] = [];
  for (const [index, effect] of effects.entries())
    outcomes.push(await make({ ...at, move: `${at.move}.${String(index).padStart(3, "0")}` }, effect));
  return outcomes;
};

/** Undoes one recorded effect, by its old value; under an entry of its own. */
export const undoEntry = (
  context: Context,
  run: Run,
  forward: JournalEntry,
  step: string,
): Promise<Outcome> => carryOut(context, run, undoOf(run, forward, step), undoEffect);

const undoOf = (run: Run, forward: JournalEntry, step: string) =>
  ({ ...forward, migration: run.migration, step, direction: "undo" }) as const;

/** What was on a target that is gone: nobody can be asked about it, and nothing of it is left. */
export const undoGone = (context: Context, run: Run, forward: JournalEntry, step: string): Promise<Outcome> =>
  carryOut(context, run, undoOf(run, forward, step), async () => ({
    outcome: "stood",
    note: "It is gone with the target.",
  }));

/** A rollback's own change that undoes nothing, but is needed on the way back: journalled like an undo, past the fence. */
export const makeUndoEffect = (
  context: Context,
  run: Run,
  at: { readonly step: string; readonly operation: string; readonly move: string },
  effect: Effect,
): Promise<Outcome> =>
  carryOut(context, run, { migration: run.migration, ...at, direction: "undo", effect }, applyEffect);
