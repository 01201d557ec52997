/**
 * The flows through one part of the platform at one moment: what arrives where, what share of it fails and why, how long it takes.
 * A request asks each Service on its way once and is answered if all of them answer. What fails early still loads what comes behind
 * (callers retry about as much), so an overload is never made to look smaller than it is.
 */

import { SIDES, type Side } from "../../../domain/phases.ts";
import type { Refusal } from "../datastores.ts";
import type { Graph, HostNode, Part, WorkloadNode } from "./graph.ts";
import { hopMs, type Latency, sumOfHops } from "./latency.ts";
import type { ServiceNode, Structure } from "./structure.ts";

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
  readonly workloads: ReadonlyMap<string, WorkloadFlow>;
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

/** Sums of shares leave dust; a failing share is more than that. */
const DUST = 1e-9;

/** The status that a balancer or a caller gives for a request that could not be answered. */
export const FAILED_STATUS = "503";

export type Answer = {
  readonly pass: number;
  readonly ms: number;
  readonly causes: readonly Cause[];
  readonly paused: boolean;
};

export const evaluate = (part: Part, graph: Graph, structure: Structure, inputs: Inputs): Evaluation => {
  const arrivals = part.hosts.map((host, i) => ({ host, at: inputs.arrivals(host, i) }));
  /** What of a host's requests gets past the edge of a side, to its pods. */
  const entering = ({ host, at }: (typeof arrivals)[number], side: Side): number => {
    if (inputs.unserved(host, side) !== undefined) return 0;
    const pass = host.ingresses.length > 0 ? inputs.ingress[side].pass : 1;
    return (at[side].clients + at[side].synthetic) * pass;
  };
  const loads = new Map<string, number>();
  for (const arrival of arrivals) {
    const { entries } = arrival.host;
    for (const side of SIDES) {
      const rate = entering(arrival, side) / entries.length;
      if (rate <= 0) continue;
      for (const entry of entries) {
        for (const node of structure.closure(side, entry)) addLoad(loads, node, rate);
      }
    }
  }
  const answers = new Map<string, Answer>();
  const answer = (node: ServiceNode): Answer => {
    let known = answers.get(node.key);
    if (!known) {
      known = answerOf(node, part, graph, loads, inputs);
      answers.set(node.key, known);
    }
    return known;
  };
  const hosts = arrivals.map(({ host, at }) => {
    const flow = (side: Side): HostFlow => hostFlow(host, side, at[side], structure, answer, inputs);
    return { source: flow("source"), target: flow("target"), nowhere: at.nowhere };
  });
  let workloads: Evaluation["workloads"] | undefined;
  const tallied = (): Evaluation["workloads"] => {
    const tally = makeTally(graph, structure, answer, loads);
    for (const arrival of arrivals) {
      for (const side of SIDES) tally.add(arrival.host, side, entering(arrival, side));
    }
    return tally.flows();
  };
  return {
    hosts,
    get workloads() {
      workloads ??= tallied();
      return workloads;
    },
  };
};

const loadKey = (node: ServiceNode, workload: string): string => `${node.podsSide}|${workload}`;

export const addLoad = (loads: Map<string, number>, node: ServiceNode, rate: number): void => {
  for (const backend of node.backends) {
    const key = loadKey(node, backend.workload);
    loads.set(key, (loads.get(key) ?? 0) + (rate * backend.listed) / node.listed);
  }
};

/** How one Service answers under the load that all hosts together put on its pods. */
export const answerOf = (
  node: ServiceNode,
  part: Pick<Part, "workloads">,
  graph: Graph,
  loads: ReadonlyMap<string, number>,
  inputs: BackendInputs,
): Answer => {
  const owners = part.workloads.filter((w) => w.services.includes(node.service));
  const paused = owners.some((w) => inputs.pausedNow(w.name));
  const first = owners[0]?.name ?? node.service;
  if (node.problem !== undefined) {
    return { pass: 0, ms: 0, paused, causes: [{ share: 1, workload: first, reason: node.problem, paused }] };
  }
  let pass = 0;
  let ms = 0;
  const causes: Cause[] = [];
  for (const backend of node.backends) {
    const workload = graph.workloads.get(backend.workload);
    const share = backend.listed / node.listed;
    const one = backendAnswer(
      node,
      backend,
      workload,
      loads.get(loadKey(node, backend.workload)) ?? 0,
      inputs,
    );
    pass += share * one.pass;
    ms += share * one.ms;
    for (const cause of one.causes) causes.push({ ...cause, workload: backend.workload, paused });
  }
  const lost = inputs.lost(node);
  if (lost > 0) {
    causes.push({
      share: lost,
      workload: first,
      paused,
      reason: `a pod of ${node.service} was stopped with requests in hand`,
    });
  }
  return { pass: pass * (1 - lost), ms, causes, paused };
};

