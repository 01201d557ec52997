/** What clears away: the garbage collector (owners and dependents), the namespace controller, and the definitions of custom kinds. */

import type { KubeObject } from "../../../domain/kube.ts";
import { isDeleting, ownersOf, textsAt, uidOf, withMetadata } from "./fields.ts";
import { type Controller, controllerWho, type Machine } from "./machine.ts";
import type { Change } from "./store.ts";

const WHO = controllerWho("generic-garbage-collector");
const NAMESPACE_WHO = controllerWho("namespace-controller");
const GRAPH_MS = 500;

/** Follows every change by itself: any kind may own any other. */
export const collectGarbage = (machine: Machine): void => {
  const { clock, store, registry } = machine;
  const sweep = (uid: string, orphan: boolean): void => {
    for (const { key, object } of store.ownedBy(uid)) {
      if (orphan) store.put(key, withoutOwner(object, uid));
      else if (!ownersOf(object).some((o) => o.uid !== uid && store.byUid(o.uid))) remove(key, object);
      else store.put(key, withoutOwner(object, uid));
    }
  };
  const remove = (key: string, object: KubeObject): void => {
    if (isDeleting(object)) return;
    registry.delete(registry.resource(key), object, WHO, { propagation: "Background" });
  };
  store.onChange((change) => {
    if (machine.loading()) return;
    const { key, before, after } = change;
    if (before && !after) clock.after(GRAPH_MS, () => sweep(uidOf(before), false));
    if (after && isDeleting(after)) clock.after(GRAPH_MS, () => foreground(machine, key, after, sweep));
    if (after && !before && ownersOf(after).some((o) => !store.byUid(o.uid)))
      clock.after(GRAPH_MS, () => {
        const live = store.byUid(uidOf(after))?.object;
        if (live && ownersOf(live).every((o) => !store.byUid(o.uid))) remove(key, live);
      });
    if (before && !after) unblock(machine, change);
  });
};

const withoutOwner = (object: KubeObject, uid: string): KubeObject => {
  const left = ownersOf(object).filter((o) => o.uid !== uid);
  return withMetadata(object, { ownerReferences: left.length === 0 ? undefined : left });
};

/** An owner that is deleted in the foreground stays until its dependents are gone; one that orphans lets them go free first. */
const foreground = (
  machine: Machine,
  key: string,
  seen: KubeObject,
  sweep: (uid: string, orphan: boolean) => void,
): void => {
  const { store } = machine;
  const object = store.byUid(uidOf(seen))?.object;
  const finalizers = object ? textsAt(object, "metadata", "finalizers") : [];
  if (!object) return;
  if (finalizers.includes("orphan")) {
    sweep(uidOf(object), true);
    release(machine, key, object, "orphan");
  }
  if (!finalizers.includes("foregroundDeletion")) return;
  sweep(uidOf(object), false);
  if (store.ownedBy(uidOf(object)).length === 0) release(machine, key, object, "foregroundDeletion");
};

const unblock = (machine: Machine, { before }: Change): void => {
  for (const owner of before ? ownersOf(before) : []) {
    const entry = machine.store.byUid(owner.uid);
    if (!entry || !textsAt(entry.object, "metadata", "finalizers").includes("foregroundDeletion")) continue;
    if (machine.store.ownedBy(owner.uid).length === 0)
      release(machine, entry.key, entry.object, "foregroundDeletion");
  }
};

/** Takes one finalizer off; the last one lets the object go. */
const release = (machine: Machine, key: string, object: KubeObject, finalizer: string): void => {
  const live = machine.store.byUid(uidOf(object))?.object;
  if (!live) return;
  const left = textsAt(live, "metadata", "finalizers").filter((f) => f !== finalizer);
  if (left.length === 0) machine.registry.finish(key, live);
  else machine.store.put(key, withMetadata(live, { finalizers: left }));
};

/** A namespace that is deleted takes everything in it along, then goes itself. New ones get their default service account. */
export const namespaces = (machine: Machine): Controller => {
  const { registry, store, queue } = machine;
  const reconcile = (name: string): void => {
    const namespace = store.get("namespaces", "", name);
    if (!namespace) return;
    if (!isDeleting(namespace)) {
      welcome(machine, name);
      return;
    }
    let left = 0;
    for (const key of store.keys())
      for (const object of [...store.in(key, name)]) {
        left += 1;
        if (!isDeleting(object))
          registry.delete(registry.resource(key), object, NAMESPACE_WHO, { propagation: "Background" });
      }
    if (left === 0) registry.finish("namespaces", namespace);
    else queue.enqueueAfter(controller, name, 2_000);
  };
  const controller: Controller = {
    name: "namespace-controller",
    watches: { namespaces: (object) => [object.metadata.name] },
    reconcile,
  };
  return controller;
};

const welcome = (machine: Machine, namespace: string): void => {
  const { registry, store } = machine;
  const make = (key: string, object: KubeObject) => {
    if (!store.get(key, namespace, object.metadata.name))
      registry.create(registry.resource(key), object, NAMESPACE_WHO);
  };
  make("serviceaccounts", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace },
  });
  make("configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-root-ca.crt", namespace },
    data: { "ca.crt": `the certificate authority of the ${machine.side} cluster` },
  });
};

/** From creating a definition to its kind being served. */
const ESTABLISHED_MS = 500;

/** Serves the kinds that CustomResourceDefinitions name, and stops with them; their objects go along. */
export const customKinds = (machine: Machine): void => {
  const { clock, store, registry } = machine;
  store.onChange(({ key, before, after }) => {
    if (key !== "customresourcedefinitions.apiextensions.k8s.io") return;
    if (!after && before) {
      for (const object of store.list(before.metadata.name)) registry.finish(before.metadata.name, object);
      registry.kinds.undefine(before);
      return;
    }
    if (!after || (before && before["spec"] === after["spec"])) return;
    const establish = () => {
      registry.kinds.define(after);
      const live = store.byUid(uidOf(after))?.object;
      if (live) registry.setStatus(key, live, { conditions: [{ type: "Established", status: "True" }] });
    };
    if (machine.loading()) establish();
    else clock.after(ESTABLISHED_MS, establish);
  });
};
