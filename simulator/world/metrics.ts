/**
 * What a metrics base has after scraping the simulated world: counters and histograms of each workload, the edge's requests and
 * connections, datastores and queues; every 15 seconds, with a scrape missed now and then. Each side has its own base, and each can be
 * made to lie: no data, late data, NaN, another cluster's data, hardly any.
 */

import { otherSide, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { remembered } from "../../domain/remembered.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { makeDatastores } from "./datastores.ts";
import { makePresence } from "./metrics-presence.ts";
import {
  countersOf,
  HISTOGRAM_BOUNDS,
  type Piece,
  type ScrapedSample,
  sampleGauge,
} from "./metrics-samples.ts";
import { syntheticMetrics } from "./metrics-synthetic.ts";
import { shareWithin } from "./traffic/latency.ts";
import { REQUESTS_PER_CONNECTION } from "./traffic/pools.ts";
import type { TrafficWorld } from "./traffic/traffic.ts";
import type { Cluster } from "./types.ts";

export const SCRAPE_EVERY_MS = 15_000;
/** One scrape in so many is missed. */
const GAP_EVERY = 400;
/** A month of both sides. */
const GAPS_KEPT_MAX = 400_000;
const LATE_MS = 900_000;

export const METRIC_FAULTS = ["missing", "late", "nan", "wrong-cluster", "sparse"] as const;
export type MetricFault = (typeof METRIC_FAULTS)[number];

type Labels = Readonly<Record<string, string>>;
export type ScrapedSeries = { readonly labels: Labels; readonly samples: readonly ScrapedSample[] };

export type MetricsWorld = {
  /** Series of one base whose labels match, with their samples in (from, to] that are there by now, oldest first. */
  readonly scraped: (
    side: Side,
    name: string,
    matches: (labels: Labels) => boolean,
    fromMs: number,
    toMs: number,
    /** Labels that `matches` wants to have exactly these values, as far as the caller says so: a hint, which saves looking at the rest. */
    equal?: Labels,
  ) => readonly ScrapedSeries[];
  /** From now on, for so many seconds, this base answers wrongly. */
  readonly strike: (side: Side, fault: MetricFault, seconds: number) => void;
  readonly heal: (side: Side) => void;
};

/** Further gauges that others provide, by metric name: their values now. */
export type Gauges = Readonly<
  Record<string, () => readonly { readonly labels: Labels; readonly value: number }[]>
>;

export type MetricsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly traffic: TrafficWorld;
  /** Further gauges of one side, such as those of the queues. */
  readonly gauges?: (side: Side) => Gauges;
};

/** A series before it is sampled. */
type Candidate = {
  readonly labels: Labels;
  readonly samples: (times: readonly number[]) => readonly ScrapedSample[];
};

export const makeMetricsWorld = (options: MetricsOptions): MetricsWorld => {
  const { clock, plan } = options;
  const chance = options.random.fork("scrapes");
  const faults = new Map<Side, { readonly fault: MetricFault; readonly until: number }>();
  const candidates = makeCandidates(options);
  const gap = remembered(GAPS_KEPT_MAX, (scrape) => chance.fork(scrape).next() < 1 / GAP_EVERY);
  const times = (side: Side, fromMs: number, toMs: number): readonly number[] => {
    const phase = side === "source" ? 2_000 : 9_000;
    const found: number[] = [];
    for (
      let k = Math.floor((fromMs - phase) / SCRAPE_EVERY_MS) + 1;
      k * SCRAPE_EVERY_MS + phase <= toMs;
      k += 1
    ) {
      if (!gap(`${side}${k}`)) found.push(k * SCRAPE_EVERY_MS + phase);
    }
    return found;
  };
  return {
    scraped: (side, name, matches, fromMs, toMs, equal = {}) => {
      const struck = faults.get(side);
      const fault = struck && struck.until > clock.now() ? struck.fault : undefined;
      if (fault === "missing") return [];
      const there = Math.min(toMs, clock.now() - (fault === "late" ? LATE_MS : 0));
      const at = times(side, fromMs, there);
      const cluster = plan.settings[fault === "wrong-cluster" ? otherSide(side) : side].name;
      return candidates(side, name, equal).flatMap(({ labels: own, samples }) => {
        const labels = { __name__: name, cluster, ...own };
        if (!matches(labels)) return [];
        const found = samples(at);
        if (found.length === 0) return [];
        return [
          {
            labels,
            samples: fault ? found.map((s) => ({ ...s, value: told(fault, name, s.value) })) : found,
          },
        ];
      });
    },
    strike: (side, fault, seconds) => faults.set(side, { fault, until: clock.now() + seconds * 1000 }),
    heal: (side) => faults.delete(side),
  };
};

