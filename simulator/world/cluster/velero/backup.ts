/** Velero Backups: what of a cluster goes into object storage. Kinds that discovery doesn't show are left out without a word. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { at, namespaceOf, textsAt } from "../fields.ts";
import type { Resource } from "../kinds.ts";
import type { Machine } from "../machine.ts";
import { takesAllNamespaces, takesLabels, takesNamespace, takesResource } from "./selection.ts";
import type { BackupItem } from "./storage.ts";

const NEVER = new Set(["events", "events.events.k8s.io"]);
const DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";

/** Everything that the Backup's spec takes, as it is now. */
export const collect = (machine: Machine, spec: unknown): readonly BackupItem[] => {
  const { kinds } = machine.registry;
  const stored = kinds
    .all()
    .filter(
      (r) =>
        r.version === r.storageVersion &&
        r.storedAs === undefined &&
        !NEVER.has(r.key) &&
        takesResource(spec, r),
    );
  const namespaced = stored.filter((r) => r.namespaced).flatMap((r) => inNamespaces(machine, r, spec));
  const scoped = stored
    .filter((r) => !r.namespaced)
    .flatMap((r) => clusterScoped(machine, r, spec, namespaced));
  return [...scoped, ...namespaced];
};

const inNamespaces = (machine: Machine, resource: Resource, spec: unknown): readonly BackupItem[] =>
  machine.store
    .list(resource.key)
    .filter((object) => takesNamespace(spec, namespaceOf(object)) && takesLabels(spec, object))
    .map((object) => ({ key: resource.key, object }));

/** Namespaces go with what is in them; the rest as includeClusterResources says, which unset means: only what the included objects need. */
const clusterScoped = (
  machine: Machine,
  resource: Resource,
  spec: unknown,
  namespaced: readonly BackupItem[],
): readonly BackupItem[] => {
  const all = machine.store.list(resource.key).filter((object) => takesLabels(spec, object));
  const items = (objects: readonly KubeObject[]) => objects.map((object) => ({ key: resource.key, object }));
  if (resource.key === "namespaces")
    return items(all.filter((object) => takesNamespace(spec, object.metadata.name)));
  const wanted = at(spec, "includeClusterResources");
  const bound = new Set(namespaced.map((item) => at(item.object, "spec", "volumeName")));
  // A claim takes its volume along, whatever labels that has.
  const volumes =
    resource.key === "persistentvolumes" && wanted !== false
      ? machine.store.list(resource.key).filter((o) => bound.has(o.metadata.name) && !all.includes(o))
      : [];
  if (
    wanted === true ||
    (wanted !== false && takesAllNamespaces(spec)) ||
    textsAt(spec, "includedResources").length > 0
  )
    return wanted === false ? [] : items([...all, ...volumes]);
  if (wanted === false) return [];
  const used = new Set(namespaced.map((item) => item.key));
  if (resource.key === DEFINITIONS) return items(all.filter((object) => used.has(object.metadata.name)));
  if (resource.key !== "persistentvolumes") return [];
  return items([...all.filter((object) => bound.has(object.metadata.name)), ...volumes]);
};
