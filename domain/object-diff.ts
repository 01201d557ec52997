/**
 * Compares two objects field by field as people mean them: what a server sets by itself (status, ids, versions, allocated addresses, defaults)
 * is no difference. What is left is held against the changes that were planned.
 */

import { isSameJson } from "./canonical.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "./kube.ts";
import { isLoose } from "./pods.ts";

export type Difference = {
  /** `spec.template.spec.containers[app].image`: how people and the plan's `changes` name it. */
  readonly field: string;
  /** The keys down to the field, or to the first list on the way: what one merge patch can set. */
  readonly path: readonly string[];
  /** Absent is undefined. Never shown to people: it may hold a secret. */
  readonly left: unknown;
  readonly right: unknown;
};

/** Set by servers and controllers for themselves, in any object. */
const METADATA_OWN = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
  // Of the other cluster's objects: a restore strips them.
  "ownerReferences",
  "finalizers",
]);
const LABELS_OWN =
  /^(velero\.io\/(backup-name|restore-name|storage-location|exclude-from-backup)|repot\.dev\/.*)$/;
const ANNOTATIONS_OWN =
  /^(kubectl\.kubernetes\.io\/last-applied-configuration|control-plane\.alpha\.kubernetes\.io\/leader|autoscaling\.alpha\.kubernetes\.io\/.*|deployment\.kubernetes\.io\/revision|pv\.kubernetes\.io\/.*|volume\.(beta\.)?kubernetes\.io\/.*|velero\.io\/.*|repot\.dev\/.*|deprecated\.daemonset\.template\.generation)$/;

/** Fields that each cluster allocates for itself, by kind. */
const ALLOCATED: Readonly<Record<string, readonly string[]>> = {
  Service: [
    "spec.clusterIP",
    "spec.clusterIPs",
    "spec.ipFamilies",
    "spec.healthCheckNodePort",
    "spec.ports[].nodePort",
  ],
  PersistentVolumeClaim: ["spec.volumeName"],
  ServiceAccount: ["secrets"],
  Namespace: ["spec.finalizers"],
  Job: ["spec.selector", "spec.template.metadata.labels"],
  MutatingWebhookConfiguration: ["webhooks[].clientConfig.caBundle"],
  ValidatingWebhookConfiguration: ["webhooks[].clientConfig.caBundle"],
  APIService: ["spec.caBundle"],
};

/** What the API server fills in, by the field's last name: present on one side only, these say nothing. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  allocateLoadBalancerNodePorts: [true],
  concurrencyPolicy: ["Allow"],
  defaultMode: [420],
  dnsPolicy: ["ClusterFirst"],
  enableServiceLinks: [true],
  externalTrafficPolicy: ["Cluster"],
  failedJobsHistoryLimit: [1],
  failureThreshold: [3],
  imagePullPolicy: ["IfNotPresent", "Always"],
  internalTrafficPolicy: ["Cluster"],
  ipFamilyPolicy: ["SingleStack"],
  parallelism: [1],
  periodSeconds: [10],
  persistentVolumeClaimRetentionPolicy: [{ whenDeleted: "Retain", whenScaled: "Retain" }],
  podManagementPolicy: ["OrderedReady"],
  preemptionPolicy: ["PreemptLowerPriority"],
  progressDeadlineSeconds: [600],
  protocol: ["TCP"],
  restartPolicy: ["Always"],
  revisionHistoryLimit: [10],
  schedulerName: ["default-scheduler"],
  scheme: ["HTTP"],
  securityContext: [{}],
  sessionAffinity: ["None"],
  successThreshold: [1],
  successfulJobsHistoryLimit: [3],
  suspend: [false],
  terminationGracePeriodSeconds: [30],
  terminationMessagePath: ["/dev/termination-log"],
  terminationMessagePolicy: ["File"],
  timeoutSeconds: [1],
  volumeMode: ["Filesystem"],
};

/** Empty, and what a server fills in, are the same as absent. */
const saysNothing = (name: string, value: unknown): boolean => {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (isLoose(value) && Object.keys(value).length === 0) return true;
  return (DEFAULTS[name] ?? []).some((d) => isSameJson(d, value));
};

const without = (map: unknown, own: RegExp): Readonly<Record<string, unknown>> | undefined => {
  if (!isLoose(map)) return undefined;
  const kept = Object.entries(map).filter(([key]) => !own.test(key));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};

