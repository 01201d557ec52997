/**
 * What stands behind each Service right now, in each cluster: the pods its balancers know, which of them still answer, and the Services
 * that these need in turn. Made anew when pods or Services change; the flows are computed over it.
 */

import type { KubeObject } from "../../../domain/kube.ts";
import { SIDES, type Side } from "../../../domain/phases.ts";
import type { Cluster, PodView } from "../types.ts";
import type { Graph, Part } from "./graph.ts";
import type { PodIndex } from "./pods.ts";

/** The listed pods of one workload behind a Service. */
export type Backend = {
  readonly workload: string;
  readonly listed: number;
  readonly accepting: number;
  /** `side|workload`, the side where its pods run: under which its load is added up. */
  readonly loadKey: string;
};

export type ServiceNode = {
  readonly key: string;
  /** Where the call is made. */
  readonly side: Side;
  readonly service: string;
  /** Where its pods run: the other side for a Service that leads there. */
  readonly podsSide: Side;
  readonly leadsAway: boolean;
  readonly backends: readonly Backend[];
  readonly listed: number;
  /** As they were when this was made; what a cluster hands out changes under our hands. */
  readonly pods: readonly PodView[];
  /** Why nothing can answer at all. */
  readonly problem?: string;
};

export type Structure = {
  /** Whether some Service leads to a load balancer elsewhere. */
  readonly leadsAway: boolean;
  readonly node: (side: Side, service: string) => ServiceNode | undefined;
  /** A Service and everything that a request to it needs, itself first. */
  readonly closure: (side: Side, service: string) => readonly ServiceNode[];
};

export const nodeKey = (side: Side, service: string): string => `${side}|${service}`;

type Clusters = { readonly [S in Side]: Cluster };

export const makeStructure = (
  part: Part,
  graph: Graph,
  clusters: Clusters,
  names: ExternalNames,
): Structure => {
  const nodes = new Map<string, ServiceNode>();
  for (const side of SIDES) {
    for (const service of part.services) {
      nodes.set(nodeKey(side, service), serviceNode(side, service, clusters, names));
    }
  }
  const closures = new Map<string, readonly ServiceNode[]>();
  return {
    leadsAway: [...nodes.values()].some((n) => n.leadsAway),
    node: (side, service) => nodes.get(nodeKey(side, service)),
    closure: (side, service) => {
      const key = nodeKey(side, service);
      let known = closures.get(key);
      if (!known) {
        known = closureOf(key, nodes, graph);
        closures.set(key, known);
      }
      return known;
    },
  };
};

