/**
 * What lies outside of the clusters, and the firewalls on the way: a third party lets in the addresses on its list and drops the rest
 * without an answer; our own security groups reject. A cluster spreads its calls evenly over its egress addresses.
 */

import { BlockList, isIPv4 } from "node:net";
import { brokerDestinations, namedDestinations, placeOf } from "../../domain/destinations.ts";
import type { ProbeReport } from "../../domain/egress-probes.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { nameOf } from "../../domain/plan.ts";
import { groupsThatMove } from "../../domain/planning/groups.ts";
import { type Refusal, workloadsNaming } from "./datastores.ts";
import { type Edges, makeEdges } from "./edges.ts";
import { advertisedBy } from "./kafka/advertised.ts";
import { brokerOf } from "./queue-consumers.ts";

/** Whose firewall drops what a cluster sends to somebody. */
export type Drop = "theirs" | "ours";

export type Outsider = {
  readonly name: string;
  readonly kind: "third-party" | "datastore" | "broker" | "registry" | "seen";
  readonly host: string;
  readonly port: number;
  readonly address: string;
  /** Workloads that call it; "nodes" for what every node calls by itself (image registries). */
  readonly callers: readonly string[] | "nodes";
};

export type ThirdParties = {
  readonly all: readonly Outsider[];
  /** What firewalls drop now, by side and workload. */
  readonly refusals: () => readonly {
    readonly side: Side;
    readonly workload: string;
    readonly refusal: Refusal;
  }[];
  /** Who drops the calls of a side to somebody; undefined where they get through. */
  readonly dropped: (side: Side, outsider: Outsider) => Drop | undefined;
  /** From now on somebody's calls from a side are dropped; undefined ends it. */
  readonly drop: (side: Side, name: string, by: Drop | undefined) => void;
  /** Who is at a host and port, or at an address and port. */
  readonly find: (place: string) => Outsider | undefined;
  /** A connection to a host or an address, as a pod of a side finds it. */
  readonly reach: (side: Side, place: string) => Omit<ProbeReport["to"][number], "at">;
  readonly onChange: (listener: () => void) => void;
} & Edges;

export const makeThirdParties = (plan: Plan): ThirdParties => {
  const all = outsidersOf(plan);
  const drops = new Map<string, Drop>();
  const listeners: (() => void)[] = [];
  const find = (place: string) => all.find((o) => placeOf(o) === place || `${o.address}:${o.port}` === place);
  const lists = refusedByLists(plan);
  const dropped = (side: Side, { name }: Outsider): Drop | undefined =>
    drops.get(`${side}|${name}`) ??
    (lists.some((l) => l.side === side && l.name === name) ? "theirs" : undefined);
  const byFault = () =>
    [...drops].flatMap(([key, by]) => {
      const [side, name] = key.split("|") as [Side, string];
      const callers = all.find((o) => o.name === name)?.callers ?? [];
      const reason = `${by === "ours" ? "our own security group rejects" : `the firewall of ${name} drops`} what ${plan.settings[side].name} sends to ${name}`;
      return callers === "nodes"
        ? []
        : callers.map((workload) => ({ side, workload, refusal: { share: 1, reason } }));
    });
  const edges = makeEdges(plan, () => {
    for (const listener of listeners) listener();
  });
  const listed = lists.flatMap(({ side, callers, refusal }) =>
    callers.map((workload) => ({ side, workload, refusal })),
  );
  return {
    all,
    ...edges,
    refusals: () => [...listed, ...byFault(), ...edges.troubles()],
    dropped,
    drop: (side, name, by) => {
      if (by === undefined) drops.delete(`${side}|${name}`);
      else drops.set(`${side}|${name}`, by);
      for (const listener of listeners) listener();
    },
    find,
    reach: (side, place) => {
      const outsider = find(place);
      if (!outsider) return { ip: null, is: "no-name" };
      return { ip: outsider.address, is: dropped(side, outsider) ? "timeout" : "connected" };
    },
    onChange: (listener) => void listeners.push(listener),
  };
};

