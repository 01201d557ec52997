/**
 * The flows through one part of the platform at one moment: what arrives where, what share of it fails and why, how long it takes.
 * A request asks each Service on its way once and is answered if all of them answer. What fails early still loads what comes behind
 * (callers retry about as much), so an overload is never made to look smaller than it is.
 */

import { SIDES, type Side } from "../../../domain/phases.ts";
import type { Refusal } from "../datastores.ts";
import { type Answer, addLoad, answerOf, behind, hostFlow, type Loads } from "./answers.ts";
import type { Graph, HostNode, Part } from "./graph.ts";
import type { Latency } from "./latency.ts";
import type { ServiceNode, Structure } from "./structure.ts";
import { makeTally } from "./tally.ts";

/** Why a share of the requests fails. */
export type Cause = {
  readonly share: number;
  readonly workload: string;
  readonly reason: string;
  /** Excused: the pause of this workload was announced and isn't over. */
  readonly paused: boolean;
};

/** Requests a second of clients and of Repot's own load, and the connections that clients hold open. */
export type Arrival = {
  readonly clients: number;
  readonly synthetic: number;
  readonly openConnections: number;
};

/** One host on one side. */
export type HostFlow = {
  readonly host: HostNode;
  readonly side: Side;
  /** Requests a second of clients. */
  readonly clients: number;
  readonly synthetic: number;
  readonly openConnections: number;
  readonly failShare: number;
  /** The part of failShare that an announced pause explains. */
  readonly pausedShare: number;
  readonly causes: readonly Cause[];
  readonly latency: Latency;
};

/** One workload on one side, as its own metrics show it. */
export type WorkloadFlow = {
  readonly side: Side;
  readonly workload: string;
  readonly requestsPerSecond: number;
  /** What its listed pods carry before requests fail. */
  readonly capacity: number;
  readonly byCode: ReadonlyMap<string, number>;
  readonly latency: Latency;
};

export type Evaluation = {
  readonly hosts: readonly {
    readonly source: HostFlow;
    readonly target: HostFlow;
    readonly nowhere: number;
  }[];
  /** By `side|workload`. */
  readonly workloads: ReadonlyMap<string, WorkloadFlow>;
  /** One of them, without computing those that have nothing to do with it. */
  readonly workload: (key: string) => WorkloadFlow | undefined;
};

/** How a side's ingress controllers do, for all hosts together. */
export type IngressFlow = { readonly pass: number; readonly ms: number; readonly cause?: Cause };

/** What makes single backends fail beyond their own state. */
export type BackendInputs = {
  /** What databases and third parties refuse of a workload's requests. */
  readonly refusals: (side: Side, workload: string) => readonly Refusal[];
  readonly pausedNow: (workload: string) => boolean;
  /** Share of a Service's requests that died with the pods that held them. */
  readonly lost: (node: ServiceNode) => number;
};

export type Inputs = BackendInputs & {
  readonly arrivals: (
    host: HostNode,
    index: number,
  ) => { readonly source: Arrival; readonly target: Arrival; readonly nowhere: number };
  readonly ingress: { readonly [S in Side]: IngressFlow };
  /** Why a side doesn't serve a host at all. */
  readonly unserved: (host: HostNode, side: Side) => string | undefined;
};

/** Workloads of a part that are computed together as soon as somebody asks for one. */
const FEW = 12;

type ArrivingHost = { readonly host: HostNode; readonly at: ReturnType<Inputs["arrivals"]> };

/**
 * Everything is computed when somebody asks for it: the hosts for the books, all workloads for whoever counts them, one workload for a query
 * of its metrics. What a piece of history was never asked is never computed.
 */