/** An object without what servers and controllers set for themselves. */
export const normalised = (object: KubeObject): Readonly<Record<string, unknown>> => {
  const { status: _status, metadata, ...rest } = object;
  const kept = Object.entries(metadata)
    .filter(([key]) => !METADATA_OWN.has(key))
    .map(([key, value]) => {
      if (key === "labels") return [key, without(value, LABELS_OWN)] as const;
      if (key === "annotations") return [key, without(value, ANNOTATIONS_OWN)] as const;
      return [key, value] as const;
    })
    .filter(([, value]) => value !== undefined);
  return { ...rest, metadata: Object.fromEntries(kept) };
};

const nameIn = (item: unknown): string | undefined => {
  if (!isLoose(item)) return undefined;
  return typeof item["name"] === "string" ? item["name"] : undefined;
};

/** Items of a list by their names, where each has one of its own; else by their place. */
const keyed = (list: readonly unknown[], other: readonly unknown[]): ReadonlyMap<string, unknown> => {
  const names = (of: readonly unknown[]) => {
    const found = of.map(nameIn);
    return found.every((n) => n !== undefined) && new Set(found).size === of.length;
  };
  const byName = names(list) && names(other);
  return new Map(list.map((item, i) => [byName ? (nameIn(item) ?? "") : String(i), item]));
};

const MAX = 200;

type Place = {
  readonly field: string;
  readonly name: string;
  readonly path: readonly string[];
  readonly inList: boolean;
};

const TOP: Place = { field: "", name: "", path: [], inList: false };

const inside = ({ field, path, inList }: Place, key: string): Place => ({
  field: field === "" ? key : `${field}.${key}`,
  name: key,
  path: inList ? path : [...path, key],
  inList,
});

const walk = (left: unknown, right: unknown, place: Place, found: Difference[]): void => {
  if (found.length >= MAX || isSameJson(left ?? null, right ?? null)) return;
  if (isLoose(left) && isLoose(right)) {
    for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort(byCodeUnit))
      walk(left[key], right[key], inside(place, key), found);
    return;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    const [l, r] = [keyed(left, right), keyed(right, left)];
    for (const key of [...new Set([...l.keys(), ...r.keys()])])
      walk(
        l.get(key),
        r.get(key),
        { ...place, field: `${place.field}[${key}]`, name: "", inList: true },
        found,
      );
    return;
  }
  if (saysNothing(place.name, left) && saysNothing(place.name, right)) return;
  // One side has a whole branch that the other lacks: compared leaf by leaf, so that a branch of defaults is none.
  if ((left === undefined && isLoose(right)) || (right === undefined && isLoose(left))) {
    walk(left ?? {}, right ?? {}, place, found);
    return;
  }
  found.push({ field: place.field, path: place.path, left, right });
};

const isAllocated = (object: KubeObject, field: string): boolean => {
  const general = field.replace(/\[[^\]]*\]/g, "[]");
  return (ALLOCATED[object.kind] ?? []).some(
    (own) => general === own || general.startsWith(`${own}.`) || general.startsWith(`${own}[`),
  );
};

/** What is different, in the order of the fields. A headless Service against one with an address is a difference. */
export const diffObjects = (left: KubeObject, right: KubeObject): readonly Difference[] => {
  const found: Difference[] = [];
  walk(normalised(left), normalised(right), TOP, found);
  return found.filter((d) => {
    if (d.field === "spec.clusterIP" && (d.left === "None" || d.right === "None")) return true;
    return !isAllocated(left, d.field);
  });
};

/** A field in which an object may differ, and the value that it then has; any value where `to` is absent. */
export type Expected = { readonly object: string; readonly field: string; readonly to?: unknown };

/** Quoted keys, indexes and names are written in more than one way: fields are compared without the punctuation. */
const spelled = (field: string): string => field.replace(/["'\]]/g, "").replace(/[[/]/g, ".");

/** Whether a difference is one that was planned: the field (or a branch above it) is named, and the right side has the value named. */
export const isExpected = (
  object: KubeObject,
  difference: Difference,
  expected: readonly Expected[],
): boolean => {
  const who = sentenceOf(refOf(object));
  const field = spelled(difference.field);
  return expected.some((e) => {
    if (e.object !== who) return false;
    const named = spelled(e.field);
    if (field.startsWith(`${named}.`)) return true;
    if (field !== named) return false;
    return !("to" in e) || isSameJson(e.to ?? null, difference.right ?? null);
  });
};
