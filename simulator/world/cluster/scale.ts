/** The scale subresource: replica counts of a workload, and nothing else of it. */

import type { KubeObject } from "../../../domain/kube.ts";
import { at, fieldsAt, numberAt, textAt, withAt } from "./fields.ts";
import type { Resource } from "./kinds.ts";
import { conflict, invalid, MODIFIED } from "./status.ts";

/** A label selector as the scale's status writes it: `app=cart,tier in (a,b)`; only matchLabels occur in scaled kinds that we make. */
const selectorText = (object: KubeObject): string =>
  Object.entries(fieldsAt(object, "spec", "selector", "matchLabels"))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");

/** The Scale object (autoscaling/v1) of a workload. */
export const readScale = (object: KubeObject): KubeObject => ({
  kind: "Scale",
  apiVersion: "autoscaling/v1",
  metadata: {
    name: object.metadata.name,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    uid: textAt(object, "metadata", "uid") ?? "",
    resourceVersion: textAt(object, "metadata", "resourceVersion") ?? "",
    creationTimestamp: textAt(object, "metadata", "creationTimestamp") ?? "",
  },
  spec: { replicas: numberAt(object, "spec", "replicas") ?? 0 },
  status: { replicas: numberAt(object, "status", "replicas") ?? 0, selector: selectorText(object) },
});

/** The workload with the replica count of a Scale. @throws 409 for a stale resourceVersion, 422 for a count that is none. */
export const writeScale = (resource: Resource, object: KubeObject, scale: unknown): KubeObject => {
  const { name } = object.metadata;
  const version = textAt(scale, "metadata", "resourceVersion");
  if (version !== undefined && version !== textAt(object, "metadata", "resourceVersion"))
    throw conflict(resource, name, MODIFIED);
  const replicas = at(scale, "spec", "replicas") ?? 0;
  if (typeof replicas !== "number" || !Number.isInteger(replicas) || replicas < 0) {
    const detail = "must be greater than or equal to 0";
    throw invalid("Scale", "autoscaling", name, [
      { field: "spec.replicas", type: "Invalid value", value: replicas, detail },
    ]);
  }
  return withAt(object, ["spec", "replicas"], replicas);
};
