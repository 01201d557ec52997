/**
 * Databases with a limit of connections. Every pod whose process runs holds its share, in both clusters; beyond the limit the
 * excess is refused, and that share of the requests which need the database fails.
 */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { nameOf } from "../../domain/plan.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Cluster } from "./types.ts";

export type ConnectionCount = {
  readonly datastore: string;
  /** "both" for one that both clusters share; a datastore inside a cluster, there once for each, counts alone. */
  readonly of: Side | "both";
  readonly bySide: { readonly [S in Side]: number };
  readonly connections: number;
  readonly connectionsMax: number;
};

export type Refusal = {
  readonly share: number;
  readonly reason: string;
  /** How many times as long what isn't refused takes; 1 where absent. */
  readonly times?: number;
};

export type Datastores = {
  readonly counts: () => readonly ConnectionCount[];
  /** What full databases refuse now, by side and workload. */
  readonly refusals: () => readonly {
    readonly side: Side;
    readonly workload: string;
    readonly refusal: Refusal;
  }[];
};

export const makeDatastores = (options: {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
}): Datastores => {
  const { plan } = options;
  const clusters: { readonly [S in Side]: Cluster } = options;
  const stores = plan.settings.datastores.map((store) => ({
    store,
    service: serviceOf(store.host, plan),
    workloads: Object.keys(store.connectionsPerPod).sort(),
  }));
  const held = (side: Side, perPod: Readonly<Record<string, number>>, workloads: readonly string[]): number =>
    workloads.reduce((sum, w) => sum + podsOf(clusters[side]).accepting(w) * (perPod[w] ?? 0), 0);
  const separate = (service: string | undefined): boolean => {
    if (service === undefined || !clusters.target.exists()) return false;
    const [namespace = "", name = ""] = service.split("/");
    const there = clusters.target.endpoints(namespace, name);
    return there !== undefined && there.externalName === undefined;
  };
  const countsOf = ({ store, service, workloads }: (typeof stores)[number]): readonly ConnectionCount[] => {
    const bySide = {
      source: held("source", store.connectionsPerPod, workloads),
      target: held("target", store.connectionsPerPod, workloads),
    };
    const common = { datastore: store.name, connectionsMax: store.connectionsMax };
    if (!separate(service))
      return [{ ...common, of: "both", bySide, connections: bySide.source + bySide.target }];
    return SIDES.map((side) => ({
      ...common,
      of: side,
      bySide: { source: 0, target: 0, [side]: bySide[side] },
      connections: bySide[side],
    }));
  };
  return {
    counts: () => stores.flatMap(countsOf),
    refusals: () =>
      stores.flatMap((entry) =>
        countsOf(entry)
          .filter((count) => count.connections > count.connectionsMax)
          .flatMap((count) => {
            const refusal = {
              share: (count.connections - count.connectionsMax) / count.connections,
              reason: `${count.datastore} refuses connections: ${count.connections} are wanted and its limit is ${count.connectionsMax}`,
            };
            const sides = count.of === "both" ? SIDES : [count.of];
            return sides.flatMap((side) => entry.workloads.map((workload) => ({ side, workload, refusal })));
          }),
      ),
  };
};

/** The Service of the plan that a host as manifests write it leads to (`redis`, `redis.shop`, `redis.shop.svc.cluster.local:6379`). */
export const serviceOf = (host: string, plan: Plan): string | undefined => {
  const [name = "", namespace] = (host.split(":")[0] ?? "").split(".");
  const found = new Set<string>();
  for (const w of plan.workloads) {
    for (const service of w.services) {
      if (namespace === undefined ? service.endsWith(`/${name}`) : service === `${namespace}/${name}`)
        found.add(service);
    }
  }
  return [...found].sort()[0];
};

/** Workloads that name a host in their pod templates or in a ConfigMap that they read: for settings that list no callers. */
export const workloadsNaming = (host: string, plan: Plan): readonly string[] => {
  const maps = new Map<string, string>();
  const texts = new Map<string, string>();
  for (const object of plan.objects) {
    const meta = object["metadata"] as { readonly namespace?: string; readonly name?: string } | undefined;
    const key = `${meta?.namespace ?? "default"}/${meta?.name ?? ""}`;
    if (object["kind"] === "ConfigMap") maps.set(key, JSON.stringify(object["data"] ?? {}));
    else texts.set(`${String(object["kind"])} ${key}`, JSON.stringify(object["spec"] ?? {}));
  }
  return plan.workloads
    .filter((w) => {
      const text = texts.get(`${w.kind} ${nameOf(w)}`) ?? "";
      if (text.includes(host)) return true;
      return [...maps].some(([key, data]) => {
        const [namespace, name = ""] = key.split("/");
        return namespace === w.namespace && data.includes(host) && text.includes(JSON.stringify(name));
      });
    })
    .map(nameOf)
    .sort();
};
