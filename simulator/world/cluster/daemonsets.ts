/** DaemonSets: one pod on every node that suits, replaced one by one when the template changes. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { ReportReady } from "./deployments.ts";
import { at, fieldsAt, isDeleting, labelsOf, numberAt, share, textAt } from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import type { Nodes } from "./nodes.ts";
import { mismatch } from "./placement.ts";
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

const KEY = "daemonsets.apps";
const WHO = controllerWho("daemon-set-controller");
const HASH = "controller-revision-hash";

export const daemonSets = (
  machine: Machine,
  pods: Pods,
  nodes: Nodes,
  reportReady: ReportReady,
): Controller => {
  const { registry, store, queue } = machine;
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const set = store.get(KEY, namespace, name);
    if (!set || isDeleting(set)) return;
    const { active, leaving } = ownPods(machine, pods, set);
    const wanted = eligible(nodes, set);
    const taken = new Set([...active, ...leaving].map((o) => nodeOf(o.object)));
    for (const node of wanted) if (!taken.has(node)) create(machine, set, node);
    for (const { object } of active) if (!wanted.includes(nodeOf(object))) dismiss(machine, object, WHO);
    update(machine, set, active, wanted.length);
    const now = ownPods(machine, pods, set).active;
    const next = nextAvailableMs(machine, now, minReadyOf(set));
    if (next !== undefined) queue.enqueueAfter(controller, key, next);
    const ready = now.filter(isReady).length;
    const available = now.filter((o) => isAvailable(machine, o, minReadyOf(set))).length;
    const hash = templateHash(fieldsAt(set, "spec", "template"));
    registry.setStatus(KEY, set, {
      observedGeneration: numberAt(set, "metadata", "generation") ?? 1,
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: now.length,
      numberReady: ready,
      numberAvailable: available,
      numberUnavailable: Math.max(0, wanted.length - available),
      updatedNumberScheduled: now.filter((o) => labelsOf(o.object)[HASH] === hash).length,
      numberMisscheduled: 0,
    });
    reportReady(key, ready, wanted.length);
  };
  const controller: Controller = {
    name: "daemon-set-controller",
    watches: {
      [KEY]: selfKey,
      pods: ownerKey("DaemonSet"),
      nodes: () => store.list(KEY).flatMap(selfKey),
    },
    reconcile,
  };
  return controller;
};

const nodeOf = (pod: KubeObject): string => textAt(pod, "spec", "nodeName") ?? "";

/** The controller tolerates what a node says of itself (not ready, unschedulable, pressure). */
const eligible = (nodes: Nodes, set: KubeObject): readonly string[] => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "" },
    spec: at(set, "spec", "template", "spec"),
  };
  return [...nodes.all()]
    .filter((node) => node.ready && mismatch(pod, node) === undefined)
    .map((node) => node.name);
};

const create = (machine: Machine, set: KubeObject, node: string): void => {
  const { registry } = machine;
  const template = fieldsAt(set, "spec", "template");
  const extra = { nodeName: node, labels: { [HASH]: templateHash(template) } };
  registry.create(
    registry.resource("pods"),
    podOf(set, template, { generateName: `${set.metadata.name}-` }, extra),
    WHO,
  );
};

const update = (machine: Machine, set: KubeObject, active: readonly Owned[], wanted: number): void => {
  if (at(set, "spec", "updateStrategy", "type") === "OnDelete") return;
  const hash = templateHash(fieldsAt(set, "spec", "template"));
  const limit = Math.max(
    1,
    share(at(set, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), wanted, "up"),
  );
  // A node whose pod has gone and whose next one was made a moment ago counts as well.
  const out = wanted - active.filter((o) => isAvailable(machine, o, minReadyOf(set))).length;
  const stale = active.filter((o) => labelsOf(o.object)[HASH] !== hash);
  for (const { object } of stale.slice(0, Math.max(0, limit - out))) dismiss(machine, object, WHO);
};
