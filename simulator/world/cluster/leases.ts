/**
 * Leader election: a workload that names a Lease holds it through one of its pods. The lease is per cluster: nothing here knows of the other
 * side. Renewals happen every two seconds in truth; here a lease is brought up to date when somebody reads it.
 */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import { at, fieldsAt, listAt, namespaceOf, numberAt, textAt, textsAt } from "./fields.ts";
import type { Machine } from "./machine.ts";
import type { Pod, Pods } from "./pods.ts";

const KEY = "leases.coordination.k8s.io";
const DURATION_SECONDS = 15;
const NAMED = /^--?(?:leader[-_]elect(?:ion)?(?:[-_](?:resource[-_])?(?:id|name))|lease[-_]name)=(.+)$/;
const ENVIRONMENT = /^(?:LEADER_ELECTION_(?:ID|NAME)|LEASE_NAME)$/;
const ELECTS = /^--?leader[-_]elect(?:ion)?(?:=true)?$/;

/** The name of the Lease that a pod's containers compete for; undefined where nothing says that they do. */
export const leaseNameOf = (pod: KubeObject, workload: string): string | undefined => {
  let elects = false;
  for (const container of listAt(pod, "spec", "containers")) {
    for (const argument of [...textsAt(container, "command"), ...textsAt(container, "args")]) {
      const named = NAMED.exec(argument)?.[1];
      if (named !== undefined) return named;
      elects ||= ELECTS.test(argument);
    }
    const variable = listAt(container, "env").find((e) => ENVIRONMENT.test(textAt(e, "name") ?? ""));
    const value = textAt(variable, "value");
    if (value !== undefined) return value;
  }
  return elects ? workload.slice(workload.indexOf("/") + 1) : undefined;
};

/** @returns what brings all leases up to date; called before leases are read. */
export const makeLeases = (machine: Machine, pods: Pods): (() => void) => {
  /** `namespace/lease` → until when a holder that is gone still holds it. */
  const lapses = new Map<string, number>();
  const candidates = new Map<string, string | undefined>();
  const leaseOf = (pod: Pod): string | undefined => {
    if (candidates.has(pod.uid)) return candidates.get(pod.uid);
    const object = machine.store.get("pods", pod.namespace, pod.name);
    const name = object && (leaseNameOf(object, pod.workload) ?? leaseByName(machine, pod));
    candidates.set(pod.uid, name);
    return name;
  };
  return () => {
    const rivals = new Map<string, Pod[]>();
    for (const pod of pods.all()) {
      const name = leaseOf(pod);
      if (name === undefined || !pod.accepting) continue;
      const key = `${pod.namespace}/${name}`;
      rivals.set(key, [...(rivals.get(key) ?? []), pod]);
    }
    for (const lease of machine.store.list(KEY)) {
      const key = `${namespaceOf(lease)}/${lease.metadata.name}`;
      if (!rivals.has(key)) lapse(lapses, key, machine.clock.now());
    }
    for (const [key, those] of [...rivals].sort(([a], [b]) => byCodeUnit(a, b)))
      renew(machine, lapses, key, those);
  };
};

/** A Lease that was there from the start and is called like the workload, or held by one of its pods. */
const leaseByName = (machine: Machine, pod: Pod): string | undefined => {
  const workload = pod.workload.slice(pod.workload.indexOf("/") + 1);
  for (const lease of machine.store.in(KEY, pod.namespace)) {
    const holder = textAt(lease, "spec", "holderIdentity") ?? "";
    if (lease.metadata.name === workload || holder.startsWith(`${workload}-`)) return lease.metadata.name;
  }
  return undefined;
};

const lapse = (lapses: Map<string, number>, key: string, now: number): void => {
  if (!lapses.has(key)) lapses.set(key, now + DURATION_SECONDS * 1_000);
};

const renew = (machine: Machine, lapses: Map<string, number>, key: string, rivals: readonly Pod[]): void => {
  const { clock, store, registry } = machine;
  const slash = key.indexOf("/");
  const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)];
  const lease = store.get(KEY, namespace, name);
  const holder = textAt(lease, "spec", "holderIdentity");
  const holding = rivals.find((pod) => pod.name === holder);
  const until = lapses.get(key);
  // Another's hold must lapse first; a holder that went away says nothing.
  if (!holding && holder && (until === undefined || clock.now() < until)) {
    lapse(lapses, key, clock.now());
    return;
  }
  lapses.delete(key);
  const next = holding ?? [...rivals].sort((a, b) => byCodeUnit(a.name, b.name))[0];
  if (!next) return;
  const now = `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`;
  const spec = {
    holderIdentity: next.name,
    leaseDurationSeconds: DURATION_SECONDS,
    acquireTime: holding ? (at(lease, "spec", "acquireTime") ?? now) : now,
    renewTime: now,
    leaseTransitions: (numberAt(lease, "spec", "leaseTransitions") ?? 0) + (holding || !lease ? 0 : 1),
  };
  const base = lease ?? {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace, uid: registry.uid(), creationTimestamp: registry.stamp() },
  };
  store.put(KEY, { ...base, spec: { ...fieldsAt(lease, "spec"), ...spec } });
};