export const evaluate = (part: Part, graph: Graph, structure: Structure, inputs: Inputs): Evaluation => {
  const arrivals = part.hosts.map((host, i): ArrivingHost => ({ host, at: inputs.arrivals(host, i) }));
  /** What of a host's requests gets past the edge of a side, to its pods. */
  const entering = ({ host, at }: ArrivingHost, side: Side): number => {
    if (inputs.unserved(host, side) !== undefined) return 0;
    const pass = host.ingresses.length > 0 ? inputs.ingress[side].pass : 1;
    return (at[side].clients + at[side].synthetic) * pass;
  };
  /** The hosts whose requests may reach a workload's pods: all, where some Service leads elsewhere. */
  const leadingTo = (key: string): readonly ArrivingHost[] =>
    structure.leadsAway
      ? arrivals
      : (hostsLeadingTo(part).get(key.slice(key.indexOf("|") + 1)) ?? []).flatMap((i) => arrivals[i] ?? []);
  const loads = makeLoads(structure, arrivals, leadingTo, entering);
  const answers = new Map<string, Answer>();
  const answer = (node: ServiceNode): Answer => {
    let known = answers.get(node.key);
    if (!known) {
      known = answerOf(node, part, graph, loads, inputs);
      answers.set(node.key, known);
    }
    return known;
  };
  const hostsOf = (): Evaluation["hosts"] => {
    loads.all();
    return arrivals.map(({ host, at }) => {
      const flow = (side: Side): HostFlow => hostFlow(host, side, at[side], structure, answer, inputs);
      return { source: flow("source"), target: flow("target"), nowhere: at.nowhere };
    });
  };
  const tallied = (of: readonly ArrivingHost[], only?: string): Evaluation["workloads"] => {
    const tally = makeTally(graph, structure, answer, loads, only);
    for (const arrival of of) {
      for (const side of SIDES) tally.add(arrival.host, side, entering(arrival, side));
    }
    return tally.flows();
  };
  let hosts: Evaluation["hosts"] | undefined;
  let workloads: Evaluation["workloads"] | undefined;
  const single = new Map<string, WorkloadFlow | undefined>();
  const all = (): Evaluation["workloads"] => {
    if (!workloads) {
      loads.all();
      workloads = tallied(arrivals);
    }
    return workloads;
  };
  return {
    get hosts() {
      hosts ??= hostsOf();
      return hosts;
    },
    get workloads() {
      return all();
    },
    workload: (key) => {
      // Who asks for one of a few will ask for the others.
      if (workloads || part.workloads.length <= FEW) return all().get(key);
      if (!single.has(key)) {
        single.set(key, tallied(leadingTo(key), key).get(key));
      }
      return single.get(key);
    },
  };
};

const makeLoads = (
  structure: Structure,
  arrivals: readonly ArrivingHost[],
  leadingTo: (key: string) => readonly ArrivingHost[],
  entering: (arrival: ArrivingHost, side: Side) => number,
): Loads => {
  const loads = new Map<string, number>();
  const known = new Set<string>();
  let complete = false;
  const add = (of: readonly ArrivingHost[], only?: string): void => {
    for (const arrival of of) {
      const { entries } = arrival.host;
      for (const side of SIDES) {
        const rate = entering(arrival, side) / entries.length;
        if (rate <= 0) continue;
        for (const entry of entries) {
          for (const node of structure.closure(side, entry)) addLoad(loads, node, rate, only);
        }
      }
    }
  };
  return {
    get: (key) => {
      if (!complete && !known.has(key)) {
        known.add(key);
        add(leadingTo(key), key);
      }
      return loads.get(key);
    },
    all: () => {
      if (complete) return;
      complete = true;
      loads.clear();
      add(arrivals);
    },
  };
};

const leading = new WeakMap<Part, ReadonlyMap<string, readonly number[]>>();

/** By workload, the indexes of the part's hosts whose requests may lead to it: as the plan has it, whatever stands at the moment. */
const hostsLeadingTo = (part: Part): ReadonlyMap<string, readonly number[]> => {
  const known = leading.get(part);
  if (known) return known;
  const made = new Map<string, number[]>();
  for (const [i, host] of part.hosts.entries()) {
    const services = new Set(host.entries);
    // A set that grows is walked to its end.
    for (const service of services)
      for (const { calls } of behind(part, service)) for (const call of calls) services.add(call);
    const names = new Set([...services].flatMap((service) => behind(part, service).map((w) => w.name)));
    for (const name of names) made.set(name, [...(made.get(name) ?? []), i]);
  }
  leading.set(part, made);
  return made;
};
