/** Velero Restores: in which order, in what form, and what is passed over. One object after the other. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { byCodeUnit } from "../../../../domain/kube.ts";
import {
  annotationsOf,
  at,
  type Fields,
  fieldsAt,
  listAt,
  namespaceOf,
  pathOf,
  same,
  textAt,
  textsAt,
  withAt,
  withMetadata,
} from "../fields.ts";
import { isFinishedJob } from "../jobs.ts";
import type { Resource } from "../kinds.ts";
import type { Machine } from "../machine.ts";
import type { Who } from "../registry.ts";
import { ApiError } from "../status.ts";
import { type Modifiers, modified } from "./modifiers.ts";
import { takesLabels, takesNamespace, takesResource } from "./selection.ts";
import { fromSnapshot, SnapshotPending, snapshotOf } from "./snapshots.ts";
import type { BackupItem, BackupStorage, StoredBackup } from "./storage.ts";

/** Velero's own order: these first, the rest by name. Pods and ReplicaSets come before what would own them. */
const FIRST = [
  "customresourcedefinitions.apiextensions.k8s.io",
  "namespaces",
  "storageclasses.storage.k8s.io",
  "persistentvolumes",
  "persistentvolumeclaims",
  "serviceaccounts",
  "secrets",
  "configmaps",
  "limitranges",
  "pods",
  "replicasets.apps",
  "services",
];
/** Never restored. */
const NEVER = new Set(
  "nodes events events.events.k8s.io backups.velero.io restores.velero.io csinodes.storage.k8s.io volumeattachments.storage.k8s.io endpoints endpointslices.discovery.k8s.io".split(
    " ",
  ),
);

/** What of a backup the Restore's spec takes and this cluster knows, in the order in which it is restored. */
export const planRestore = (machine: Machine, backup: StoredBackup, spec: unknown): readonly BackupItem[] => {
  const rank = (key: string) => {
    const place = FIRST.indexOf(key);
    return place < 0 ? FIRST.length : place;
  };
  const scoped = at(spec, "includeClusterResources");
  const taken = takenKinds(machine, backup, spec);
  return candidates(backup, spec)
    .filter(({ key, object }) => {
      const kind = taken(key);
      if (kind === "all" || kind === "none") return kind === "all";
      if (!takesLabels(spec, object)) return false;
      if (key === "namespaces") return takesNamespace(spec, object.metadata.name);
      return kind.namespaced ? takesNamespace(spec, namespaceOf(object)) : scoped !== false;
    })
    .toSorted(
      (a, b) =>
        rank(a.key) - rank(b.key) ||
        byCodeUnit(a.key, b.key) ||
        byCodeUnit(pathOf(a.object), pathOf(b.object)),
    );
};

const indexes = new WeakMap<StoredBackup, ReadonlyMap<string, readonly BackupItem[]>>();

/** Restores of one namespace each don't look at every object of a large platform: those of no namespace, and of the named ones. */
const candidates = (backup: StoredBackup, spec: unknown): readonly BackupItem[] => {
  const included = textsAt(spec, "includedNamespaces");
  if (included.length === 0 || included.includes("*")) return backup.items;
  const index = indexes.get(backup) ?? Map.groupBy(backup.items, ({ object }) => namespaceOf(object));
  indexes.set(backup, index);
  return [...new Set(["", ...included])].flatMap((namespace) => index.get(namespace) ?? []);
};

/** What a Restore takes of each kind, told once for each: all of it, nothing, or what its namespaces and labels say. */
const takenKinds = (machine: Machine, backup: StoredBackup, spec: unknown) => {
  const known = new Map<string, Resource | "all" | "none">();
  return (key: string): Resource | "all" | "none" => {
    const found = known.get(key) ?? takenKind(machine, backup, spec, key);
    known.set(key, found);
    return found;
  };
};

const takenKind = (
  machine: Machine,
  backup: StoredBackup,
  spec: unknown,
  key: string,
): Resource | "all" | "none" => {
  const resource = machine.registry.kinds.stored(key);
  // A kind that only a definition of this backup brings is known by the time its objects are restored.
  if (!resource)
    return backup.items.some((i) => i.key === FIRST[0] && i.object.metadata.name === key) ? "all" : "none";
  return NEVER.has(key) || !takesResource(spec, resource) ? "none" : resource;
};

export type Outcome =
  | { readonly kind: "restored" | "skipped" }
  | { readonly kind: "warning" | "error"; readonly sentence: string };

