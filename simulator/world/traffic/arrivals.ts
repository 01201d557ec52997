/**
 * Who arrives where: a host's demand, shared out by what resolvers hold for new look-ups and by open connections for the clients that keep
 * them, and the synthetic load that Repot itself runs on a cluster.
 */

import { SIDES, type Side } from "../../../domain/phases.ts";
import { LOAD_GENERATOR } from "../../../domain/queries.ts";
import type { Cluster, HostShares } from "../types.ts";
import { makeDemand } from "./demand.ts";
import type { Arrival } from "./evaluate.ts";
import type { Graph, HostNode, Part } from "./graph.ts";
import type { Ingress } from "./ingress.ts";
import type { TrafficOptions } from "./options.ts";
import { podsOf } from "./pods.ts";
import { makePool, type Pool, REQUESTS_PER_CONNECTION } from "./pools.ts";
import type { Structure } from "./structure.ts";

export type HostArrivals = { readonly source: Arrival; readonly target: Arrival; readonly nowhere: number };

export type Arrivals = {
  readonly of: (host: HostNode, now: number) => HostArrivals;
  /** Requests a second to the hosts that come from Ingresses. */
  readonly ingressLoad: (now: number) => { readonly [S in Side]: number };
  /** How a host's demand at one time compares with that at another. */
  readonly demandRatio: (host: HostNode, thenMs: number, nowMs: number) => number;
  /** Pods of a part changed: connections to those that stopped are over. */
  readonly podsChanged: (part: Part, structure: Structure) => void;
  /** Reads what the load generators send now; says whether that is news. */
  readonly syntheticChanged: () => boolean;
  readonly drain: (milliseconds: number, now: number) => void;
  /** Whether some pool isn't yet where DNS is. */
  readonly moving: () => boolean;
};

export const makeArrivals = (
  options: TrafficOptions & { readonly graph: Graph; readonly ingress: Ingress },
): Arrivals => {
  const { dns, graph, ingress } = options;
  const clusters: { readonly [S in Side]: Cluster } = options;
  const demand = makeDemand(options.plan.settings.window.timeZone, options.random.fork("demand"));
  const pools = new Map<string, HeldPool>();
  let synthetic: { readonly [S in Side]: number } = { source: 0, target: 0 };
  const poolOf = (host: HostNode) => {
    let known = pools.get(host.host);
    if (!known) {
      known = { pool: makePool(dns.shares(host.host)), holders: new Map() };
      pools.set(host.host, known);
    }
    return known;
  };
  const of: Arrivals["of"] = (host, now) => {
    const rate = demand(host.load, now);
    const shares = dns.shares(host.host);
    const held = poolOf(host).pool.now();
    const long = host.load.longLivedShare;
    const to = (place: Side | "nowhere"): number => rate * ((1 - long) * shares[place] + long * held[place]);
    const at = (side: Side): Arrival => ({
      clients: to(side),
      synthetic: synthetic[side],
      openConnections: (rate * long * held[side]) / REQUESTS_PER_CONNECTION,
    });
    return { source: at("source"), target: at("target"), nowhere: to("nowhere") };
  };
  const connections = (host: HostNode, now: number): number =>
    (demand(host.load, now) * host.load.longLivedShare) / REQUESTS_PER_CONNECTION;
  return {
    of,
    ingressLoad: (now) => {
      const load = { source: 0, target: 0 };
      for (const host of graph.hosts) {
        if (host.ingresses.length === 0) continue;
        const at = of(host, now);
        for (const side of SIDES) load[side] += at[side].clients + at[side].synthetic;
      }
      return load;
    },
    demandRatio: (host, then, now) => {
      const today = demand(host.load, now);
      return today > 0 ? demand(host.load, then) / today : 0;
    },
    podsChanged: (part, structure) => {
      for (const host of part.hosts)
        endConnections(poolOf(host), host, structure, ingress, dns.shares(host.host));
    },
    syntheticChanged: () => {
      const now = { source: syntheticOf(clusters.source), target: syntheticOf(clusters.target) };
      const news = SIDES.some((side) => now[side] !== synthetic[side]);
      synthetic = now;
      return news;
    },
    drain: (milliseconds, now) => {
      for (const host of graph.hosts) {
        const { pool } = poolOf(host);
        const shares = dns.shares(host.host);
        if (pool.moving(shares)) pool.pass(milliseconds, shares, connections(host, now));
      }
    },
    moving: () => graph.hosts.some((host) => poolOf(host).pool.moving(dns.shares(host.host))),
  };
};

type HeldPool = { readonly pool: Pool; readonly holders: Map<Side, ReadonlySet<string>> };

/** Connections are spread evenly over the pods that hold them; those of a pod that is gone are over. */
const endConnections = (
  { pool, holders }: HeldPool,
  host: HostNode,
  structure: Structure,
  ingress: Ingress,
  dns: HostShares,
): void => {
  for (const side of SIDES) {
    const now = holdersOf(host, side, structure, ingress);
    const before = holders.get(side);
    holders.set(side, now);
    if (!before || before.size === 0) continue;
    const gone = [...before].filter((name) => !now.has(name)).length;
    if (gone > 0) pool.end(side, gone / before.size, dns);
  }
};

/** The pods that clients are connected to: the ingress controllers', else those of the Service itself. */
const holdersOf = (
  host: HostNode,
  side: Side,
  structure: Structure,
  ingress: Ingress,
): ReadonlySet<string> => {
  const through = host.ingresses.length > 0 ? ingress.pods(side) : undefined;
  const pods = through ?? host.entries.flatMap((entry) => structure.node(side, entry)?.pods ?? []);
  return new Set(pods.filter((p) => p.accepting).map((p) => `${p.namespace}/${p.name}`));
};

/** Requests a second to each host that the load generator of a cluster sends: none without a ready pod of it. */
const syntheticOf = (cluster: Cluster): number => {
  if (!cluster.exists()) return 0;
  const { namespace, name, annotation, requestsPerSecond } = LOAD_GENERATOR;
  if (
    !podsOf(cluster)
      .of(`${namespace}/${name}`)
      .some((p) => p.ready)
  )
    return 0;
  const object = cluster.get({ apiVersion: "apps/v1", kind: "Deployment", namespace, name });
  const said = Number(object?.metadata.annotations?.[annotation] ?? requestsPerSecond);
  return Number.isFinite(said) && said >= 0 ? said : requestsPerSecond;
};
