/** Deployments: ReplicaSets for their revisions, rolled over by surge and unavailability, or stopped first (Recreate). */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import {
  at,
  controllerOf,
  type Fields,
  fieldsAt,
  isDeleting,
  listAt,
  numberAt,
  same,
  share,
  textAt,
  uidOf,
  withAt,
  withMetadata,
} from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import type { Pods } from "./pods.ts";
import { adopt, ownerKey, ownerReference, ownPods, selfKey, templateHash } from "./replicas.ts";

const KEY = "deployments.apps";
const SETS = "replicasets.apps";
const WHO = controllerWho("deployment-controller");
const REVISION = "deployment.kubernetes.io/revision";

export const deployments = (machine: Machine, pods: Pods, reportReady: ReportReady): Controller => {
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const deployment = machine.store.get(KEY, namespace, name);
    if (!deployment || isDeleting(deployment)) return;
    const sets = setsOf(machine, deployment);
    // What stands when the run begins was rolled out before somebody paused it.
    const paused = at(deployment, "spec", "paused") === true && !machine.loading();
    const current = sets.find((s) => isCurrent(deployment, s));
    const old = sets.filter((s) => s !== current);
    if (paused) scaleTo(machine, current ?? sets.at(-1), replicasOf(deployment));
    else if (at(deployment, "spec", "strategy", "type") === "Recreate")
      recreate(machine, pods, deployment, current, old);
    else roll(machine, deployment, current, old);
    forget(machine, deployment, old);
    report(machine, deployment, reportReady);
  };
  return {
    name: "deployment-controller",
    watches: { [KEY]: selfKey, [SETS]: ownerKey("Deployment"), pods: recreating(machine) },
    reconcile,
  };
};

/** Says how many pods of a workload are ready, of how many wanted. */
export type ReportReady = (workload: string, ready: number, wanted: number) => void;

/** Only Recreate looks at single pods: it waits for the last one to be gone. */
const recreating =
  (machine: Machine) =>
  (pod: KubeObject, change: { readonly after?: KubeObject }): readonly string[] => {
    const owner = change.after ? undefined : controllerOf(pod);
    const set = owner ? machine.store.byUid(owner.uid)?.object : undefined;
    return set ? ownerKey("Deployment")(set) : [];
  };

const replicasOf = (object: KubeObject): number => numberAt(object, "spec", "replicas") ?? 1;
const isCurrent = (deployment: KubeObject, set: KubeObject): boolean =>
  templateHash(fieldsAt(deployment, "spec", "template")) === templateHash(fieldsAt(set, "spec", "template"));

/** Its ReplicaSets by revision, the oldest first. Sets that nobody owns and that match are adopted. */
const setsOf = (machine: Machine, deployment: KubeObject): readonly KubeObject[] => {
  const orphans = [...machine.store.in(SETS, deployment.metadata.namespace ?? "")].filter(
    (s) => !controllerOf(s),
  );
  if (orphans.length > 0) adopt(machine, orphans, SETS, deployment);
  return machine.store
    .ownedBy(uidOf(deployment))
    .filter(({ key, object }) => key === SETS && !isDeleting(object))
    .map(({ object }) => object)
    .sort((a, b) => revisionOf(a) - revisionOf(b) || byCodeUnit(a.metadata.name, b.metadata.name));
};

const revisionOf = (object: KubeObject): number =>
  Number(textAt(object, "metadata", "annotations", REVISION) ?? 0);

const scaleTo = (machine: Machine, set: KubeObject | undefined, replicas: number): void => {
  if (!set || replicasOf(set) === replicas) return;
  const { registry, store } = machine;
  const live = store.get(SETS, set.metadata.namespace ?? "", set.metadata.name);
  if (live) registry.update(registry.resource(SETS), live, withAt(live, ["spec", "replicas"], replicas), WHO);
};

/** A ReplicaSet for the present template. */
const newSet = (machine: Machine, deployment: KubeObject, replicas: number): KubeObject => {
  const { registry, store } = machine;
  const template = fieldsAt(deployment, "spec", "template");
  const hash = templateHash(template);
  const labels = { ...fieldsAt(template, "metadata", "labels"), "pod-template-hash": hash };
  const revision = String(Math.max(0, ...setsOf(machine, deployment).map(revisionOf)) + 1);
  const set = registry.create(
    registry.resource(SETS),
    {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace ?? "",
        labels,
        annotations: { [REVISION]: revision },
        ownerReferences: [ownerReference(deployment) as never],
      },
      spec: {
        replicas,
        ...(at(deployment, "spec", "minReadySeconds") === undefined
          ? {}
          : { minReadySeconds: at(deployment, "spec", "minReadySeconds") }),
        selector: withAt(at(deployment, "spec", "selector"), ["matchLabels", "pod-template-hash"], hash),
        template: { ...template, metadata: { ...fieldsAt(template, "metadata"), labels } },
      },
    },
    WHO,
  );
  const live = store.get(KEY, deployment.metadata.namespace ?? "", deployment.metadata.name);
  if (live && textAt(live, "metadata", "annotations", REVISION) !== revision)
    store.put(
      KEY,
      withMetadata(live, { annotations: { ...live.metadata.annotations, [REVISION]: revision } }),
    );
  return set;
};

const total = (sets: readonly KubeObject[]): number => sets.reduce((sum, s) => sum + replicasOf(s), 0);
const availableOf = (set: KubeObject): number => numberAt(set, "status", "availableReplicas") ?? 0;

