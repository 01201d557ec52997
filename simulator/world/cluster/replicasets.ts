/** ReplicaSets: keep a number of pods of one template. */

import type { KubeObject } from "../../../domain/kube.ts";
import { controllerOf, fieldsAt, isDeleting, numberAt } from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import type { Pods } from "./pods.ts";
import {
  adopt,
  byDispensability,
  dismiss,
  isAvailable,
  isReady,
  minReadyOf,
  nextAvailableMs,
  ownerKey,
  ownPods,
  podOf,
  selfKey,
} from "./replicas.ts";
import { ApiError } from "./status.ts";

const KEY = "replicasets.apps";
const WHO = controllerWho("replicaset-controller");
/** The work queue's rate limiter ends at 1,000 seconds (client-go, DefaultControllerRateLimiter); events of other objects come sooner. */
const RETRY_MS = 5_000;
const RETRY_MAX_MS = 300_000;

type Refusal = { readonly times: number; readonly until: number; readonly message: string };

/** What is refused is tried again later each time, and not in between, whatever event comes. */
const makeBackoff = ({ clock }: Machine) => {
  const refusals = new Map<string, Refusal>();
  return {
    /** Why nothing is tried now; undefined where it may be. */
    holds: (key: string): string | undefined => {
      const refusal = refusals.get(key);
      return refusal && clock.now() < refusal.until ? refusal.message : undefined;
    },
    /** @returns milliseconds until the next try. */
    refused: (key: string, message: string): number => {
      const times = refusals.get(key)?.times ?? 0;
      const delay = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** times);
      refusals.set(key, { times: times + 1, until: clock.now() + delay, message });
      return delay;
    },
    clear: (key: string): void => void refusals.delete(key),
  };
};

export const replicaSets = (machine: Machine, pods: Pods): Controller => {
  const { registry, store, queue } = machine;
  const adoptOrphans = (set: KubeObject) => {
    const orphans = [...store.in("pods", set.metadata.namespace ?? "")].filter((pod) => !controllerOf(pod));
    if (orphans.length > 0) adopt(machine, orphans, "pods", set);
  };
  const seen = new Set<string>();
  const backoff = makeBackoff(machine);
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const set = store.get(KEY, namespace, name);
    if (!set) return void seen.delete(key);
    if (isDeleting(set)) return;
    // Orphans are looked for once; after that a new orphan's own event names its adopters.
    if (!seen.has(key)) {
      seen.add(key);
      adoptOrphans(set);
    }
    const { active } = ownPods(machine, pods, set);
    const wanted = numberAt(set, "spec", "replicas") ?? 1;
    let failure: string | undefined;
    if (active.length < wanted) failure = create(set, wanted - active.length);
    if (active.length > wanted)
      for (const { object } of active.toSorted(byDispensability).slice(0, active.length - wanted))
        dismiss(machine, object, WHO);
    const next = report(machine, pods, set, failure);
    if (next !== undefined) queue.enqueueAfter(controller, key, next);
  };
  /** @returns why a pod was refused, if one was; it is tried again later. */
  const create = (set: KubeObject, count: number): string | undefined => {
    const held = backoff.holds(selfKey(set)[0] ?? "");
    if (held !== undefined) return held;
    const template = fieldsAt(set, "spec", "template");
    for (let i = 0; i < count; i += 1) {
      try {
        registry.create(
          registry.resource("pods"),
          podOf(set, template, { generateName: `${set.metadata.name}-` }),
          WHO,
        );
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const key = selfKey(set)[0] ?? "";
        queue.enqueueAfter(controller, key, backoff.refused(key, error.message));
        return error.message;
      }
    }
    backoff.clear(selfKey(set)[0] ?? "");
    return undefined;
  };
  const controller: Controller = {
    name: "replicaset-controller",
    watches: { [KEY]: selfKey, pods: podKeys(machine, seen) },
    reconcile,
  };
  return controller;
};

/** Writes a set's status. @returns milliseconds until one of its pods becomes available, if one will. */
const report = (
  machine: Machine,
  pods: Pods,
  set: KubeObject,
  failure: string | undefined,
): number | undefined => {
  const { active } = ownPods(machine, pods, set);
  const minReady = minReadyOf(set);
  const next = nextAvailableMs(machine, active, minReady);
  const conditions =
    failure === undefined
      ? {}
      : {
          conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: failure }],
        };
  machine.registry.setStatus(KEY, set, {
    replicas: active.length,
    fullyLabeledReplicas: active.length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((o) => isAvailable(machine, o, minReady)).length,
    observedGeneration: numberAt(set, "metadata", "generation") ?? 1,
    ...conditions,
  });
  return next;
};

/** A pod's event wakes its owner; a pod that nobody owns wakes every set of its namespace, which may adopt it. */
const podKeys = (machine: Machine, seen: Set<string>) => {
  const owned = ownerKey("ReplicaSet");
  return (pod: KubeObject): readonly string[] => {
    if (controllerOf(pod) || isDeleting(pod)) return owned(pod);
    const keys = [...machine.store.in(KEY, pod.metadata.namespace ?? "")].flatMap(selfKey);
    for (const key of keys) seen.delete(key);
    return keys;
  };
};
