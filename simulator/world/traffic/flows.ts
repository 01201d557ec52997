/**
 * The flows of the whole platform, part by part, kept as long as nothing changes them. A change in a namespace costs the parts that live
 * there; the hour, DNS, pools and pauses cost one evaluation of each part.
 */

import { SIDES, type Side } from "../../../domain/phases.ts";
import { type Datastores, makeDatastores, type Refusal } from "../datastores.ts";
import { makeThirdParties, type ThirdParties } from "../third-parties.ts";
import type { Changed, Cluster } from "../types.ts";
import { type Arrivals, makeArrivals } from "./arrivals.ts";
import { type FailingPiece, failingRate } from "./books.ts";
import { DEMAND_STEP_MS } from "./demand.ts";
import type { Evaluation, WorkloadFlow } from "./evaluate.ts";
import { type Graph, type HostNode, makeGraph, type Part } from "./graph.ts";
import { evaluateRecipe, History, type TimelinePiece } from "./history.ts";
import { type Ingress, makeIngress } from "./ingress.ts";
import { sumOfHops } from "./latency.ts";
import type { TrafficOptions } from "./options.ts";
import { podsOf } from "./pods.ts";
import {
  type ExternalNames,
  killed,
  makeExternalNames,
  makeStructure,
  type Structure,
  signatureOf,
} from "./structure.ts";

export type PartState = {
  readonly part: Part;
  structure: Structure | undefined;
  evaluation: Evaluation | undefined;
  bookedAt: number;
  readonly history: History;
  /** What the structure was made from, as a text; undefined where it has to be made anew in any case. */
  signature: string | undefined;
  /** Why a side doesn't serve a host, by `side|host`. */
  unserved: ReadonlyMap<string, string>;
};

export type Change = "everything" | "inputs" | Changed;

/** What to look at again, and when: whether something fails, times at which a flow changes by itself, whether pools drain. */
export type Wake = {
  readonly failing: boolean;
  readonly at: readonly number[];
  readonly moving: boolean;
  readonly changed: boolean;
};

export type Subject = { readonly host: string } | { readonly workload: string };

/** So many parts keep their computed history: those that were asked about last. */
const HOT_MAX = 8;
/** A pod that is killed takes what it has in hand with it: about as long as its own time for a request. */
const IN_HAND_MS_MIN = 1;

export class Flows {
  readonly graph: Graph;
  readonly parts: readonly PartState[];
  readonly datastores: Datastores;
  readonly #clusters: { readonly [S in Side]: Cluster };
  readonly #now: () => number;
  readonly #keepsHistory: boolean;
  readonly #names: ExternalNames;
  readonly #ingress: Ingress;
  readonly #thirdParties: ThirdParties;
  readonly #arrivals: Arrivals;
  readonly #pauses = new Map<string, number>();
  readonly #losses = new Map<string, { share: number; until: number }>();
  readonly #byHost = new Map<string, PartState>();
  readonly #byWorkload = new Map<string, PartState>();
  readonly #namespaces = new Set<string>();
  #hot: PartState[] = [];
  #everything = true;
  #inputs = true;
  #moving = false;
  #storesSaid = "";
  /** What `workloads` gave, for as long as nothing can have changed: autoscalers ask every few seconds. */
  #told: { readonly step: number; readonly flows: ReadonlyMap<string, WorkloadFlow> } | undefined;

  constructor(options: TrafficOptions) {
    this.#keepsHistory = options.keepsHistory ?? true;
    this.#clusters = options;
    this.#now = () => options.clock.now();
    this.graph = makeGraph(options.plan);
    this.#names = makeExternalNames(this.#clusters);
    this.#ingress = makeIngress(this.graph, this.#clusters, this.#names);
    this.datastores = makeDatastores(options);
    this.#thirdParties = options.outside ?? makeThirdParties(options.plan);
    this.#arrivals = makeArrivals({ ...options, graph: this.graph, ingress: this.#ingress });
    this.parts = this.graph.parts.map((part) => ({
      part,
      structure: undefined,
      evaluation: undefined,
      bookedAt: this.#now(),
      history: new History(),
      signature: undefined,
      unserved: new Map(),
    }));
    for (const state of this.parts) {
      for (const { host } of state.part.hosts) this.#byHost.set(host, state);
      for (const { name } of state.part.workloads) this.#byWorkload.set(name, state);
    }
  }

  changed(change: Change): void {
    this.#told = undefined;
    if (change === "everything") this.#everything = true;
    else if (change === "inputs") this.#inputs = true;
    else for (const namespace of change.namespaces) this.#namespaces.add(namespace);
  }

