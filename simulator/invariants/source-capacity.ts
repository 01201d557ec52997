/** No capacity of the source goes while somebody still uses it. (Requests that fail are counted, not judged here: see `failed`.) */

import type { Ref } from "../../domain/kube.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { TrafficWorld } from "../world/traffic/traffic.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type CapacityWorld = { readonly plan: Plan; readonly source: Cluster; readonly traffic: TrafficWorld };

/** Requests a second below which nobody uses a workload. */
const NOBODY = 0.01;

export const sourceCapacity = (): Invariant<CapacityWorld> => {
  const wanted = new Map<string, number>();
  let version = -1;
  return {
    name: "source-capacity",
    sentence: "No source capacity goes while someone still uses it.",
    check: ({ plan, source, traffic }) => {
      const now = podsOf(source).version();
      if (now === version) return undefined;
      const namespaces = podsOf(source).changedSince(version);
      version = now;
      const fell = workloadsIn(plan, namespaces).filter((w) => {
        const before = wanted.get(nameOf(w));
        const replicas = replicasOf(source, w);
        if (replicas === undefined) return false;
        wanted.set(nameOf(w), replicas);
        return before !== undefined && replicas < before;
      });
      if (fell.length === 0) return undefined;
      const flows = new Map(
        traffic.workloads().flatMap((f) => (f.side === "source" ? [[f.workload, f] as const] : [])),
      );
      return fell.flatMap((w) => {
        const name = nameOf(w);
        const load = flows.get(name)?.requestsPerSecond ?? 0;
        const left = wanted.get(name) ?? 0;
        const room = left * (traffic.graph.workloads.get(name)?.requestsPerSecondPerPod ?? 0);
        if (load <= NOBODY || load <= room) return [];
        // Inside the announced pause of a workload that stops first, this is what was announced.
        if (traffic.isPaused(name)) return [];
        return [
          `${name} was scaled down to ${left} on the source while ${Math.ceil(load)} requests a second still need it; ${left} pods carry ${Math.floor(room)}.`,
        ];
      });
    },
  };
};

const byNamespace = new WeakMap<Plan, ReadonlyMap<string, readonly Workload[]>>();

/** The workloads of some namespaces, of all where none are given. A change concerns few of them. */
const workloadsIn = (plan: Plan, namespaces: ReadonlySet<string> | undefined): readonly Workload[] => {
  if (!namespaces) return plan.workloads;
  const known = byNamespace.get(plan) ?? Map.groupBy(plan.workloads, (w) => w.namespace);
  byNamespace.set(plan, known);
  return [...namespaces].flatMap((namespace) => known.get(namespace) ?? []);
};

/** What its spec wants; zero once it is deleted; undefined for what has no replica count. */
const replicasOf = (source: Cluster, w: Ref): number | undefined => {
  if (w.kind !== "Deployment" && w.kind !== "StatefulSet" && w.kind !== "ReplicaSet") return undefined;
  const ref: Ref = {
    apiVersion: w.apiVersion,
    kind: w.kind,
    name: w.name,
    ...(w.namespace === undefined ? {} : { namespace: w.namespace }),
  };
  const object = source.get(ref);
  return object ? ((object["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1) : 0;
};
