/** A cluster's pods by workload, indexed once for each change, for all who count them. */

import type { Cluster, PodView } from "../types.ts";

export type PodIndex = {
  /** All pods of a workload (`namespace/name`). */
  readonly of: (workload: string) => readonly PodView[];
  readonly accepting: (workload: string) => number;
  /** Grows with each change of the cluster. */
  readonly version: () => number;
  /** The namespaces that changed after a version; undefined where that can't be told, or where all of them did. */
  readonly changedSince: (version: number) => ReadonlySet<string> | undefined;
};

const indexes = new WeakMap<Cluster, PodIndex>();
const NONE: readonly PodView[] = [];
/** Changes that are remembered. */
const LOG_MAX = 64;

/** One index for each cluster, shared by everybody who asks; only the namespaces that changed are counted anew. */
export const podsOf = (cluster: Cluster): PodIndex => {
  const known = indexes.get(cluster);
  if (known) return known;
  const index = makeIndex(cluster);
  indexes.set(cluster, index);
  return index;
};

const makeIndex = (cluster: Cluster): PodIndex => {
  let version = 0;
  const byNamespace = new Map<string, ReadonlyMap<string, readonly PodView[]>>();
  const log: (ReadonlySet<string> | undefined)[] = [];
  cluster.onChange((change) => {
    version += 1;
    log.push(change?.namespaces);
    if (log.length > LOG_MAX) log.shift();
    if (change) for (const namespace of change.namespaces) byNamespace.delete(namespace);
    else byNamespace.clear();
  });
  const inside = (namespace: string): ReadonlyMap<string, readonly PodView[]> => {
    const found = byNamespace.get(namespace);
    if (found) return found;
    const made = new Map<string, PodView[]>();
    for (const pod of cluster.exists() ? cluster.podsIn(namespace) : NONE) {
      const list = made.get(pod.workload);
      if (list) list.push(pod);
      else made.set(pod.workload, [pod]);
    }
    byNamespace.set(namespace, made);
    return made;
  };
  const of = (workload: string): readonly PodView[] =>
    inside(workload.slice(0, workload.indexOf("/"))).get(workload) ?? NONE;
  return {
    of,
    accepting: (workload) => of(workload).reduce((n, pod) => n + (pod.accepting ? 1 : 0), 0),
    version: () => version,
    changedSince: (since) => {
      const recent = log.slice(log.length - (version - since));
      if (version - since > log.length || recent.includes(undefined)) return undefined;
      return new Set(recent.flatMap((namespaces) => [...(namespaces ?? [])]));
    },
  };
};
