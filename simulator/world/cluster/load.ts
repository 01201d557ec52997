/**
 * The source as it stands when the run begins: the given objects, and what must have been there for them to run at all (namespaces, the
 * definitions of custom kinds, service accounts, ConfigMaps, Secrets and claims that pods name).
 */

import { byCodeUnit, type KubeObject, keyOf, refOf } from "../../../domain/kube.ts";
import { controllerOf, fieldsAt, listAt, namespaceOf, textAt } from "./fields.ts";
import { impliedDefinition } from "./kinds.ts";
import { inShapeOfToday } from "./legacy.ts";
import type { Machine } from "./machine.ts";
import { type Reference, referencesOf } from "./references.ts";
import type { Who } from "./registry.ts";

const WHO: Who = { user: "system:admin", groups: ["system:masters"], manager: "before" };

/** What controllers make anew: taken from the input, they would stand beside their own copies. */
const DERIVED = new Set(["Endpoints", "EndpointSlice", "Event", "Node", "ControllerRevision"]);

const isDerived = (object: KubeObject): boolean =>
  DERIVED.has(object.kind) ||
  (controllerOf(object) !== undefined && ["Pod", "ReplicaSet", "Job"].includes(object.kind));

/** What every cluster has from its first moment. */
export const bootstrapObjects = (machine: Machine): void => {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"])
    ensureNamespace(machine, name);
  put(machine, {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: { type: "ClusterIP", ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 443 }] },
  });
};

/** The storage class that volumes of the target come from. */
export const defaultStorageClass = (machine: Machine): void =>
  put(machine, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "ebs.csi.aws.com",
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  });

/** Puts everything into the store, in an order that doesn't depend on the input's. */
export const loadObjects = (machine: Machine, given: readonly KubeObject[]): void => {
  const objects = given
    .filter((object) => !isDerived(object))
    .toSorted((a, b) => rank(a) - rank(b) || byCodeUnit(keyOf(refOf(a)), keyOf(refOf(b))));
  defineKinds(machine, objects);
  for (const object of objects) {
    const placed = inNamespace(machine, object);
    if (placed.metadata.namespace !== undefined) ensureNamespace(machine, placed.metadata.namespace);
    put(machine, placed);
  }
  for (const object of objects) imply(machine, inNamespace(machine, object));
};

const rank = (object: KubeObject): number =>
  object.kind === "CustomResourceDefinition" ? 0 : object.kind === "Namespace" ? 1 : 2;

/** Every kind that the server wouldn't know was defined by somebody. */
const defineKinds = (machine: Machine, objects: readonly KubeObject[]): void => {
  for (const definition of objects.filter((o) => o.kind === "CustomResourceDefinition"))
    machine.registry.kinds.define(definition);
  for (const object of objects) {
    if (machine.registry.kinds.byKind(object.apiVersion, object.kind)) continue;
    if (machine.registry.kinds.serveLegacy(object.apiVersion, object.kind)) continue;
    const namespaced = objects.some((o) => o.kind === object.kind && o.metadata.namespace !== undefined);
    const definition = impliedDefinition(object.apiVersion, object.kind, namespaced);
    machine.registry.kinds.define(definition);
    put(machine, definition);
  }
};

const inNamespace = (machine: Machine, object: KubeObject): KubeObject => {
  const resource = machine.registry.kinds.byKind(object.apiVersion, object.kind);
  if (!resource?.namespaced || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace: "default" } };
};

const ensureNamespace = (machine: Machine, name: string): void => {
  put(machine, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
};

/** Creates an object unless one of its name is there. */
const put = (machine: Machine, object: KubeObject): void => {
  const { registry, store } = machine;
  const asked = registry.kinds.byKind(object.apiVersion, object.kind);
  const resource = asked?.storedAs === undefined ? asked : registry.resource(asked.key);
  if (!resource || store.get(resource.key, namespaceOf(object), object.metadata.name)) return;
  registry.create(
    resource,
    asked?.storedAs === undefined ? object : inShapeOfToday(object, asked.storedAs),
    WHO,
  );
};

const templateOf = (object: KubeObject): unknown => {
  if (object.kind === "Pod") return object["spec"];
  if (object.kind === "CronJob") return fieldsAt(object, "spec", "jobTemplate", "spec", "template", "spec");
  return fieldsAt(object, "spec", "template", "spec");
};

/** What a workload names and the manifests don't have: it runs, so it is there. */
const imply = (machine: Machine, object: KubeObject): void => {
  const namespace = object.metadata.namespace;
  const spec = templateOf(object);
  if (namespace === undefined || listAt(spec, "containers").length === 0) return;
  const account = textAt(spec, "serviceAccountName") ?? textAt(spec, "serviceAccount");
  if (account !== undefined)
    put(machine, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace } });
  const own = new Set(
    listAt(object, "spec", "volumeClaimTemplates").map((c) => textAt(c, "metadata", "name")),
  );
  for (const reference of referencesOf(spec))
    if (!own.has(reference.name)) put(machine, impliedObject(reference, namespace));
};

const impliedObject = ({ kind, name }: Reference, namespace: string): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace },
  ...(kind === "PersistentVolumeClaim"
    ? { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }
    : {}),
});
