/** What ReplicaSets, StatefulSets, DaemonSets and Jobs share: making pods from a template, finding their own, counting them. */

import { byCodeUnit, type KubeObject } from "../../../domain/kube.ts";
import { makeRandom } from "../../random.ts";
import {
  canonical,
  controllerOf,
  type Fields,
  fieldsAt,
  isDeleting,
  labelsOf,
  numberAt,
  selects,
  textAt,
  uidOf,
  withMetadata,
} from "./fields.ts";
import type { Machine } from "./machine.ts";
import type { Pod, Pods } from "./pods.ts";
import type { Who } from "./registry.ts";

export const ownerReference = (owner: KubeObject): Fields => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: uidOf(owner),
  controller: true,
  blockOwnerDeletion: true,
});

/** The key of the owner of this kind, for watches of what it owns. */
export const ownerKey =
  (kind: string) =>
  (object: KubeObject): readonly string[] => {
    const owner = controllerOf(object);
    return owner?.kind === kind ? [`${object.metadata.namespace ?? ""}/${owner.name}`] : [];
  };

export const selfKey = (object: KubeObject): readonly string[] => [
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`,
];

/** A pod of an owner's template; shares the template's spec. */
export const podOf = (owner: KubeObject, template: Fields, name: Fields, extra: Fields = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...name,
      namespace: owner.metadata.namespace,
      labels: { ...fieldsAt(template, "metadata", "labels"), ...fieldsAt(extra, "labels") },
      annotations: fieldsAt(template, "metadata", "annotations"),
      ownerReferences: [ownerReference(owner)],
    },
    spec:
      extra["nodeName"] === undefined
        ? template["spec"]
        : { ...fieldsAt(template, "spec"), nodeName: extra["nodeName"] },
    status: { phase: "Pending" },
  }) as unknown as KubeObject;

export type Owned = { readonly object: KubeObject; readonly pod: Pod | undefined };

/** The pods that an object controls, terminating ones apart. Pods that nobody controls and whose labels match are adopted first. */
export const ownPods = (
  machine: Machine,
  pods: Pods,
  owner: KubeObject,
): { readonly active: Owned[]; readonly leaving: Owned[] } => {
  const active: Owned[] = [];
  const leaving: Owned[] = [];
  for (const { key, object } of machine.store.ownedBy(uidOf(owner))) {
    if (key !== "pods" || controllerOf(object)?.uid !== uidOf(owner)) continue;
    const pod = pods.get(uidOf(object));
    if (isDeleting(object)) leaving.push({ object, pod });
    else if (!pod?.finished) active.push({ object, pod });
  }
  return { active, leaving };
};

/** Takes in pods without a controller that the selector takes: restored ones, or those of a deleted owner. */
export const adopt = (
  machine: Machine,
  orphans: Iterable<KubeObject>,
  key: string,
  owner: KubeObject,
): void => {
  const selector = fieldsAt(owner, "spec", "selector");
  for (const object of [...orphans]) {
    if (isDeleting(object) || !selects(selector, labelsOf(object))) continue;
    machine.store.put(key, withMetadata(object, { ownerReferences: [ownerReference(owner)] }));
  }
};

export const isReady = ({ pod }: Owned): boolean => pod?.ready === true && !pod.terminating;

/** Ready for at least minReadySeconds. */
export const isAvailable = (machine: Machine, owned: Owned, minReadySeconds: number): boolean =>
  isReady(owned) && machine.clock.now() >= (owned.pod?.readyAt ?? 0) + minReadySeconds * 1_000;

export const minReadyOf = (object: KubeObject): number => numberAt(object, "spec", "minReadySeconds") ?? 0;

/** When the next ready pod becomes available; undefined where none waits. */
export const nextAvailableMs = (
  machine: Machine,
  owned: readonly Owned[],
  minReadySeconds: number,
): number | undefined => {
  const now = machine.clock.now();
  const times = owned
    .filter((o) => isReady(o) && !isAvailable(machine, o, minReadySeconds))
    .map((o) => (o.pod?.readyAt ?? 0) + minReadySeconds * 1_000 - now);
  return times.length === 0 ? undefined : Math.min(...times);
};

/** Which pods go first when a set shrinks: those without a node, not running, not ready, cheap ones, the newest. */
export const byDispensability = (a: Owned, b: Owned): number => {
  const rank = ({ pod }: Owned) => (pod?.node === undefined ? 0 : !pod.accepting ? 1 : !pod.ready ? 2 : 3);
  const cost = ({ object }: Owned) =>
    Number(textAt(object, "metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost") ?? 0);
  return (
    rank(a) - rank(b) ||
    cost(a) - cost(b) ||
    (b.pod?.readyAt ?? 0) - (a.pod?.readyAt ?? 0) ||
    byCodeUnit(a.object.metadata.name, b.object.metadata.name)
  );
};

/** Deletes a pod as a controller does. */
export const dismiss = (machine: Machine, object: KubeObject, who: Who): void => {
  machine.registry.delete(machine.registry.resource("pods"), object, who);
};

const hashes = new WeakMap<object, string>();
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Ten characters that depend on a pod template only; the label that carries them isn't counted. */
export const templateHash = (template: Fields): string => {
  const known = hashes.get(template);
  if (known !== undefined) return known;
  const {
    "pod-template-hash": _,
    "controller-revision-hash": __,
    ...labels
  } = fieldsAt(template, "metadata", "labels");
  const bare = { ...template, metadata: { ...fieldsAt(template, "metadata"), labels } };
  const random = makeRandom(0).fork(canonical(bare));
  const hash = Array.from({ length: 10 }, () => ALPHABET[random.whole(0, ALPHABET.length - 1)]).join("");
  hashes.set(template, hash);
  return hash;
};
