/** Which kinds and objects a Backup or Restore takes: names of resources as people write them, namespaces, labels. */

import type { KubeObject } from "../../../../domain/kube.ts";
import { at, fieldsAt, isFields, labelsOf, selects, textsAt } from "../fields.ts";
import type { Resource } from "../kinds.ts";

/** `deployments`, `deployments.apps`, `deployment`, `deploy` and `*` all name it, in any case. */
export const isNamed = (names: readonly string[], resource: Resource): boolean =>
  names.some((name) => {
    const lower = name.toLowerCase();
    return (
      lower === "*" ||
      lower === resource.resource ||
      lower === resource.key ||
      lower === resource.kind.toLowerCase() ||
      resource.shortNames.includes(lower)
    );
  });

/** An empty list of included ones means all; excluded ones win. */
export const takesResource = (spec: unknown, resource: Resource): boolean => {
  const included = textsAt(spec, "includedResources");
  return (
    (included.length === 0 || isNamed(included, resource)) &&
    !isNamed(textsAt(spec, "excludedResources"), resource)
  );
};

export const takesNamespace = (spec: unknown, namespace: string): boolean => {
  const included = textsAt(spec, "includedNamespaces");
  const excluded = textsAt(spec, "excludedNamespaces");
  return (
    (included.length === 0 || included.includes("*") || included.includes(namespace)) &&
    !excluded.includes(namespace)
  );
};

export const takesAllNamespaces = (spec: unknown): boolean => {
  const included = textsAt(spec, "includedNamespaces");
  return (
    (included.length === 0 || included.includes("*")) && textsAt(spec, "excludedNamespaces").length === 0
  );
};

export const takesLabels = (spec: unknown, object: KubeObject): boolean => {
  const selector = at(spec, "labelSelector");
  if (labelsOf(object)["velero.io/exclude-from-backup"] === "true") return false;
  return !isFields(selector) || selects(fieldsAt(spec, "labelSelector"), labelsOf(object));
};
