/** StatefulSets: pods with ordinals, started in order and stopped in reverse, each with its own claims. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { ReportReady } from "./deployments.ts";
import { at, fieldsAt, isDeleting, labelsOf, listAt, numberAt } from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import type { Pods } from "./pods.ts";
import {
  dismiss,
  isAvailable,
  isReady,
  minReadyOf,
  nextAvailableMs,
  type Owned,
  ownerKey,
  ownPods,
  podOf,
  selfKey,
  templateHash,
} from "./replicas.ts";

const KEY = "statefulsets.apps";
const WHO = controllerWho("statefulset-controller");
const HASH = "controller-revision-hash";

export const statefulSets = (machine: Machine, pods: Pods, reportReady: ReportReady): Controller => {
  const { registry, store, queue } = machine;
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const set = store.get(KEY, namespace, name);
    if (!set || isDeleting(set)) return;
    const own = ownPods(machine, pods, set);
    act(machine, set, own.active, own.leaving);
    const { active } = ownPods(machine, pods, set);
    const next = nextAvailableMs(machine, active, minReadyOf(set));
    if (next !== undefined) queue.enqueueAfter(controller, key, next);
    const wanted = numberAt(set, "spec", "replicas") ?? 1;
    const hash = templateHash(fieldsAt(set, "spec", "template"));
    const ready = active.filter(isReady).length;
    const updated = active.filter((o) => labelsOf(o.object)[HASH] === hash).length;
    registry.setStatus(KEY, set, {
      observedGeneration: numberAt(set, "metadata", "generation") ?? 1,
      replicas: active.length,
      readyReplicas: ready,
      availableReplicas: active.filter((o) => isAvailable(machine, o, minReadyOf(set))).length,
      currentReplicas: updated,
      updatedReplicas: updated,
      currentRevision: `${name}-${hash}`,
      updateRevision: `${name}-${hash}`,
      collisionCount: 0,
    });
    reportReady(key, ready, wanted);
  };
  const controller: Controller = {
    name: "statefulset-controller",
    watches: { [KEY]: selfKey, pods: ownerKey("StatefulSet") },
    reconcile,
  };
  return controller;
};

const ordinalOf = (object: KubeObject): number => Number(/-(\d+)$/.exec(object.metadata.name)?.[1] ?? -1);

/** One step: with OrderedReady a pod at a time, with Parallel all that scaling needs. */
const act = (
  machine: Machine,
  set: KubeObject,
  active: readonly Owned[],
  leaving: readonly Owned[],
): void => {
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const first = numberAt(set, "spec", "ordinals", "start") ?? 0;
  const parallel = at(set, "spec", "podManagementPolicy") === "Parallel" || machine.loading();
  const byOrdinal = new Map(active.map((o) => [ordinalOf(o.object), o]));
  const going = new Set(leaving.map((o) => ordinalOf(o.object)));
  for (let n = first; n < first + wanted; n += 1) {
    const here = byOrdinal.get(n);
    if (!here && !going.has(n)) create(machine, set, n);
    if (!parallel && !(here && isAvailable(machine, here, minReadyOf(set)))) return;
  }
  const surplus = active
    // Below the first ordinal, too: `ordinals.start` may have been raised.
    .filter((o) => ordinalOf(o.object) >= first + wanted || ordinalOf(o.object) < first)
    .sort((a, b) => ordinalOf(b.object) - ordinalOf(a.object));
  if (surplus.length > 0) {
    if (!parallel && leaving.length > 0) return;
    for (const { object } of parallel ? surplus : surplus.slice(0, 1)) dismiss(machine, object, WHO);
    return;
  }
  update(machine, set, active, leaving);
};

/** The highest ordinal of the old template goes first, one at a time; OnDelete waits for a person. */
const update = (
  machine: Machine,
  set: KubeObject,
  active: readonly Owned[],
  leaving: readonly Owned[],
): void => {
  if (at(set, "spec", "updateStrategy", "type") === "OnDelete" || leaving.length > 0) return;
  const hash = templateHash(fieldsAt(set, "spec", "template"));
  const partition = numberAt(set, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  if (!active.every((o) => isAvailable(machine, o, minReadyOf(set)) || labelsOf(o.object)[HASH] !== hash))
    return;
  const stale = active
    .filter((o) => ordinalOf(o.object) >= partition && labelsOf(o.object)[HASH] !== hash)
    .sort((a, b) => ordinalOf(b.object) - ordinalOf(a.object));
  const [next] = stale;
  if (next) dismiss(machine, next.object, WHO);
};

const create = (machine: Machine, set: KubeObject, ordinal: number): void => {
  const { registry, store } = machine;
  const namespace = set.metadata.namespace ?? "";
  const name = `${set.metadata.name}-${ordinal}`;
  if (store.get("pods", namespace, name)) return;
  const template = fieldsAt(set, "spec", "template");
  const claims = listAt(set, "spec", "volumeClaimTemplates");
  for (const claim of claims) createClaim(machine, set, claim as unknown as KubeObject, name);
  const volumes = claims.map((claim) => {
    const volume = String(at(claim, "metadata", "name"));
    return { name: volume, persistentVolumeClaim: { claimName: `${volume}-${name}` } };
  });
  const labels = {
    "statefulset.kubernetes.io/pod-name": name,
    "apps.kubernetes.io/pod-index": String(ordinal),
    [HASH]: templateHash(template),
  };
  const pod = podOf(set, template, { name }, { labels });
  const spec = fieldsAt(pod, "spec");
  const withClaims =
    volumes.length === 0
      ? pod
      : { ...pod, spec: { ...spec, volumes: [...listAt(spec, "volumes"), ...volumes] } };
  registry.create(registry.resource("pods"), withClaims, WHO);
};

const createClaim = (machine: Machine, set: KubeObject, template: KubeObject, pod: string): void => {
  const { registry, store } = machine;
  const namespace = set.metadata.namespace ?? "";
  const name = `${template.metadata.name}-${pod}`;
  if (store.get("persistentvolumeclaims", namespace, name)) return;
  const labels = fieldsAt(set, "spec", "selector", "matchLabels") as Readonly<Record<string, string>>;
  const claim = {
    ...template,
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace, labels },
  };
  registry.create(registry.resource("persistentvolumeclaims"), claim, WHO);
};
