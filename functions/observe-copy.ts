/** Is the workload gone, the snapshot whole and late enough, the copy there, the workload up; and how much of the approved pause is left? Changes nothing in the clusters. */

import * as z from "zod";
import { VELERO } from "../domain/bundle.ts";
import type { Verdict } from "../domain/gates.ts";
import type { KubeObject, Ref } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";
import { at } from "../domain/pods.ts";
import {
  type ClaimSeen,
  type CopyLook,
  type CopyStage,
  copyMove,
  copyNameOf,
  from,
  judgeCopied,
  judgeSnapshot,
  MOVES,
  restoreNameOf,
  STAGES,
  staysWithinPause,
  to,
} from "../domain/volume-copy.ts";
import { claimRef, intendedAt, keepCopiedBack, snapshotMove, stopOf, volumeRef } from "./copies.ts";
import { keep, withEvidence } from "./gate.ts";
import { orUnknown } from "./objects.ts";
import { type Item, ItemSchema, kubernetesOf, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { judge } from "./verdicts.ts";
import { leftOf, refOfItem, statusOf } from "./workload.ts";

const RIGHTS = [
  "get deployments",
  "get statefulsets",
  "list pods",
  "get backups.velero.io",
  "get restores.velero.io",
  "get persistentvolumeclaims",
  "get persistentvolumes",
] as const;

const Input = z.object({
  run: RunSchema,
  item: ItemSchema,
  way: z.enum(["forward", "back"]),
  /** The try whose data it is about. */
  attempt: z.number().int().nonnegative(),
  /** The try of the copy itself: on the way back there may be several for one try of the move. */
  copy: z.number().int().nonnegative(),
  /** How often the restore was tried before. */
  again: z.number().int().nonnegative(),
  stage: z.enum(STAGES),
  asked: z.number().int().nonnegative(),
  watcher: z.string(),
});
type Look = z.output<typeof Input>;

export const observeCopy = step({
  name: "observe-copy",
  does: "Reads a workload's pods, Velero's Backup and Restore of its volumes, the claims and volumes of both sides, and the time since it was stopped; puts on record what came back to the source.",
  input: Input,
  needs: withEvidence({
    s3: ["ListBucket", "PutObject migrations/*/copies/*"],
    kubernetes: { source: RIGHTS, target: RIGHTS },
  }),
  run: async (look, context) => {
    const { run, item, way, stage, attempt, watcher, asked } = look;
    const phase = way === "forward" ? "move-workloads" : "roll-back";
    const verdicts = await keep(run, phase, `observe-copy/${watcher}-${asked}-${stage}`, context, () =>
      measure(context, look),
    );
    const [copy, pause] = verdicts;
    if (way === "back" && stage === "restore" && copy?.verdict === "pass")
      await keepCopiedBack(context, run, item, attempt, copyNameOf(run.migration, item, way, look.copy));
    return {
      verdict: copy?.verdict ?? "unknown",
      tooLong: pause?.verdict !== "pass",
      sentence: [copy, pause].flatMap((v) => (v && v.verdict !== "pass" ? [v.sentence] : [])).join(" "),
    };
  },
});

const measure = async (context: Context, look: Look): Promise<readonly Verdict[]> => {
  const { item, stage, way } = look;
  const found = await LOOKS[stage](context, look);
  const verdict = judge(
    context,
    found.verdict === "pass" ? true : found.verdict === "fail" ? false : undefined,
    {
      check: `copy/${stage}`,
      subject: `${item.namespace}/${item.name}`,
      sentence: found.sentence,
      remedy: `velero --kubecontext ${from(way)} backup get, velero --kubecontext ${to(way)} restore get, and the events of the claims.`,
      value: found.verdict,
      threshold: "gone; whole and late enough; bound to restored volumes; ready",
      samples: 1,
      source: "pods, Velero's Backup and Restore, claims and volumes of both sides",
    },
  );
  return [verdict, await pauseOf(context, look, found.verdict === "pass")];
};

/** Whether the way back still fits into the approved pause. On the way back it is measured, and nothing depends on it any more. */
const pauseOf = async (context: Context, look: Look, passes: boolean): Promise<Verdict> => {
  const { run, item, way, stage, attempt } = look;
  const name = `${item.namespace}/${item.name}`;
  const stopped = await intendedAt(context, run, item, ...stopOf(way, attempt));
  const started = await intendedAt(context, run, item, copyMove(MOVES.start, attempt));
  const elapsedSeconds = stopped ? (context.now().getTime() - stopped.getTime()) / 1000 : Number.NaN;
  const copySeconds = stopped && started ? (started.getTime() - stopped.getTime()) / 1000 : 0;
  const startSeconds = item.copy?.startSeconds ?? Number.NaN;
  const most = item.pauseSecondsMax ?? 0;
  const pause = { elapsedSeconds, copySeconds, startSeconds, pauseSecondsMax: most };
  // Who is up is no longer away: only the whole pause counts.
  const within =
    stage === "started" && passes
      ? elapsedSeconds <= most
      : staysWithinPause(stage, stage === "restore" && passes, pause);
  const away = Math.round(elapsedSeconds);
  return judge(context, stopped === undefined ? undefined : way === "back" || within, {
    check: "copy/pause",
    subject: name,
    sentence:
      stopped === undefined
        ? `When ${name} was stopped is not on record.`
        : within || way === "back"
          ? `${name} has been away for ${away} s of the ${most} s that were approved.`
          : `${name} has been away for ${away} s, and of the ${most} s that were approved not enough is left to go on and still come back.`,
    remedy: "It starts on the source again. Approve a longer pause (pauses in repot.yaml) with a new plan.",
    value: stopped === undefined ? null : away,
    threshold: `at most ${most} s, the way back included`,
    samples: stopped === undefined ? 0 : 1,
    source: "the journal entry of its stop",
  });
};

type Looking = (context: Context, look: Look) => Promise<CopyLook>;

const veleroRef = (kind: "Backup" | "Restore", { run, item, way, copy, again }: Look): Ref => ({
  apiVersion: "velero.io/v1",
  kind,
  namespace: VELERO.namespace,
  name:
    kind === "Backup"
      ? copyNameOf(run.migration, item, way, copy)
      : restoreNameOf(run.migration, item, way, copy, again),
});

const LOOKS: { readonly [S in CopyStage]: Looking } = {
  gone: async (context, { item, way }) => {
    const cluster = kubernetesOf(context, from(way));
    const left = await leftOf(cluster, await cluster.get(refOfItem(item)));
    return {
      verdict: left === "" ? "pass" : "unknown",
      sentence: `${item.namespace}/${item.name} has ${left === "" ? "nothing" : left} left on the ${from(way)}.`,
    };
  },
  snapshot: async (context, look) => {
    const { run, item, way, copy } = look;
    const ref = veleroRef("Backup", look);
    const backup = await orUnknown(() => kubernetesOf(context, from(way)).find(ref));
    const synced = await orUnknown(() => kubernetesOf(context, to(way)).find(ref));
    // Its intent was recorded when nothing was left: the step looks first.
    const direction = way === "forward" ? "forward" : "undo";
    const goneAt = await intendedAt(context, run, item, snapshotMove(way, copy), direction);
    return judgeSnapshot(backup, synced !== undefined, item.copy?.claims.length ?? 0, goneAt?.toISOString());
  },
  restore: async (context, look) => {
    const { item, way } = look;
    const ref = veleroRef("Restore", look);
    const restore = await orUnknown(() => kubernetesOf(context, to(way)).find(ref));
    const claims: ClaimSeen[] = [];
    for (const name of item.copy?.claims ?? [])
      claims.push({
        name,
        original: await boundOn(context, from(way), item, name),
        copy: await boundOn(context, to(way), item, name),
      });
    return judgeCopied(restore, claims, ref.name);
  },
  started: async (context, { item, way }) => {
    const { settled, ready } = statusOf(await kubernetesOf(context, to(way)).get(refOfItem(item)));
    return {
      verdict: settled && ready >= item.replicas ? "pass" : "unknown",
      sentence: `${item.namespace}/${item.name} has ${ready} of ${item.replicas} pods ready on the ${to(way)}.`,
    };
  },
};

const boundOn = async (
  context: Context,
  side: Side,
  item: Item,
  name: string,
): Promise<{ readonly claim: KubeObject | undefined; readonly volume: KubeObject | undefined }> => {
  const cluster = kubernetesOf(context, side);
  const claim = await cluster.find(claimRef(item, name));
  const volume = at(claim, "spec", "volumeName");
  return { claim, volume: typeof volume === "string" ? await cluster.find(volumeRef(volume)) : undefined };
};