const backendAnswer = (
  node: ServiceNode,
  backend: ServiceNode["backends"][number],
  workload: WorkloadNode | undefined,
  load: number,
  inputs: BackendInputs,
): { pass: number; ms: number; causes: readonly { share: number; reason: string }[] } => {
  const capacity = workload?.requestsPerSecondPerPod ?? Number.POSITIVE_INFINITY;
  const perPod = load / backend.listed;
  const over = perPod > capacity ? 1 - capacity / perPod : 0;
  const dead = 1 - backend.accepting / backend.listed;
  const at = `${backend.workload} in the ${node.podsSide} cluster`;
  const causes: { share: number; reason: string }[] = [];
  if (dead > 0) {
    const gone = backend.listed - backend.accepting;
    causes.push({
      share: dead,
      reason: `${gone} of ${backend.listed} pods of ${at} stopped while the balancer still sends to them`,
    });
  }
  if (over > 0) {
    const room = Math.floor(capacity * backend.accepting);
    causes.push({
      share: over,
      reason: `overload at ${at}: the demand is ${Math.ceil(load)} requests a second, ${backend.accepting} ready pods carry ${room}`,
    });
  }
  let pass = (1 - dead) * (1 - over);
  for (const refusal of inputs.refusals(node.podsSide, backend.workload)) {
    causes.push({ share: refusal.share, reason: refusal.reason });
    pass *= 1 - refusal.share;
  }
  return { pass, ms: hopMs(workload?.serviceMs ?? 0, perPod / capacity), causes };
};

const hostFlow = (
  host: HostNode,
  side: Side,
  arrival: Arrival,
  structure: Structure,
  answer: (node: ServiceNode) => Answer,
  inputs: Inputs,
): HostFlow => {
  const unserved = inputs.unserved(host, side);
  const first = host.entries[0] ?? host.host;
  if (unserved !== undefined) {
    const paused = false;
    const causes = [{ share: 1, workload: first, reason: unserved, paused }];
    return { host, side, ...arrival, failShare: 1, pausedShare: 0, causes, latency: sumOfHops([]) };
  }
  const ingress = host.ingresses.length > 0 ? inputs.ingress[side] : undefined;
  let [pass, excused] = [0, 0];
  const causes: Cause[] = ingress?.cause ? [ingress.cause] : [];
  const hops: number[] = ingress ? [ingress.ms] : [];
  for (const [i, entry] of host.entries.entries()) {
    let [through, pausedThrough] = [ingress?.pass ?? 1, 1];
    for (const node of structure.closure(side, entry)) {
      const one = answer(node);
      through *= one.pass;
      if (one.paused) pausedThrough *= one.pass;
      if (i === 0) hops.push(one.ms);
      causes.push(...one.causes);
    }
    pass += through / host.entries.length;
    excused += (1 - pausedThrough) / host.entries.length;
  }
  const failShare = pass > 1 - DUST ? 0 : 1 - pass;
  return {
    host,
    side,
    ...arrival,
    failShare,
    pausedShare: Math.min(excused, failShare),
    causes,
    latency: sumOfHops(hops),
  };
};

/** Adds up what each workload sees, by status code: a host's own mix where requests enter, plain 200 further in. */
const makeTally = (
  graph: Graph,
  structure: Structure,
  answer: (node: ServiceNode) => Answer,
  loads: ReadonlyMap<string, number>,
) => {
  const seen = new Map<string, { node: ServiceNode; listed: number; byCode: Map<string, number> }>();
  const through = (node: ServiceNode): number =>
    structure.closure(node.side, node.service).reduce((pass, n) => pass * answer(n).pass, 1);
  const count = (node: ServiceNode, rate: number, mix: Readonly<Record<string, number>>): void => {
    const pass = through(node);
    for (const backend of node.backends) {
      const key = loadKey(node, backend.workload);
      const entry = seen.get(key) ?? { node, listed: 0, byCode: new Map<string, number>() };
      entry.listed = Math.max(entry.listed, backend.listed);
      const own = (rate * backend.listed) / node.listed;
      for (const [code, share] of Object.entries(mix)) {
        entry.byCode.set(code, (entry.byCode.get(code) ?? 0) + own * share * pass);
      }
      if (pass < 1 - DUST)
        entry.byCode.set(FAILED_STATUS, (entry.byCode.get(FAILED_STATUS) ?? 0) + own * (1 - pass));
      seen.set(key, entry);
    }
  };
  return {
    add: (host: HostNode, side: Side, rate: number): void => {
      if (rate <= 0) return;
      for (const entry of host.entries) {
        for (const [i, node] of structure.closure(side, entry).entries()) {
          count(node, rate / host.entries.length, i === 0 ? host.load.statuses : { "200": 1 });
        }
      }
    },
    flows: (): ReadonlyMap<string, WorkloadFlow> =>
      new Map(
        [...seen].map(([key, { node, listed, byCode }]) => {
          const workload = key.slice(key.indexOf("|") + 1);
          const flow: WorkloadFlow = {
            side: node.podsSide,
            workload,
            requestsPerSecond: loads.get(key) ?? 0,
            capacity: listed * (graph.workloads.get(workload)?.requestsPerSecondPerPod ?? 0),
            byCode,
            latency: sumOfHops(structure.closure(node.side, node.service).map((n) => answer(n).ms)),
          };
          return [key, flow] as const;
        }),
      ),
  };
};