/** An exporter that counts one request in so many. */
const SPARSE_EVERY = 5_000;

/** What a base that is struck says instead of a value. */
const told = (fault: MetricFault, name: string, value: number): number => {
  if (fault === "nan") return Number.NaN;
  return fault === "sparse" && name.startsWith("http_") ? value / SPARSE_EVERY : value;
};

type CandidatesOf = (side: Side, name: string, equal: Labels) => readonly Candidate[];

/** Every series that a base knows under a name, but for those that can't have the labels that are wanted. */
const makeCandidates = (options: MetricsOptions): CandidatesOf => {
  const presence = makePresence(options);
  const workloads = workloadMetrics(options, presence);
  const edge = edgeMetrics(options, presence);
  const synthetic = syntheticMetrics(options.traffic, presence);
  const datastores = makeDatastores(options);
  const gaugesOf = (side: Side): Gauges => ({
    ...options.gauges?.(side),
    datastore_connections: () =>
      datastores
        .counts()
        .filter((c) => c.of === "both" || c.of === side)
        .map((c) => ({ labels: { datastore: c.datastore }, value: c.bySide[side] })),
    datastore_connections_max: () =>
      datastores.counts().map((c) => ({ labels: { datastore: c.datastore }, value: c.connectionsMax })),
  });
  const gauges: { readonly [S in Side]: Gauges } = { source: gaugesOf("source"), target: gaugesOf("target") };
  return (side, name, equal) => {
    if (name.startsWith("http_")) return workloads(side, name, equal);
    if (name.startsWith("edge_")) return edge(side, name);
    if (name.startsWith("synthetic_")) return synthetic(side, name);
    return (gauges[side][name]?.() ?? []).map(({ labels, value }) => ({
      labels,
      samples: (times) => times.filter((at) => presence.exists(side, at)).map((at) => ({ at, value })),
    }));
  };
};

type Presence = ReturnType<typeof makePresence>;

