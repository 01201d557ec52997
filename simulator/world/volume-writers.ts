/** Who writes to which disk: the running pods of the workloads whose volumes are copied, by the claims that they mount. */

import type { KubeObject } from "../../domain/kube.ts";
import { SIDES } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Disks } from "./disks.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Cluster } from "./types.ts";

type Clusters = { readonly source: Cluster; readonly target: Cluster };

/** Keeps the disks told from now on. Costs nothing where no volume is copied. */
export const watchWriters = (plan: Plan, clusters: Clusters, disks: Disks): void => {
  const copied = plan.workloads.filter((w) => w.move === "copy-with-pause");
  if (copied.length === 0) return;
  const namespaces = new Set(copied.map((w) => w.namespace));
  for (const side of SIDES) {
    const cluster = clusters[side];
    const look = () => disks.setWriters(side, new Map(copied.flatMap((w) => writtenBy(cluster, w))));
    look();
    cluster.onChange((change) => {
      if (!change || [...change.namespaces].some((n) => namespaces.has(n))) look();
    });
  }
};

/** Disks that a workload's running pods have mounted, with their claims. */
const writtenBy = (cluster: Cluster, w: Workload): readonly (readonly [disk: string, claim: string])[] =>
  podsOf(cluster)
    .of(nameOf(w))
    .filter((pod) => pod.accepting)
    .flatMap(({ namespace, name }) => {
      const pod = cluster.get({ apiVersion: "v1", kind: "Pod", namespace, name });
      return claimsOf(pod).flatMap((claim) => {
        const disk = diskOf(cluster, namespace, claim);
        return disk === undefined ? [] : [[disk, `${namespace}/${claim}`] as const];
      });
    });

const claimsOf = (pod: KubeObject | undefined): readonly string[] =>
  ((at(pod, "spec", "volumes") ?? []) as readonly unknown[]).flatMap((volume) => {
    const claim = at(volume, "persistentVolumeClaim", "claimName");
    return typeof claim === "string" ? [claim] : [];
  });

/** The disk behind a claim; undefined while it isn't bound. */
export const diskOf = (cluster: Cluster, namespace: string, claim: string): string | undefined => {
  const object = cluster.get({ apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claim });
  const name = at(object, "spec", "volumeName");
  if (typeof name !== "string") return undefined;
  const volume = cluster.get({ apiVersion: "v1", kind: "PersistentVolume", name });
  const disk = at(volume, "spec", "csi", "volumeHandle");
  return typeof disk === "string" ? disk : undefined;
};
