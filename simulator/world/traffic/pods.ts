/** A cluster's pods by workload, indexed once for each change, for all who count them. */

import type { Cluster, PodView } from "../types.ts";

export type PodIndex = {
  /** All pods of a workload (`namespace/name`). */
  readonly of: (workload: string) => readonly PodView[];
  readonly accepting: (workload: string) => number;
  /** Grows with each change of the cluster. */
  readonly version: () => number;
};

const indexes = new WeakMap<Cluster, PodIndex>();
const NONE: readonly PodView[] = [];

/** One index for each cluster, shared by everybody who asks. */
export const podsOf = (cluster: Cluster): PodIndex => {
  const known = indexes.get(cluster);
  if (known) return known;
  let version = 0;
  let stale = true;
  let byWorkload = new Map<string, PodView[]>();
  cluster.onChange(() => {
    version += 1;
    stale = true;
  });
  const of = (workload: string): readonly PodView[] => {
    if (stale) {
      stale = false;
      byWorkload = new Map();
      for (const pod of cluster.exists() ? cluster.pods() : NONE) {
        const list = byWorkload.get(pod.workload);
        if (list) list.push(pod);
        else byWorkload.set(pod.workload, [pod]);
      }
    }
    return byWorkload.get(workload) ?? NONE;
  };
  const index: PodIndex = {
    of,
    accepting: (workload) => of(workload).reduce((n, pod) => n + (pod.accepting ? 1 : 0), 0),
    version: () => version,
  };
  indexes.set(cluster, index);
  return index;
};