/** TEST-NET-2 (RFC 5737) for everybody whom clusters call: addresses that belong to nobody. */
const addressOf = (index: number): string => `198.51.100.${(index % 250) + 4}`;

const outsidersOf = (plan: Plan): readonly Outsider[] => {
  const { thirdParties, datastores } = plan.settings;
  const named = namedDestinations(plan).map((to) => {
    const party = thirdParties.find((p) => p.name === to.name);
    const store = datastores.find((d) => d.name === to.name);
    const said = party?.calledBy ?? Object.keys(store?.connectionsPerPod ?? {});
    return { ...to, callers: said.length > 0 ? said : workloadsNaming(to.host, plan) };
  });
  const registries = registriesOf(plan).map((host) => ({
    name: host,
    kind: "registry" as const,
    host,
    port: 443,
    callers: "nodes" as const,
  }));
  return [...named, ...registries, ...brokersOf(plan)].map(({ name, kind, host, port, callers }, index) => ({
    name,
    kind,
    host,
    port,
    callers,
    address: addressOf(index),
  }));
};

/** Brokers outside of the clusters: members of groups reach them by these addresses. */
const brokersOf = (plan: Plan) => {
  const groups = groupsThatMove(plan);
  if (groups.some((g) => brokerOf({ kind: "kafka", workload: g.workload }, plan))) return [];
  return brokerDestinations(groups.length === 0 ? [] : advertisedBy(plan, undefined), plan.workloads).map(
    (to) => ({
      ...to,
      callers: groups.map((g) => g.workload),
    }),
  );
};

/** Where the nodes pull images from; a name without a registry is Docker's. */
const registriesOf = (plan: Plan): readonly string[] => {
  const names = new Set(plan.workloads.map(nameOf));
  const hosts = new Set<string>();
  for (const object of plan.objects) {
    const { namespace = "default", name = "" } = (object["metadata"] ?? {}) as {
      readonly namespace?: string;
      readonly name?: string;
    };
    if (!names.has(`${namespace}/${name}`)) continue;
    for (const [, image = ""] of JSON.stringify(object["spec"] ?? {}).matchAll(/"image":"([^"]+)"/g)) {
      const [first = "", ...rest] = image.split("/");
      hosts.add(rest.length > 0 && /[.:]/.test(first) ? (first.split(":")[0] ?? "") : "registry-1.docker.io");
    }
  }
  return [...hosts].sort(byCodeUnit);
};

const refusedByLists = (plan: Plan) => {
  const found: {
    readonly side: Side;
    readonly name: string;
    readonly callers: readonly string[];
    readonly refusal: Refusal;
  }[] = [];
  for (const party of plan.settings.thirdParties) {
    if (party.allows.length === 0) continue;
    const allowed = allowList(party.allows);
    const callers = party.calledBy.length > 0 ? party.calledBy : workloadsNaming(party.host, plan);
    for (const side of SIDES) {
      const addresses = plan.settings[side].egressAddresses;
      const unknown = addresses.filter((a) => !allowed(a));
      if (unknown.length === 0) continue;
      const refusal: Refusal = {
        share: unknown.length / addresses.length,
        reason: `the firewall of ${party.name} drops ${unknown.join(", ")}, an egress address of ${plan.settings[side].name}`,
      };
      found.push({ side, name: party.name, callers, refusal });
    }
  }
  return found;
};

/** Entries are addresses or networks (`203.0.113.0/24`); anything else lets nobody in. */
const allowList = (entries: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  const exact = new Set(entries);
  for (const entry of entries) {
    const [network = "", prefix] = entry.split("/");
    if (prefix !== undefined && isIPv4(network) && /^([12]?\d|3[0-2])$/.test(prefix))
      list.addSubnet(network, Number(prefix));
  }
  return (address) => exact.has(address) || (isIPv4(address) && list.check(address));
};
