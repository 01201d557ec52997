/** Is the backup whole: over, without errors, and with an item for every object of the plan? What stood then is kept, to tell drift by. */

import { VELERO } from "../domain/bundle.ts";
import type { Verdict } from "../domain/gates.ts";
import { type KubeObject, keyOf, type Ref, refOf, sentenceOf } from "../domain/kube.ts";
import { nameOf } from "../domain/plan.ts";
import { at, workloadKindOf } from "../domain/pods.ts";
import { backupNameOf, isRestored } from "../domain/restore.ts";
import { gate } from "./gate.ts";
import { kindsOf, objectsOf, orUnknown, stockOf } from "./objects.ts";
import { kubernetesOf, planOf, type Run } from "./run.ts";
import { keepSnapshot } from "./snapshot.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

export const observeSnapshot = gate({
  name: "observe-snapshot",
  does: "Reads the Backup's phase and counts, and the plan's objects once more; stores them masked once the backup is whole.",
  needs: {
    s3: ["PutObject migrations/*/snapshots/*"],
    kubernetes: { source: ["get backups.velero.io", "list planned"], target: ["get backups.velero.io"] },
  },
  patience: { pollSeconds: 30, holdSecondsMax: 7_200 },
  measure: async ({ run, subject }, context) => {
    const ref = {
      apiVersion: "velero.io/v1",
      kind: "Backup",
      namespace: VELERO.namespace,
      name: backupNameOf(run.migration, subject),
    };
    const backup = await orUnknown(() => kubernetesOf(context, "source").find(ref));
    const over = isOver(context, ref.name, backup);
    if (over.verdict !== "pass" || !backup) return [over];
    if (subject === "freeze") {
      const known = await isKnownToTarget(context, ref);
      if (known.verdict !== "pass") return [over, known];
    }
    const { present, missing, unplanned } = await compareWithPlan(context, run);
    const verdicts = [
      over,
      isComplete(context, ref.name, backup, present.length),
      ...missing.map((o) => isGone(context, o)),
      ...(subject === "freeze" ? unplanned.map((o) => isUnplanned(context, o)) : []),
    ];
    if (verdicts.every((v) => v.verdict === "pass")) await keepSnapshot(context, run, subject, present);
    return verdicts;
  },
});

const isOver = (context: Context, name: string, backup: KubeObject | undefined): Verdict => {
  const phase = String(at(backup, "status", "phase") ?? (backup ? "New" : "absent"));
  const bad = ["PartiallyFailed", "Failed", "FailedValidation"].includes(phase);
  return judge(context, phase === "Completed" ? true : bad ? false : undefined, {
    check: "snapshot/phase",
    subject: name,
    sentence: `Velero says that the backup ${name} is ${phase}.`,
    remedy: `velero --kubecontext source backup describe ${name} --details; a new backup needs the failed one deleted`,
    value: phase,
    threshold: "Completed",
    samples: backup ? 1 : 0,
    source: `Backup ${VELERO.namespace}/${name} status.phase`,
  });
};

/** The target's Velero looks into the bucket every minute; a Restore that comes before is refused for good. */
const isKnownToTarget = async (context: Context, ref: Ref): Promise<Verdict> => {
  const found = await orUnknown(() => kubernetesOf(context, "target").find(ref));
  return judge(context, found ? true : undefined, {
    check: "snapshot/synced",
    subject: ref.name,
    sentence: `The target's Velero ${found ? "knows" : "does not know"} the backup ${ref.name}${found ? "" : " yet"}.`,
    remedy: "Both sides' BackupStorageLocations must name the same bucket and prefix.",
    value: found !== undefined,
    threshold: "known",
    samples: found ? 1 : 0,
    source: `Backup ${VELERO.namespace}/${ref.name} of the target`,
  });
};

/** The list of what it holds isn't in the Backup: the counts are. */
const isComplete = (context: Context, name: string, backup: KubeObject, wanted: number): Verdict => {
  const total = Number(at(backup, "status", "progress", "totalItems") ?? Number.NaN);
  const items = Number(at(backup, "status", "progress", "itemsBackedUp") ?? Number.NaN);
  const errors = Number(at(backup, "status", "errors") ?? 0);
  const known = Number.isFinite(items) && Number.isFinite(total);
  return judge(context, known ? items >= wanted && items === total && errors === 0 : undefined, {
    check: "snapshot/items",
    subject: name,
    sentence: known
      ? `The backup ${name} holds ${items} of ${total} items, with ${errors} errors; the plan has ${wanted} objects that belong in it.`
      : `The backup ${name} does not say how many items it holds.`,
    remedy: `velero --kubecontext source backup logs ${name}`,
    value: known ? items : null,
    threshold: `at least ${wanted}, and all of them, without errors`,
    samples: known ? 1 : 0,
    source: `Backup ${VELERO.namespace}/${name} status.progress`,
  });
};

type Seen = {
  readonly present: readonly KubeObject[];
  readonly missing: readonly KubeObject[];
  readonly unplanned: readonly KubeObject[];
};

const compareWithPlan = async (context: Context, run: Run): Promise<Seen> => {
  const planned = (await objectsOf(context, run)).filter(isRestored);
  const { workloads } = await planOf(context, run);
  const { byKey } = await stockOf(kubernetesOf(context, "source"), kindsOf(planned));
  const known = new Set(workloads.map((w) => `${w.kind}|${nameOf(w)}`));
  const namespaces = new Set(workloads.map((w) => w.namespace));
  const present: KubeObject[] = [];
  const missing: KubeObject[] = [];
  for (const object of planned) {
    const live = byKey.get(keyOf(refOf(object)));
    if (live) present.push(live);
    else missing.push(object);
  }
  const unplanned = [...byKey.values()].filter(
    (o) =>
      workloadKindOf(o) !== undefined &&
      namespaces.has(o.metadata.namespace ?? "") &&
      isRestored(o) &&
      o.metadata["ownerReferences"] === undefined &&
      !known.has(`${o.kind}|${o.metadata.namespace ?? ""}/${o.metadata.name}`),
  );
  return { present, missing, unplanned };
};

const isGone = (context: Context, object: KubeObject): Verdict =>
  judge(context, false, {
    check: "snapshot/object",
    subject: sentenceOf(refOf(object)),
    sentence: `${sentenceOf(refOf(object))} is in the plan and no longer on the source.`,
    remedy: "Make a new plan, or bring the object back.",
    value: "absent",
    threshold: "present",
    samples: 1,
    source: "the source's API",
  });

const isUnplanned = (context: Context, object: KubeObject): Verdict =>
  judge(context, false, {
    check: "snapshot/unplanned",
    subject: sentenceOf(refOf(object)),
    sentence: `${sentenceOf(refOf(object))} runs on the source and is not in the plan: it would stay behind.`,
    remedy: "Make a new plan that has it.",
    value: "present",
    threshold: "in the plan",
    samples: 1,
    source: "the source's API",
  });