const workloadMetrics = ({ plan, traffic }: MetricsOptions, presence: Presence) => {
  const nodes = traffic.graph.parts.flatMap((part) => part.workloads.map((workload) => ({ part, workload })));
  const own = new Map<string, Plan["workloads"][number]>(plan.workloads.map((w) => [nameOf(w), w]));
  /** The codes that it answers with, whether or not anybody asks. */
  const normal = (services: readonly string[], part: (typeof nodes)[number]["part"]): readonly string[] => {
    const hosts = part.hosts.filter((h) => h.entries.some((e) => services.includes(e)));
    return hosts.length > 0 ? hosts.flatMap((h) => Object.keys(h.load.statuses)) : ["200"];
  };
  const byName = new Map(nodes.map((node) => [node.workload.name, node]));
  const wanted = ({ namespace, workload }: Labels): typeof nodes => {
    if (namespace === undefined || workload === undefined) return nodes;
    const only = byName.get(`${namespace}/${workload}`);
    return only ? [only] : [];
  };
  const seen = makeSeenCodes();
  return (side: Side, name: string, equal: Labels): readonly Candidate[] =>
    wanted(equal).flatMap(({ part, workload }) => {
      const w = own.get(workload.name);
      if (!w) return [];
      const labels = { namespace: w.namespace, workload: w.name };
      const history = traffic.history({ workload: workload.name });
      const key = `${side}|${workload.name}`;
      const counter = countersOf(history, (at) => presence.up(side, workload.name, at));
      const flow = (piece: Piece) => piece.evaluation.workload(key);
      switch (name) {
        case "http_requests_total": {
          const codes = seen.codes(key, history, flow, () => normal(workload.services, part));
          return [...codes].sort().map((code) => ({
            labels: { ...labels, code },
            samples: counter((piece) => flow(piece)?.byCode.get(code) ?? 0),
          }));
        }
        case "http_request_duration_seconds_bucket":
          return HISTOGRAM_BOUNDS.map((le) => ({
            labels: { ...labels, le: le === Number.POSITIVE_INFINITY ? "+Inf" : String(le) },
            samples: counter((piece) => {
              const at = flow(piece);
              if (!at) return 0;
              return (
                at.requestsPerSecond *
                (le === Number.POSITIVE_INFINITY ? 1 : shareWithin(at.latency, le * 1000))
              );
            }),
          }));
        case "http_request_duration_seconds_count":
          return [{ labels, samples: counter((piece) => flow(piece)?.requestsPerSecond ?? 0) }];
        default:
          return [];
      }
    });
};

/** The codes that a workload was ever seen to answer with; each piece of its history is looked at once. */
const makeSeenCodes = () => {
  const known = new Map<string, { readonly codes: Set<string>; until: number }>();
  return {
    codes: (
      key: string,
      history: readonly Piece[],
      flow: (piece: Piece) => { readonly byCode: ReadonlyMap<string, number> } | undefined,
      normal: () => readonly string[],
    ): ReadonlySet<string> => {
      const entry = known.get(key) ?? { codes: new Set(normal()), until: Number.NEGATIVE_INFINITY };
      known.set(key, entry);
      for (let i = history.length - 1; i >= 0; i -= 1) {
        const piece = history[i];
        // The newest piece may still be replaced by another of the same instant: it is looked at again.
        if (!piece || piece.from < entry.until) break;
        for (const code of flow(piece)?.byCode.keys() ?? []) entry.codes.add(code);
      }
      entry.until = history.at(-1)?.from ?? entry.until;
      return entry.codes;
    },
  };
};

const edgeMetrics = ({ traffic }: MetricsOptions, presence: Presence) => {
  return (side: Side, name: string): readonly Candidate[] =>
    traffic.graph.hosts.flatMap((host): readonly Candidate[] => {
      const labels = { host: host.host };
      const history = traffic.history({ host: host.host });
      const flow = (piece: Piece) => piece.evaluation.hosts.find((h) => h.source.host === host)?.[side];
      const there = (at: number) => presence.exists(side, at);
      const counter = countersOf(history, there);
      switch (name) {
        case "edge_requests_total":
          return [...Object.keys(host.load.statuses), "503"].map((code) => ({
            labels: { ...labels, code },
            samples: counter((piece) => {
              const at = flow(piece);
              if (!at) return 0;
              const answered = at.clients * (1 - at.failShare) * (host.load.statuses[code] ?? 0);
              return answered + (code === "503" ? at.clients * at.failShare : 0);
            }),
          }));
        case "edge_new_connections_total":
          return [
            {
              labels,
              samples: counter((piece) => {
                const at = flow(piece);
                return at ? Math.max(0, at.clients - at.openConnections * REQUESTS_PER_CONNECTION) : 0;
              }),
            },
          ];
        case "edge_open_connections":
          return [
            {
              labels,
              samples: (times) =>
                sampleGauge(history, times, (piece) => flow(piece)?.openConnections ?? 0, there),
            },
          ];
        default:
          return [];
      }
    });
};
