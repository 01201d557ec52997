/** Undoes recorded effects by their old values, each under an entry and a call of its own. Needs no metrics, no approval, no plan beyond its names. */

import * as z from "zod";
import { ownerOf } from "../adapters/effects/owners.ts";
import type { Outcome } from "../adapters/journal.ts";
import { isGoing } from "../domain/conditions.ts";
import { GroupSettling, OwnedElsewhere, StillSettling, Transient } from "../domain/errors.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { KubeObject, Ref } from "../domain/kube.ts";
import { otherSide } from "../domain/phases.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { copyMove, MOVES } from "../domain/volume-copy.ts";
import { intendedAt, isCopiedBack, movesOf } from "./copies.ts";
import { journalOf, makeUndoEffect, undoEntry, undoGone, withJournal } from "./effect.ts";
import { orWithoutTarget } from "./gone-target.ts";
import { workersOf } from "./queues.ts";
import { bucketOf, kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { notStuck } from "./stuck-pods.ts";
import { lastTickEffect } from "./ticks.ts";
import { leftOf, podsOf, readySecondsOf, refOfItem, statusOf } from "./workload.ts";

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
  input: z.object({ run: RunSchema, entry: z.array(z.string()).min(1).max(1_000) }),
  needs: withJournal({
    s3: ["PutObject migrations/*/owners/*"],
    // Nodes of the target are marked against consolidation by keep-warm.
    // A schedule of the source is told when it last ran, so that it doesn't make up for what the target did.
    kubernetes: {
      source: [...KUBERNETES, "patch cronjobs/status"],
      target: [...KUBERNETES, "get nodes", "patch nodes"],
    },
    route53: [
      "ChangeResourceRecordSets DELETE any apex,below",
      "ChangeResourceRecordSets UPSERT any apex,below",
      "DeleteHostedZone",
      "GetHostedZone",
      "ListHostedZonesByName",
      "ListResourceRecordSets",
    ],
    eks: ["DeleteCluster", "DescribeCluster"],
  }),
  run: async ({ run, entry }, context) => {
    const journal = journalOf(context);
    const outcomes: Outcome[] = [];
    for (const key of entry) {
      const forward = await journal.read(key);
      outcomes.push(
        await orWithoutTarget(context, run, {
          undo: (present) => undo(present, run, forward),
          isThere: isOnTarget(forward),
          gone: () => undoGone(context, run, forward, "undo-effect"),
        }),
      );
    }
    return { outcomes: outcomes.map((o) => o.outcome) };
  },
});

const undo = async (context: Context, run: Run, forward: JournalEntry): Promise<Outcome> => {
  await mayPassBack(context, run, forward);
  await mayDelete(context, run, forward);
  await mayStart(context, run, forward);
  await mayStopWorkers(context, forward);
  await mayMoveMember(context, forward);
  await tellTicks(context, run, forward);
  return undoEntry(context, run, forward, "undo-effect");
};

const isOnTarget = ({ effect }: JournalEntry): boolean => "cluster" in effect && effect.cluster === "target";

/**
 * Giving an exclusive thing back to the source takes the proof that none of it is left on the target.
 * @throws Transient while a pod or a running job is left: the state machine asks again. PodStuck where a pod won't go by itself.
 */
const mayPassBack = async (context: Context, run: Run, { effect, move }: JournalEntry): Promise<void> => {
  if (effect.kind !== "set-owner" || effect.after !== "target") return;
  const plan = await planOf(context, run);
  const workload = plan.workloads.find((w) => nameOf(w) === effect.thing);
  // Two controllers that each know their own may both be there: the target's has lost the right to delete before.
  if (!workload || workload.move === "hand-over-controller") return;
  if (workload.move === "copy-with-pause") await mustBeCopiedBack(context, run, workload, move);
  const target = kubernetesOf(context, "target");
  const object = await target.find(refOfItem(workload));
  const left = object ? await leftOf(target, object) : "";
  if (left === "") return;
  const pods = object?.kind === "CronJob" ? [] : await podsOf(target, object as KubeObject);
  notStuck(pods, "target", context.now());
  throw new Transient(
    `${effect.thing} still has ${left} on the target; the source gets it back when they are gone.`,
  );
};

/**
 * What a copied workload may have written on the target is on the source again before the source gets it back.
 * @throws OwnedElsewhere, which nothing but copy-back or a person ends: the source's old volumes would be stale.
 */
const mustBeCopiedBack = async (
  context: Context,
  run: Run,
  workload: Workload,
  move: string,
): Promise<void> => {
  const attempt = Number(/~(\d+)$/.exec(move)?.[1] ?? 0);
  const item = copiedItem(workload);
  const started = await intendedAt(context, run, item, copyMove(MOVES.start, attempt));
  if (started === undefined || (await isCopiedBack(context, run, item, attempt))) return;
  throw new OwnedElsewhere(
    `${nameOf(workload)} was started on the target at ${started.toISOString()}, and what it has written there is not on the source yet. Its newest data are in the target's volumes (${workload.copy?.claims.join(", ")}), and the target stays. Stop it there, copy them back, then start it on the source.`,
  );
};

/**
 * A target stays for as long as it holds what can't be had elsewhere.
 * @throws OwnedElsewhere while the newest data of a copied workload are there only.
 */