const roll = (
  machine: Machine,
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
): void => {
  const wanted = replicasOf(deployment);
  const { surge, unavailable } = bounds(deployment, wanted);
  const room = (set: KubeObject | undefined) => wanted + surge - total(old) - (set ? replicasOf(set) : 0);
  const set = current ?? newSet(machine, deployment, Math.max(0, Math.min(wanted, room(undefined))));
  const here = replicasOf(set);
  if (here > wanted) {
    scaleTo(machine, set, wanted);
    return;
  }
  if (here < wanted && room(set) > 0) scaleTo(machine, set, Math.min(wanted, here + room(set)));
  // Two steps of a rollout don't fall into one: what the old sets may give up counts what is available now.
  shrinkOld(machine, set, old, wanted - unavailable);
};

const bounds = (deployment: KubeObject, wanted: number) => {
  const rolling = fieldsAt(deployment, "spec", "strategy", "rollingUpdate");
  const surge = share(rolling["maxSurge"], wanted, "up");
  const unavailable = share(rolling["maxUnavailable"], wanted, "down");
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wanted) };
};

/** Takes from the old sets first what isn't available anyway, then what can be spared, the oldest first. */
const shrinkOld = (
  machine: Machine,
  current: KubeObject,
  old: readonly KubeObject[],
  minAvailable: number,
): void => {
  const unavailableNew = Math.max(0, replicasOf(current) - availableOf(current));
  let spare = total(old) + replicasOf(current) - minAvailable - unavailableNew;
  const sizes = new Map(old.map((s) => [s, replicasOf(s)]));
  for (const set of old) {
    const size = sizes.get(set) ?? 0;
    const unhealthy = Math.min(Math.max(0, spare), Math.max(0, size - availableOf(set)));
    sizes.set(set, size - unhealthy);
    spare -= unhealthy;
  }
  let available = availableOf(current) + old.reduce((sum, s) => sum + availableOf(s), 0) - minAvailable;
  for (const set of old) {
    const size = sizes.get(set) ?? 0;
    const taken = Math.max(0, Math.min(size, available));
    available -= taken;
    scaleTo(machine, set, size - taken);
  }
};

const recreate = (
  machine: Machine,
  pods: Pods,
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
): void => {
  for (const set of old) scaleTo(machine, set, 0);
  const alive = old.some((set) => {
    const { active, leaving } = ownPods(machine, pods, set);
    return active.length + leaving.length > 0;
  });
  if (alive) return;
  const set = current ?? newSet(machine, deployment, replicasOf(deployment));
  scaleTo(machine, set, replicasOf(deployment));
};

/** Old revisions beyond the history limit go, once they are empty. */
const forget = (machine: Machine, deployment: KubeObject, old: readonly KubeObject[]): void => {
  const limit = numberAt(deployment, "spec", "revisionHistoryLimit") ?? 10;
  const empty = old.filter((s) => replicasOf(s) === 0 && (numberAt(s, "status", "replicas") ?? 0) === 0);
  for (const set of empty.slice(0, Math.max(0, empty.length - limit)))
    machine.registry.delete(machine.registry.resource(SETS), set, WHO);
};

const report = (machine: Machine, stale: KubeObject, reportReady: ReportReady): void => {
  const { store, registry } = machine;
  const deployment = store.get(KEY, stale.metadata.namespace ?? "", stale.metadata.name);
  if (!deployment) return;
  const sets = setsOf(machine, deployment);
  const current = sets.find((s) => isCurrent(deployment, s));
  const sum = (field: string, of: readonly KubeObject[] = sets) =>
    of.reduce((all, s) => all + (numberAt(s, "status", field) ?? 0), 0);
  const wanted = replicasOf(deployment);
  const ready = sum("readyReplicas");
  const available = sum("availableReplicas");
  const updated = sum("replicas", current ? [current] : []);
  registry.setStatus(KEY, deployment, {
    observedGeneration: numberAt(deployment, "metadata", "generation") ?? 1,
    replicas: sum("replicas"),
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    conditions: conditions(deployment, wanted, available, updated, sum("replicas"), sets, registry.stamp()),
  });
  reportReady(`${deployment.metadata.namespace ?? ""}/${deployment.metadata.name}`, ready, wanted);
};

const conditions = (
  deployment: KubeObject,
  wanted: number,
  available: number,
  updated: number,
  all: number,
  sets: readonly KubeObject[],
  now: string,
): readonly Fields[] => {
  const enough = available >= wanted - bounds(deployment, wanted).unavailable;
  const complete = updated === wanted && all === wanted && available === wanted;
  const failed = sets
    .flatMap((s) => listAt(s, "status", "conditions"))
    .find((c) => c["type"] === "ReplicaFailure");
  const next = [
    condition("Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"),
    condition("Progressing", true, complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated"),
    ...(failed ? [failed] : []),
  ];
  const before = listAt(deployment, "status", "conditions");
  return next.map((c) => {
    const was = before.find((b) => b["type"] === c["type"]);
    const { lastTransitionTime: _, ...rest } = was ?? {};
    return same(rest, c) && was ? was : { ...c, lastTransitionTime: now };
  });
};

const condition = (type: string, holds: boolean, reason: string): Fields => ({
  type,
  status: holds ? "True" : "False",
  reason,
});
