/** Claims get volumes: from their storage class, when a pod wants them or at once. A class that the cluster doesn't have leaves them pending. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { Disks } from "../disks.ts";
import { at, fieldsAt, isDeleting, listAt, namespaceOf, textAt, uidOf, withAt } from "./fields.ts";
import { type Controller, controllerWho, type Machine, splitKey } from "./machine.ts";
import { referencesOf } from "./references.ts";
import { selfKey } from "./replicas.ts";

const CLAIMS = "persistentvolumeclaims";
const VOLUMES = "persistentvolumes";
const CLASSES = "storageclasses.storage.k8s.io";
const WHO = controllerWho("persistent-volume-binder");
const PROVISION_MIN_MS = 5_000;
const PROVISION_MAX_MS = 15_000;

export const volumes = (machine: Machine, disks: Disks): Controller => {
  const { clock, store, registry } = machine;
  const provisioning = new Set<string>();
  const reconcile = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const claim = store.get(CLAIMS, namespace, name);
    if (!claim || isDeleting(claim) || at(claim, "status", "phase") === "Bound") return;
    const named = bindNamed(machine, claim);
    // What the manifests show as a volume has its disk.
    if (named && machine.loading()) disks.create(textAt(named, "spec", "csi", "volumeHandle") ?? "");
    if (named) return;
    const storage = classOf(machine, claim);
    const wanted = wantedNow(machine, claim, storage);
    if (!storage || !wanted) {
      registry.setStatus(CLAIMS, claim, { phase: "Pending" });
      return;
    }
    if (machine.loading()) {
      provision(machine, disks, claim, storage);
      return;
    }
    if (provisioning.has(uidOf(claim))) return;
    provisioning.add(uidOf(claim));
    const takes = machine.random.fork(`volume ${key}`).between(PROVISION_MIN_MS, PROVISION_MAX_MS);
    clock.after(Math.round(takes), () => {
      provisioning.delete(uidOf(claim));
      const live = store.byUid(uidOf(claim))?.object;
      if (live && !isDeleting(live)) provision(machine, disks, live, storage);
    });
  };
  store.onChange(({ key, before, after }) => {
    if (key === CLAIMS && before && !after) reclaim(machine, disks, before);
  });
  return {
    name: "persistent-volume-binder",
    watches: {
      [CLAIMS]: selfKey,
      [VOLUMES]: (volume) => {
        const claim = fieldsAt(volume, "spec", "claimRef");
        return [`${textAt(claim, "namespace") ?? ""}/${textAt(claim, "name") ?? ""}`];
      },
      [CLASSES]: () => store.list(CLAIMS).flatMap(selfKey),
      pods: (pod, { before }) =>
        before
          ? []
          : referencesOf(pod["spec"])
              .filter((r) => r.kind === "PersistentVolumeClaim")
              .map((r) => `${namespaceOf(pod)}/${r.name}`),
    },
    reconcile,
  };
};

/** The class that a claim names; the default one where it names none. */
const classOf = (machine: Machine, claim: KubeObject): KubeObject | undefined => {
  const named = textAt(claim, "spec", "storageClassName");
  const classes = machine.store.list(CLASSES);
  if (named !== undefined) {
    const found = classes.find((c) => c.metadata.name === named);
    return found ?? (machine.loading() ? impliedClass(machine, named) : undefined);
  }
  const found = classes.find(
    (c) => c.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true",
  );
  return found ?? (machine.loading() ? impliedClass(machine, "standard") : undefined);
};

/** The source has bound claims, so it has their class. */
const impliedClass = (machine: Machine, name: string): KubeObject =>
  machine.registry.create(
    machine.registry.resource(CLASSES),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata:
        name === "standard"
          ? { name, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }
          : { name },
      provisioner: "ebs.csi.aws.com",
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
    },
    WHO,
  );

const wantedNow = (machine: Machine, claim: KubeObject, storage: KubeObject | undefined): boolean => {
  if (machine.loading() || at(storage, "volumeBindingMode") !== "WaitForFirstConsumer") return true;
  for (const pod of machine.store.in("pods", namespaceOf(claim)))
    if (
      listAt(pod, "spec", "volumes").some(
        (v) => at(v, "persistentVolumeClaim", "claimName") === claim.metadata.name,
      )
    )
      return true;
  return false;
};

/** A claim that names a volume which is there and means it is bound to that one, which is returned; nobody else's volume is taken. */
const bindNamed = (machine: Machine, claim: KubeObject): KubeObject | undefined => {
  const { registry, store } = machine;
  const name = textAt(claim, "spec", "volumeName");
  const volume = name === undefined ? undefined : store.get(VOLUMES, "", name);
  if (!volume) return undefined;
  const owner = textAt(volume, "spec", "claimRef", "uid");
  const means =
    at(volume, "spec", "claimRef", "namespace") === namespaceOf(claim) &&
    at(volume, "spec", "claimRef", "name") === claim.metadata.name;
  if (!means || (owner !== undefined && owner !== uidOf(claim))) return undefined;
  const bound = withAt(volume, ["spec", "claimRef", "uid"], uidOf(claim));
  registry.setStatus(VOLUMES, store.put(VOLUMES, bound), { phase: "Bound" });
  registry.setStatus(CLAIMS, claim, {
    phase: "Bound",
    accessModes: at(volume, "spec", "accessModes"),
    capacity: at(volume, "spec", "capacity"),
  });
  return volume;
};

const diskOf = (claim: KubeObject): string => `vol-${uidOf(claim).replace(/-/g, "").slice(0, 17)}`;

const provision = (machine: Machine, disks: Disks, claim: KubeObject, storage: KubeObject): void => {
  const { registry, store } = machine;
  const name = textAt(claim, "spec", "volumeName") ?? `pvc-${uidOf(claim)}`;
  const capacity = fieldsAt(claim, "spec", "resources", "requests");
  if (!store.get(VOLUMES, "", name)) {
    disks.create(diskOf(claim));
    registry.create(
      registry.resource(VOLUMES),
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name },
        spec: {
          capacity,
          accessModes: at(claim, "spec", "accessModes"),
          persistentVolumeReclaimPolicy: at(storage, "reclaimPolicy") ?? "Delete",
          storageClassName: storage.metadata.name,
          claimRef: {
            kind: "PersistentVolumeClaim",
            namespace: namespaceOf(claim),
            name: claim.metadata.name,
            uid: uidOf(claim),
          },
          csi: {
            driver: at(storage, "provisioner"),
            volumeHandle: diskOf(claim),
          },
        },
        status: { phase: "Bound" },
      },
      WHO,
    );
  }
  const named = withAt(
    withAt(claim, ["spec", "volumeName"], name),
    ["spec", "storageClassName"],
    storage.metadata.name,
  );
  store.put(CLAIMS, {
    ...named,
    status: { phase: "Bound", accessModes: at(claim, "spec", "accessModes"), capacity },
  });
};

/** A claim that goes takes its disk along, unless the volume says Retain. */
const reclaim = (machine: Machine, disks: Disks, claim: KubeObject): void => {
  const volume = machine.store.get(VOLUMES, "", textAt(claim, "spec", "volumeName") ?? "");
  if (!volume || at(volume, "spec", "claimRef", "uid") !== uidOf(claim)) return;
  if (at(volume, "spec", "persistentVolumeReclaimPolicy") === "Delete") {
    disks.remove(textAt(volume, "spec", "csi", "volumeHandle") ?? "");
    machine.registry.finish(VOLUMES, volume);
  } else machine.registry.setStatus(VOLUMES, volume, { phase: "Released" });
};