/** One request asks each Service on its way once, however many lead to it: cycles end here. */
const closureOf = (
  start: string,
  nodes: ReadonlyMap<string, ServiceNode>,
  graph: Graph,
): readonly ServiceNode[] => {
  const seen = new Set([start]);
  const order: ServiceNode[] = [];
  const open = [start];
  for (let key = open.shift(); key !== undefined; key = open.shift()) {
    const node = nodes.get(key);
    if (!node) continue;
    order.push(node);
    for (const backend of node.backends) {
      for (const call of graph.workloads.get(backend.workload)?.calls ?? []) {
        const next = nodeKey(node.podsSide, call);
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
  }
  return order;
};

const serviceNode = (side: Side, service: string, clusters: Clusters, names: ExternalNames): ServiceNode => {
  const key = nodeKey(side, service);
  const none = {
    key,
    side,
    service,
    podsSide: side,
    leadsAway: false,
    backends: [],
    listed: 0,
    pods: [],
  } as const;
  const found = lookUp(side, service, clusters);
  if (found === undefined)
    return { ...none, problem: `there is no Service ${service} in the ${side} cluster` };
  if (found.externalName === undefined)
    return { ...none, ...backendsOf(side, found.pods), ...problemOf(service, side, found.pods) };
  const there = names.resolve(side, found.externalName);
  if (!there) {
    return {
      ...none,
      leadsAway: true,
      problem: `${service} in the ${side} cluster leads to ${found.externalName}, a name at which nothing answers`,
    };
  }
  const pods = lookUp(there.side, there.service, clusters)?.pods ?? [];
  return {
    ...none,
    leadsAway: true,
    podsSide: there.side,
    ...backendsOf(there.side, pods),
    ...problemOf(there.service, there.side, pods),
  };
};

const lookUp = (side: Side, service: string, clusters: Clusters) => {
  const slash = service.indexOf("/");
  const cluster = clusters[side];
  return cluster.exists() ? cluster.endpoints(service.slice(0, slash), service.slice(slash + 1)) : undefined;
};

const problemOf = (service: string, side: Side, pods: readonly PodView[]): { readonly problem?: string } =>
  pods.length > 0 ? {} : { problem: `no ready endpoint of ${service} in the ${side} cluster` };

const backendsOf = (
  side: Side,
  pods: readonly PodView[],
): Pick<ServiceNode, "backends" | "listed" | "pods"> => {
  const byWorkload = new Map<
    string,
    { workload: string; listed: number; accepting: number; loadKey: string }
  >();
  for (const pod of pods) {
    const { workload } = pod;
    const backend = byWorkload.get(workload) ?? {
      workload,
      listed: 0,
      accepting: 0,
      loadKey: `${side}|${workload}`,
    };
    backend.listed += 1;
    if (pod.accepting) backend.accepting += 1;
    byWorkload.set(pod.workload, backend);
  }
  return { backends: [...byWorkload.values()], listed: pods.length, pods: pods.map(asItIs) };
};

export const asItIs = ({
  namespace,
  name,
  workload,
  ready,
  accepting,
  terminating,
  address,
}: PodView): PodView => ({
  namespace,
  name,
  workload,
  ready,
  accepting,
  terminating,
  address,
});

/** Everything that a part's structure is made from, as a text: an equal text is an equal structure. */
export const signatureOf = (part: Part, clusters: Clusters): string => {
  const words: string[] = [];
  for (const side of SIDES) {
    for (const service of part.services) {
      const found = lookUp(side, service, clusters);
      words.push(found === undefined ? "-" : (found.externalName ?? "+"));
      for (const p of found?.pods ?? []) words.push(p.name, `${p.accepting}${p.terminating}`);
    }
  }
  return words.join(" ");
};

/** Where an ExternalName leads, as far as it stays within the two clusters. */
export type ExternalNames = {
  readonly resolve: (
    side: Side,
    name: string,
  ) => { readonly side: Side; readonly service: string } | undefined;
  /** Load balancers came or went. */
  readonly forget: () => void;
};

/** Knows the load balancers of both clusters by the host names in their Services' status. */
export const makeExternalNames = (clusters: Clusters): ExternalNames => {
  let known: Map<string, { side: Side; service: string }> | undefined;
  const read = (): Map<string, { side: Side; service: string }> => {
    const names = new Map<string, { side: Side; service: string }>();
    for (const side of SIDES) {
      for (const object of clusters[side].exists() ? clusters[side].all() : []) {
        if (object.kind !== "Service") continue;
        const service = `${object.metadata.namespace ?? "default"}/${object.metadata.name}`;
        for (const name of balancerNames(object)) names.set(name, { side, service });
      }
    }
    return names;
  };
  return {
    resolve: (side, name) => {
      const plain = name.replace(/\.$/, "");
      const inside = /^([^.]+)\.([^.]+)\.svc(\.cluster\.local)?$/.exec(plain);
      if (inside) return { side, service: `${inside[2]}/${inside[1]}` };
      known ??= read();
      return known.get(plain) ?? undefined;
    },
    forget: () => {
      known = undefined;
    },
  };
};

const balancerNames = (service: KubeObject): readonly string[] => {
  const status = service["status"] as
    | { loadBalancer?: { ingress?: readonly { hostname?: string; ip?: string }[] } }
    | undefined;
  return (status?.loadBalancer?.ingress ?? []).flatMap((i) => [i.hostname, i.ip].flatMap((n) => n ?? []));
};

/** How many pods that were listed and answering are gone now without having been told to stop. */
export const killed = (before: ServiceNode, now: PodIndex): number =>
  before.pods.filter(
    (p) => p.accepting && !p.terminating && !now.of(p.workload).some((q) => q.name === p.name && q.accepting),
  ).length;