  /** Makes anew what changed. `book` is called for each part before its flow is replaced. */
  refresh(book: (part: PartState) => void): Wake {
    if (!this.#everything && this.#namespaces.size === 0 && !this.#inputs) {
      return { failing: false, at: [], moving: this.#moving, changed: false };
    }
    this.#told = undefined;
    const now = this.#now();
    const touched = new Set(this.parts.filter((p) => this.#isTouched(p)));
    const wide = this.#readChanges();
    for (const state of wide ? this.parts : touched) book(state);
    const at = [...touched].flatMap((state) => this.#rebuild(state, now));
    // A pod that stopped sends its connections elsewhere, perhaps to hosts of other parts.
    const all = wide || this.#arrivals.moving();
    if (!wide && all) for (const state of this.parts) book(state);
    this.#evaluate(all ? this.parts : [...touched], now);
    const failing = this.parts.some((p) => p.evaluation?.hosts.some((h) => failingRate(h) > 0) === true);
    this.#moving = this.#arrivals.moving();
    return { failing, at, moving: this.#moving, changed: true };
  }

  /** Takes in how everything stands at the start. */
  begin(): void {
    const now = this.#now();
    this.#ingress.rebuild();
    for (const state of this.parts) {
      state.unserved = unservedOf(state.part, this.#clusters);
      this.#rebuild(state, now);
    }
    this.#arrivals.syntheticChanged();
    this.#storesChanged();
  }

  drainPools(milliseconds: number): void {
    this.#told = undefined;
    this.#arrivals.drain(milliseconds, this.#now());
    this.#inputs = true;
  }

  pause(workload: string, until: number): void {
    this.#told = undefined;
    this.#pauses.set(workload, Math.max(until, this.#pauses.get(workload) ?? 0));
    this.#inputs = true;
  }

  isPaused(workload: string): boolean {
    return (this.#pauses.get(workload) ?? 0) > this.#now();
  }

  arriving(side: Side): { readonly requestsPerSecond: number; readonly openConnections: number } {
    let [requestsPerSecond, openConnections] = [0, 0];
    for (const { evaluation } of this.parts) {
      for (const host of evaluation?.hosts ?? []) {
        requestsPerSecond += host[side].clients;
        openConnections += host[side].openConnections;
      }
    }
    return { requestsPerSecond, openConnections };
  }

  workloads(): readonly WorkloadFlow[] {
    return [...this.#flows().values()];
  }

  workload(side: Side, name: string): WorkloadFlow | undefined {
    const key = `${side}|${name}`;
    const inside = this.#byWorkload.get(name)?.evaluation?.workload(key);
    return inside ?? this.#flows().get(key);
  }

  #flows(): ReadonlyMap<string, WorkloadFlow> {
    const step = Math.floor(this.#now() / DEMAND_STEP_MS);
    if (this.#told?.step === step) return this.#told.flows;
    const flows = new Map<string, WorkloadFlow>();
    for (const flow of this.#controllers()) flows.set(`${flow.side}|${flow.workload}`, flow);
    for (const part of this.parts)
      for (const flow of part.evaluation?.workloads.values() ?? [])
        flows.set(`${flow.side}|${flow.workload}`, flow);
    this.#told = { step, flows };
    return flows;
  }

  /** What goes through the ingress controllers, spread evenly over them. */
  #controllers(): readonly WorkloadFlow[] {
    const { ingress } = this.graph;
    const load = this.#arrivals.ingressLoad(this.#now());
    return SIDES.flatMap((side) =>
      ingress.map(({ workload }) => ({
        side,
        workload: workload.name,
        requestsPerSecond: load[side] / ingress.length,
        capacity: podsOf(this.#clusters[side]).accepting(workload.name) * workload.requestsPerSecondPerPod,
        byCode: new Map(),
        latency: sumOfHops([]),
      })),
    );
  }

  history(of: Subject): readonly TimelinePiece[] {
    const state = "host" in of ? this.#byHost.get(of.host) : this.#byWorkload.get(of.workload);
    if (!state) return [];
    if (this.#hot.at(-1) !== state) {
      this.#hot = [...this.#hot.filter((s) => s !== state), state];
      if (this.#hot.length > HOT_MAX) this.#hot.shift()?.history.cool();
    }
    return state.history.pieces(this.#arrivals.demandRatio);
  }

  failingNow(host: string): readonly FailingPiece[] {
    const at = this.#byHost.get(host)?.evaluation?.hosts.find((h) => h.source.host.host === host);
    return at ? [{ from: this.#now(), to: this.#now(), requestsPerSecond: failingRate(at) }] : [];
  }

  /** Whether a part's pods, Services or Ingresses really are other than they were. */
  #isTouched(state: PartState): boolean {
    // What another cluster's load balancer has behind it isn't in the signature.
    const leadsAway = state.structure?.leadsAway ?? true;
    const here = this.#everything || [...this.#namespaces].some((n) => state.part.namespaces.has(n));
    if (!here && !(leadsAway && this.#namespaces.size > 0)) return false;
    const unserved = unservedOf(state.part, this.#clusters);
    const signature = [signatureOf(state.part, this.#clusters), ...unserved.keys()].join(" ");
    if (signature === state.signature && !leadsAway) return false;
    state.signature = signature;
    state.unserved = unserved;
    return true;
  }

  /** Takes in what was reported. @returns whether it concerns all parts. */
  #readChanges(): boolean {
    let wide = this.#inputs;
    if (this.#everything || this.#namespaces.size > 0) {
      this.#names.forget();
      if (this.#everything || [...this.#namespaces].some((n) => this.#ingress.touches(n))) {
        if (this.#ingress.rebuild()) wide = true;
        for (const p of this.parts) if (p.structure) this.#arrivals.podsChanged(p.part, p.structure);
      }
      if (this.#arrivals.syntheticChanged()) wide = true;
      if (this.#storesChanged()) wide = true;
    }
    this.#everything = false;
    this.#inputs = false;
    this.#namespaces.clear();
    return wide;
  }

  /** Whether a datastore refuses more or less than before; one may serve several parts. */
  #storesChanged(): boolean {
    const excess = this.datastores.counts().map((c) => Math.max(0, c.connections - c.connectionsMax));
    const said = excess.join();
    const news = said !== this.#storesSaid;
    this.#storesSaid = said;
    return news;
  }

  /** Looks at a part's pods and Services again. @returns when what a killed pod took with it is over. */
  #rebuild(state: PartState, now: number): number[] {
    const structure = makeStructure(state.part, this.graph, this.#clusters, this.#names);
    const wake: number[] = [];
    for (const side of state.structure ? SIDES : []) {
      for (const service of state.part.services) {
        const was = state.structure?.node(side, service);
        const gone = was ? killed(was, podsOf(this.#clusters[was.podsSide])) : 0;
        if (!was || gone === 0) continue;
        const serviceMs =
          this.graph.workloads.get(was.backends[0]?.workload ?? "")?.serviceMs ?? IN_HAND_MS_MIN;
        const until = now + Math.max(IN_HAND_MS_MIN, Math.ceil(serviceMs));
        this.#losses.set(was.key, { share: gone / was.listed, until });
        wake.push(until);
      }
    }
    state.structure = structure;
    this.#arrivals.podsChanged(state.part, structure);
    return wake;
  }

  #evaluate(states: readonly PartState[], at: number): void {
    if (states.length === 0) return;
    const refused = this.#refused();
    const lost = new Map(
      [...this.#losses].flatMap(([key, l]) => (l.until > at ? [[key, l.share] as const] : [])),
    );
    const paused = new Set([...this.#pauses].flatMap(([name, until]) => (until > at ? [name] : [])));
    const ingress = this.#ingress.flows(this.#arrivals.ingressLoad(at), {
      refusals: (side, workload) => refused.get(`${side}|${workload}`) ?? [],
      pausedNow: (workload) => paused.has(workload),
      lost: (node) => lost.get(node.key) ?? 0,
    });
    for (const state of states) {
      const { part, structure, unserved } = state;
      if (!structure) continue;
      const arrivals = part.hosts.map((host) => this.#arrivals.of(host, at));
      const recipe = {
        part,
        graph: this.graph,
        structure,
        arrivals,
        ingress,
        unserved,
        refused,
        lost,
        paused,
      };
      state.evaluation = evaluateRecipe(recipe);
      if (this.#keepsHistory) state.history.put(at, recipe);
    }
  }

  /** What databases and third parties refuse now, by `side|workload`. */
  #refused(): ReadonlyMap<string, readonly Refusal[]> {
    const all = new Map<string, Refusal[]>();
    for (const { side, workload, refusal } of [
      ...this.datastores.refusals(),
      ...this.#thirdParties.refusals(),
    ]) {
      const key = `${side}|${workload}`;
      all.set(key, [...(all.get(key) ?? []), refusal]);
    }
    return all;
  }
}

const unservedOf = (part: Part, clusters: { readonly [S in Side]: Cluster }): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const host of part.hosts) {
    for (const side of SIDES) {
      const reason = whyUnserved(host, side, clusters[side]);
      if (reason !== undefined) found.set(`${side}|${host.host}`, reason);
    }
  }
  return found;
};

const whyUnserved = (host: HostNode, side: Side, cluster: Cluster): string | undefined => {
  if (!cluster.exists()) return `${host.host} resolves to the ${side} cluster, which doesn't exist`;
  if (host.ingresses.length > 0 && !host.ingresses.some((ref) => cluster.get(ref) !== undefined)) {
    return `${host.host} resolves to the ${side} cluster, which has no Ingress for it`;
  }
  return undefined;
};
