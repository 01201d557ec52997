/** How single Services and hosts answer under their load: the shares that fail and why, and how long it takes. */

import type { Side } from "../../../domain/phases.ts";
import type { Arrival, BackendInputs, Cause, HostFlow, Inputs } from "./evaluate.ts";
import type { Graph, HostNode, Part, WorkloadNode } from "./graph.ts";
import { hopMs, sumOfHops } from "./latency.ts";
import type { ServiceNode, Structure } from "./structure.ts";

/** Sums of shares leave dust; a failing share is more than that. */
export const DUST = 1e-9;

/** The status that a balancer or a caller gives for a request that could not be answered. */
export const FAILED_STATUS = "503";

export type Answer = {
  readonly pass: number;
  readonly ms: number;
  readonly causes: readonly Cause[];
  readonly paused: boolean;
};

/** Requests a second that come to the pods of workloads: for all at once, or for one when its answer is asked for. */
export type Loads = { readonly get: (key: string) => number | undefined; readonly all: () => void };

type Owners = Pick<Part, "workloads">;
const owners = new WeakMap<Owners["workloads"], ReadonlyMap<string, readonly WorkloadNode[]>>();

/** The workloads of a part behind a Service. */
export const behind = ({ workloads }: Owners, service: string): readonly WorkloadNode[] => {
  let known = owners.get(workloads);
  if (!known) {
    const made = new Map<string, WorkloadNode[]>();
    for (const w of workloads)
      for (const name of new Set(w.services)) made.set(name, [...(made.get(name) ?? []), w]);
    owners.set(workloads, made);
    known = made;
  }
  return known.get(service) ?? [];
};

/** @param only The one key that is wanted; all where absent. */
export const addLoad = (loads: Map<string, number>, node: ServiceNode, rate: number, only?: string): void => {
  for (const backend of node.backends) {
    const key = backend.loadKey;
    if (only !== undefined && key !== only) continue;
    loads.set(key, (loads.get(key) ?? 0) + (rate * backend.listed) / node.listed);
  }
};

/** How one Service answers under the load that all hosts together put on its pods. */
export const answerOf = (
  node: ServiceNode,
  part: Owners,
  graph: Graph,
  loads: Pick<Loads, "get">,
  inputs: BackendInputs,
): Answer => {
  const owned = behind(part, node.service);
  const paused = owned.some((w) => inputs.pausedNow(w.name));
  const first = owned[0]?.name ?? node.service;
  if (node.problem !== undefined) {
    return { pass: 0, ms: 0, paused, causes: [{ share: 1, workload: first, reason: node.problem, paused }] };
  }
  let pass = 0;
  let ms = 0;
  const causes: Cause[] = [];
  for (const backend of node.backends) {
    const workload = graph.workloads.get(backend.workload);
    const share = backend.listed / node.listed;
    const one = backendAnswer(node, backend, workload, loads.get(backend.loadKey) ?? 0, inputs);
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
  let ms = hopMs(workload?.serviceMs ?? 0, perPod / capacity);
  for (const { share, reason, times = 1 } of inputs.refusals(node.podsSide, backend.workload)) {
    if (share > 0) causes.push({ share, reason });
    pass *= 1 - share;
    ms *= times;
  }
  return { pass, ms, causes };
};

export const hostFlow = (
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