const mayDelete = async (context: Context, run: Run, { effect }: JournalEntry): Promise<void> => {
  if (effect.kind !== "create-cluster") return;
  for (const workload of (await planOf(context, run)).workloads)
    if (workload.move === "copy-with-pause")
      for (const move of await movesOf(context, run, copiedItem(workload)))
        if (move.startsWith(MOVES.owner)) await mustBeCopiedBack(context, run, workload, move);
};

const copiedItem = (workload: Workload) => ({ ...workload, operations: { move: workload.operation ?? "" } });

/**
 * What was stopped on the source because it must not exist twice starts there only where the ledger gives it to the source: where that could
 * not be undone, this must not be either.
 * @throws OwnedElsewhere, which nothing but a person's word about the target ends.
 */
const mayStart = async (context: Context, run: Run, { effect, operation }: JournalEntry): Promise<void> => {
  if (effect.kind !== "set-field" || effect.cluster !== "source" || !/^\d+-(hand-over|copy):/.test(operation))
    return;
  if (effect.path.join(".") !== "spec.replicas" && effect.object.kind !== "CronJob") return;
  const thing = `${effect.object.namespace ?? ""}/${effect.object.name}`;
  if ((await ownerOf(bucketOf(context), run.migration, thing)) !== "target") return;
  throw new OwnedElsewhere(
    `${thing} is still owned by the target and was not started on the source. Stop it on the target, see that it is gone, then start it on the source.`,
  );
};

/**
 * Workers of the target stop only when those of the source are there again: a queue that nobody works on grows.
 * @throws StillSettling while pods of the source are starting; the state machine asks again.
 */
const mayStopWorkers = async (context: Context, { effect, operation }: JournalEntry): Promise<void> => {
  if (effect.kind !== "set-field" || effect.cluster !== "target" || !/^\d+-shift-workers:/.test(operation))
    return;
  if (effect.path.join(".") !== "spec.replicas") return;
  const ref = effect.object as Ref;
  const { wanted, pods } = await workersOf(context, { ...ref, namespace: ref.namespace ?? "" }, "source");
  const back = pods.filter(
    (p) => p.readySeconds >= SUBSCRIBED_SECONDS && p.overdueSeconds === undefined,
  ).length;
  if (back >= wanted) return;
  throw new StillSettling(
    `${ref.namespace}/${ref.name}: ${back} of ${wanted} workers have been ready on the source for ${SUBSCRIBED_SECONDS} s; those of the target go on until all have.`,
  );
};

/** One that is on its way out stays Ready for as long as it hangs, and is no member any more. */
const isIn = (pod: KubeObject, now: Date): boolean =>
  !isGoing(pod) && (readySecondsOf(pod, now) ?? 0) >= SUBSCRIBED_SECONDS;

/** The broker isn't asked: a rollback needs nobody but the clusters. Who has been ready for so long has subscribed, or joined its group. */
const SUBSCRIBED_SECONDS = 30;

/**
 * Members of a group go back one by one, as they came: none is taken from the target before the source's stand and have had time to join (a pod
 * is Ready before its consumer is a member), none is added on the source while one more than wanted is still on the target.
 * @throws GroupSettling while pods come or go: the state machine asks again. PodStuck where one won't go by itself.
 */
const mayMoveMember = async (context: Context, forward: JournalEntry): Promise<void> => {
  const { effect, operation } = forward;
  if (effect.kind !== "set-field" || !/^\d+-shift-group:/.test(operation)) return;
  if (await journalOf(context).isDone({ ...forward, direction: "undo" })) return;
  const ref = effect.object as Ref;
  const name = `${ref.namespace ?? ""}/${ref.name}`;
  const other = otherSide(effect.cluster);
  const cluster = kubernetesOf(context, other);
  const workload = await cluster.find(ref);
  if (!workload) return;
  const { wanted, settled } = statusOf(workload);
  const there = await podsOf(cluster, workload);
  const now = context.now();
  const joined = there.filter((pod) => isIn(pod, now)).length;
  // Taken from the target only when the source has what it wants; given to the source only when the target has no more than that.
  const stands = settled && (effect.cluster === "target" ? joined >= wanted : there.length <= wanted);
  if (stands) return;
  notStuck(there, other, now);
  throw new GroupSettling(
    `${name} on the ${other} has ${there.length} pods, ${joined} of them ready for ${SUBSCRIBED_SECONDS} s, and wants ${wanted}; the next member is moved back when they stand.`,
  );
};

/** Before the source's schedule runs again, its controller is told which tick the target ran last. The probes' own run on both sides. */
const tellTicks = async (
  context: Context,
  run: Run,
  { effect, operation, move }: JournalEntry,
): Promise<void> => {
  if (effect.kind !== "set-field" || effect.cluster !== "source" || effect.object.kind !== "CronJob") return;
  if (effect.path.join(".") !== "spec.suspend" || effect.after !== true) return;
  if (!/^\d+-hand-over:/.test(operation)) return;
  const ref = effect.object as Ref;
  const [schedule, other] = [
    await kubernetesOf(context, "source").find(ref),
    await kubernetesOf(context, "target").find(ref),
  ];
  if (!schedule || !other) return;
  await makeUndoEffect(
    context,
    run,
    { step: "undo-effect", operation, move: `${move}-ticks` },
    lastTickEffect("source", schedule, other),
  );
};