/** Restores one object. Never throws for a refusal: it is an error of the Restore. */
export const restoreItem = (
  machine: Machine,
  item: BackupItem,
  labels: Readonly<Record<string, string>>,
  rules: Modifiers,
  who: Who,
  /** existingResourcePolicy `update`: what exists is brought to what was backed up, as far as the API lets it. */
  updates: boolean,
  from: FromSnapshots | undefined,
): Outcome => {
  const { registry, store } = machine;
  const resource = registry.kinds.stored(item.key);
  const copied = from !== undefined && snapshotOf(from.backup, item) !== undefined;
  if (!resource || (isOver(item) && !copied)) return { kind: "skipped" };
  const name = `${item.key} ${pathOf(item.object)}`;
  try {
    const plain = modified(rules, item.key, prepare(item));
    const existing = store.get(item.key, namespaceOf(plain), plain.metadata.name);
    if (existing && copied) return already(name, existing, plain);
    const prepared = copied ? fromSnapshot(machine, from.storage, from.backup, item, plain) : plain;
    if (existing && !updates) return already(name, existing, prepared);
    if (existing) return brought(machine, resource, existing, prepared, who);
    const labelled = withMetadata(prepared, { labels: { ...prepared.metadata.labels, ...labels } });
    registry.create(resource, labelled, who);
    return { kind: "restored" };
  } catch (error) {
    if (error instanceof SnapshotPending) return { kind: "error", sentence: error.message };
    if (!(error instanceof ApiError)) throw error;
    return { kind: "error", sentence: `error restoring ${name}: ${error.message}` };
  }
};

/** Where the snapshots of volumes come from that a Restore makes anew. */
export type FromSnapshots = { readonly backup: StoredBackup; readonly storage: BackupStorage };

const already = (name: string, existing: KubeObject, prepared: KubeObject): Outcome =>
  same(existing["spec"], prepared["spec"]) && same(existing["data"], prepared["data"])
    ? { kind: "skipped" }
    : {
        kind: "warning",
        sentence: `could not restore, ${name} already exists. Warning: the in-cluster version is different than the backed-up version`,
      };

/** A refusal of the update is a warning only: updates are best effort. */
const brought = (
  machine: Machine,
  resource: Resource,
  existing: KubeObject,
  prepared: KubeObject,
  who: Who,
): Outcome => {
  const kept = { resourceVersion: existing.metadata["resourceVersion"], uid: existing.metadata["uid"] };
  try {
    machine.registry.update(resource, existing, withMetadata(prepared, kept), who);
    return { kind: "restored" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { kind: "warning", sentence: `could not update ${pathOf(existing)}: ${error.message}` };
  }
};

/** Pods and Jobs that have run to their end stay where they are, and disks that a claim would make anew. */
const isOver = ({ key, object }: BackupItem): boolean => {
  const phase = textAt(object, "status", "phase");
  if (key === "pods") return phase === "Succeeded" || phase === "Failed";
  if (key === "jobs.batch") return isFinishedJob(object);
  return key === "persistentvolumes" && at(object, "spec", "persistentVolumeReclaimPolicy") === "Delete";
};

/** Without what belongs to the cluster it came from. */
const prepare = ({ key, object }: BackupItem): KubeObject => {
  const { status: _, ...rest } = object;
  const bare = withMetadata(rest as KubeObject, {
    uid: undefined,
    resourceVersion: undefined,
    generation: undefined,
    creationTimestamp: undefined,
    deletionTimestamp: undefined,
    managedFields: undefined,
    ownerReferences: undefined,
    selfLink: undefined,
    generateName: undefined,
  });
  if (key === "services") return service(bare);
  if (key === "pods") return withAt(bare, ["spec", "nodeName"], undefined);
  if (key === "persistentvolumeclaims") return claim(bare);
  if (key === "jobs.batch") return job(bare);
  return bare;
};

/** Addresses and automatic node ports are the new cluster's to give. */
const service = (object: KubeObject): KubeObject => {
  const spec = fieldsAt(object, "spec");
  const { clusterIP, clusterIPs: _, healthCheckNodePort: __, ...kept } = spec;
  const headless = clusterIP === "None" ? { clusterIP: "None" } : {};
  const ports = listAt(spec, "ports").map(({ nodePort: _port, ...port }): Fields => port);
  return { ...object, spec: { ...kept, ...headless, ...(spec["ports"] === undefined ? {} : { ports }) } };
};

const claim = (object: KubeObject): KubeObject => {
  const annotations = Object.entries(annotationsOf(object)).filter(
    ([key]) => !key.startsWith("pv.kubernetes.io/") && !key.startsWith("volume."),
  );
  const unbound = withAt(object, ["spec", "volumeName"], undefined);
  return object.metadata.annotations === undefined
    ? unbound
    : withMetadata(unbound, { annotations: Object.fromEntries(annotations) });
};

const job = (object: KubeObject): KubeObject => {
  const labels = ["controller-uid", "batch.kubernetes.io/controller-uid"];
  const drop = (from: Fields) =>
    Object.fromEntries(Object.entries(from).filter(([key]) => !labels.includes(key)));
  const template = drop(fieldsAt(object, "spec", "template", "metadata", "labels"));
  const bare = withAt(
    withAt(object, ["spec", "selector"], undefined),
    ["spec", "template", "metadata", "labels"],
    template,
  );
  return object.metadata.labels === undefined
    ? bare
    : withMetadata(bare, { labels: drop(object.metadata.labels) });
};
