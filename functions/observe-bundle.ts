/** Does the bundle run on both sides: Velero and the load generator Ready, the backups' store reachable? Changes nothing. */

import { BUNDLE_DEPLOYMENTS, VELERO } from "../domain/bundle.ts";
import type { Verdict } from "../domain/gates.ts";
import { SIDES, type Side } from "../domain/phases.ts";
import { at } from "../domain/pods.ts";
import { gate } from "./gate.ts";
import { orUnknown } from "./objects.ts";
import { kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { statusOf } from "./workload.ts";

const READS = ["get deployments", "get backupstoragelocations.velero.io"];

export const observeBundle = gate({
  name: "observe-bundle",
  does: "Counts ready pods of Repot's own Deployments and reads whether Velero reaches its bucket, on both sides.",
  needs: { kubernetes: { source: READS, target: READS } },
  patience: { pollSeconds: 30, holdSecondsMax: 1_800 },
  measure: async (_input, context) => {
    const verdicts: Verdict[] = [];
    for (const side of SIDES) {
      for (const { namespace, name } of BUNDLE_DEPLOYMENTS)
        verdicts.push(await isReady(context, side, namespace, name));
      verdicts.push(await storeIsReachable(context, side));
    }
    return verdicts;
  },
});

const isReady = async (context: Context, side: Side, namespace: string, name: string): Promise<Verdict> => {
  const object = await kubernetesOf(context, side).find({
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace,
    name,
  });
  const status = object && statusOf(object);
  const stands = status?.settled === true && status.ready >= status.wanted;
  return judge(context, stands ? true : undefined, {
    check: "bundle/ready",
    subject: `${side} ${namespace}/${name}`,
    sentence: `${namespace}/${name} on the ${side}: ${status?.ready ?? 0} of ${status?.wanted ?? 1} pods are ready.`,
    remedy: `kubectl --context ${side} -n ${namespace} describe deployment ${name}`,
    value: status?.ready ?? null,
    threshold: `${status?.wanted ?? 1} ready`,
    samples: object ? 1 : 0,
    source: `Deployment ${namespace}/${name} status.readyReplicas`,
  });
};

const storeIsReachable = async (context: Context, side: Side): Promise<Verdict> => {
  const ref = {
    apiVersion: "velero.io/v1",
    kind: "BackupStorageLocation",
    namespace: VELERO.namespace,
    name: VELERO.storage,
  };
  const location = await orUnknown(() => kubernetesOf(context, side).find(ref));
  const phase = at(location, "status", "phase");
  return judge(context, phase === "Available" ? true : phase === "Unavailable" ? false : undefined, {
    check: "bundle/backup-store",
    subject: `${side} ${VELERO.storage}`,
    sentence: `Velero on the ${side} says that its bucket is ${typeof phase === "string" ? phase : "not looked at yet"}.`,
    remedy: "Check the bucket's name, its region, and the role of Velero's service account.",
    value: typeof phase === "string" ? phase : null,
    threshold: "Available",
    samples: typeof phase === "string" ? 1 : 0,
    source: `BackupStorageLocation ${VELERO.namespace}/${VELERO.storage} status.phase`,
  });
};
