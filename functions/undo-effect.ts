/** Undoes recorded effects by their old values, each under an entry and a call of its own. Needs no metrics, no approval, no plan beyond its names. */

import * as z from "zod";
import type { Outcome } from "../adapters/journal.ts";
import { Transient } from "../domain/errors.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { Ref } from "../domain/kube.ts";
import { nameOf } from "../domain/plan.ts";
import { journalOf, makeUndoEffect, undoEntry, withJournal } from "./effect.ts";
import { kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { lastTickEffect } from "./ticks.ts";
import { podsOf, refOfItem } from "./workload.ts";

/** What forward effects may do on a side, their undo must be able to take back. */
const KUBERNETES = [
  "get planned",
  "patch planned",
  "create planned",
  "delete planned",
  "list pods",
  "patch deployments/scale",
  "patch statefulsets/scale",
] as const;

export const undoEffectStep = step({
  name: "undo-effect",
  does: "Brings back what stood before each of the given entries, newest first; an exclusive thing only after it is gone from the other side.",
  input: z.object({ run: RunSchema, entry: z.array(z.string()).min(1).max(50) }),
  needs: withJournal({
    // Nodes of the target are marked against consolidation by keep-warm.
    kubernetes: { source: KUBERNETES, target: [...KUBERNETES, "get nodes", "patch nodes"] },
    route53: ["ChangeResourceRecordSets", "DeleteHostedZone", "GetHostedZone", "ListHostedZonesByName", "ListResourceRecordSets"],
    eks: ["DeleteCluster", "DescribeCluster"],
  }),
  run: async ({ run, entry }, context): Promise<{ readonly outcomes: readonly Outcome["outcome"][]; readonly waitSeconds: number }> => {
    const journal = journalOf(context);
    const outcomes: Outcome["outcome"][] = [];
    for (const key of entry) {
      const forward = await journal.read(key);
      const waitSeconds = await secondsUntilUndo(context, run, forward);
      // What is done already is found under its own entry by the next call.
      if (waitSeconds > 0) return { outcomes, waitSeconds };
      const { outcome } = await undoEntry(context, run, forward, "undo-effect");
      outcomes.push(outcome);
    }
    return { outcomes, waitSeconds: 0 };
  },
});

/** What exclusive things have to wait for; everything else is undone at once. */
const secondsUntilUndo = async (context: Context, run: Run, forward: JournalEntry): Promise<number> => {
  const { effect } = forward;
  if (effect.kind === "set-owner" && effect.after === "target") await mustBeGone(context, run, effect.thing);
  const resumes = effect.kind === "set-field" && effect.object.kind === "CronJob" && effect.path.join(".") === "spec.suspend" && effect.after === true;
  return resumes && effect.cluster === "source" ? secondsUntilBack(context, run, forward, effect.object) : 0;
};

/**
 * Giving an exclusive thing back to the source takes the proof that none of it is left on the target.
 * @throws Transient while a pod or a job is left; the state machine asks again.
 */
const mustBeGone = async (context: Context, run: Run, thing: string): Promise<void> => {
  const plan = await planOf(context, run);
  const workload = plan.workloads.find((w) => nameOf(w) === thing);
  if (!workload) return;
  const target = kubernetesOf(context, "target");
  const object = await target.find(refOfItem(workload));
  const left = object ? await leftOf(target, object) : "";
  if (left !== "") throw new Transient(`${thing} still has ${left} on the target; the source gets it back when they are gone.`);
};

/** Longer than this nobody waits for a tick: a person is told instead. */
const WAIT_SECONDS_MAX = 3_600;

/** A tick that the target ran must not run again on the source, which knows nothing of it. */
const secondsUntilBack = async (context: Context, run: Run, forward: JournalEntry, object: Ref): Promise<number> => {
  const bucket = bucketOf(context);
  const of = { migration: run.migration, operation: forward.operation, move: "2-target-resume" };
  const resumed = await bucket.getJson(keys.entry({ ...of, direction: "forward" }));
  const schedule = await kubernetesOf(context, "source").find(object);
  const last = schedule && ticksAround(schedule, context.now()).last;
  if (!resumed || !schedule || !last || last <= recordedAt(resumed.value)) return 0;
  const suspended = await bucket.getJson(keys.entry({ ...of, direction: "undo" }));
  const wait = secondsUntilResume(schedule, context.now(), suspended ? recordedAt(suspended.value) : null);
  if (wait > WAIT_SECONDS_MAX)
    throw new Refused(`${sentenceOf(object)} stays suspended: the target ran its tick of ${last.toISOString()}, and the source would run it again. Resume it by hand after its next tick.`);
  return wait;
};

const recordedAt = (entry: unknown): Date => new Date(JournalEntrySchema.parse(entry).recordedAt);
