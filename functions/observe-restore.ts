/** Are the Restores of a stage over, and did the modifiers hit all that they had to? Changes nothing. */

import { VELERO } from "../domain/bundle.ts";
import type { Verdict } from "../domain/gates.ts";
import { type KubeObject, keyOf, refOf } from "../domain/kube.ts";
import { at, groupOf } from "../domain/pods.ts";
import { hitsWanted, isAtZero, isRestored, restoreState, restoresOf, STAGES } from "../domain/restore.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { objectsOf, orUnknown, stockOf } from "./objects.ts";
import { kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

export const observeRestore = gate({
  name: "observe-restore",
  does: "Reads the phase of each Restore of a stage; after the namespaces, counts the workloads that came up at zero.",
  needs: {
    kubernetes: {
      target: ["get restores.velero.io", "list cronjobs", "list deployments", "list statefulsets"],
    },
  },
  patience: { pollSeconds: 15, holdSecondsMax: 7_200 },
  measure: async ({ run, subject }, context) => {
    const stage = STAGES.find((s) => s === subject);
    if (!stage) return [];
    const objects = await objectsOf(context, run);
    const verdicts = await forEach(restoresOf(run.migration, stage, objects), ({ metadata }) =>
      isOver(context, metadata.name),
    );
    if (verdicts.length === 0) return [nothingToDo(context, stage)];
    if (stage !== "namespaces" || verdicts.some((v) => v.verdict !== "pass")) return verdicts;
    return [...verdicts, ...(await modifiersHit(context, objects))];
  },
});

const nothingToDo = (context: Context, stage: string): Verdict =>
  judge(context, true, {
    check: "restore/stage",
    subject: stage,
    sentence: `The plan has nothing to restore in the stage ${stage}.`,
    remedy: "",
    value: 0,
    threshold: "0 Restores",
    samples: 1,
    source: "the plan's objects",
  });

/** PartiallyFailed is over as well: what is missing is found and named by the comparison, object by object. */
const isOver = async (context: Context, name: string): Promise<Verdict> => {
  const ref = { apiVersion: "velero.io/v1", kind: "Restore", namespace: VELERO.namespace, name };
  const restore = await orUnknown(() => kubernetesOf(context, "target").find(ref));
  const state = restoreState(restore);
  const phase = String(at(restore, "status", "phase") ?? (restore ? "New" : "absent"));
  const why = at(restore, "status", "validationErrors") ?? at(restore, "status", "failureReason");
  return judge(
    context,
    state === "done" || state === "partly" ? true : state === "failed" ? false : undefined,
    {
      check: "restore/phase",
      subject: name,
      sentence: `Velero says that the restore ${name} is ${phase}${why === undefined ? "" : `: ${JSON.stringify(why)}`}.`,
      remedy: `velero --kubecontext target restore describe ${name} --details`,
      value: phase,
      threshold: "Completed or PartiallyFailed",
      samples: restore ? 1 : 0,
      source: `Restore ${VELERO.namespace}/${name} status.phase`,
    },
  );
};

const KINDS: readonly (readonly [resource: string, apiVersion: string, kind: string])[] = [
  ["cronjobs.batch", "batch/v1", "CronJob"],
  ["deployments.apps", "apps/v1", "Deployment"],
  ["statefulsets.apps", "apps/v1", "StatefulSet"],
];

/** A modifier with a wrong group resource matches nothing and says nothing: so its hits are counted on the objects themselves. */
const modifiersHit = async (
  context: Context,
  objects: readonly KubeObject[],
): Promise<readonly Verdict[]> => {
  const wanted = hitsWanted(objects);
  const { byKey } = await stockOf(
    kubernetesOf(context, "target"),
    KINDS.filter(([r]) => wanted[r] !== undefined).map(([, apiVersion, kind]) => ({ apiVersion, kind })),
  );
  return KINDS.filter(([resource]) => wanted[resource] !== undefined).map(([resource, apiVersion, kind]) => {
    const planned = objects.filter(
      (o) => o.kind === kind && groupOf(o.apiVersion) === groupOf(apiVersion) && isRestored(o),
    );
    const found = planned.flatMap((o) => byKey.get(keyOf({ ...refOf(o), apiVersion })) ?? []);
    const running = found.filter((o) => !isAtZero(o));
    return judge(context, found.length > 0 && running.length === 0, {
      check: "restore/modifiers",
      subject: resource,
      sentence:
        found.length === 0
          ? `None of the plan's ${planned.length} ${kind}s is on the target, so nobody knows whether the modifier works.`
          : running.length === 0
            ? `All ${found.length} ${kind}s that were restored are at zero.`
            : `${running.length} of ${found.length} restored ${kind}s are not at zero: ${running
                .slice(0, 3)
                .map((o) => `${o.metadata.namespace}/${o.metadata.name}`)
                .join(", ")}.`,
      remedy: `Look at the ConfigMap of resource modifiers: the group resource must be exactly ${resource}.`,
      value: found.length - running.length,
      threshold: `${found.length} at zero, at least one`,
      samples: found.length,
      source: `${kind}s of the target`,
    });
  });
};
