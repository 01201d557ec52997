/**
 * The PromQL that Repot sends, as builders: what each gate measures, in one place. Every query names its cluster, so that data of
 * the wrong cluster is no data. Metric names follow the Prometheus conventions; an exporter maps a platform's own names to them.
 */

import type { Plan } from "./plan.ts";
import { nameOf } from "./plan.ts";

/** Whose requests are measured. `cluster` is the cluster's name in the plan's settings. */
export type Subject = { readonly cluster: string; readonly namespace: string; readonly workload: string };

/** The synthetic load that Repot runs on a cluster: what gives gates samples before any client is there. */
export const LOAD_GENERATOR = {
  namespace: "repot",
  name: "load-generator",
  /** Annotation of its Deployment: requests a second to each public host, whatever the number of its pods. */
  annotation: "repot.dev/synthetic-requests-per-second",
  requestsPerSecond: 2,
} as const;

const quoted = (text: string): string => JSON.stringify(text);

const selector = (s: Subject, extra = ""): string =>
  `{cluster=${quoted(s.cluster)},namespace=${quoted(s.namespace)},workload=${quoted(s.workload)}${extra}}`;

const REQUESTS = "http_requests_total";
const DURATION = "http_request_duration_seconds_bucket";

/** Requests a second over the window. */
export const requestRate = (s: Subject, window = "5m"): string =>
  `sum(rate(${REQUESTS}${selector(s)}[${window}]))`;

/** Share of answers that are 5xx; 0 where there are requests and none failed; nothing where there are no requests. */
export const errorShare = (s: Subject, window = "5m"): string =>
  `(sum(rate(${REQUESTS}${selector(s, ',code=~"5.."')}[${window}])) or vector(0)) / sum(rate(${REQUESTS}${selector(s)}[${window}]))`;

/** Requests by status code: one value for each `code`. */
export const statusRates = (s: Subject, window = "5m"): string =>
  `sum by (code) (rate(${REQUESTS}${selector(s)}[${window}]))`;

/** Seconds within which a share of the requests is answered. */
export const latencyQuantile = (quantile: 0.5 | 0.99 | 0.995, s: Subject, window = "5m"): string =>
  `histogram_quantile(${quantile}, sum by (le) (rate(${DURATION}${selector(s)}[${window}])))`;

/** Requests in the window by the seconds that they took at most, cumulative: one value for each `le`. */
export const latencyBuckets = (s: Subject, window = "5m"): string =>
  `sum by (le) (increase(${DURATION}${selector(s)}[${window}]))`;

/** Requests in the window: the samples that stand behind the other figures. */
export const requestCount = (s: Subject, window = "5m"): string =>
  `sum(increase(${REQUESTS}${selector(s)}[${window}]))`;

/** Scrapes in the window, of the series that has most: tells a gap in the scraping from a quiet hour. */
export const scrapeCount = (s: Subject, window = "5m"): string =>
  `max(count_over_time(${REQUESTS}${selector(s)}[${window}]))`;

/** Unix seconds of the newest scrape; nothing where it is older than five minutes. */
export const newestSample = (s: Subject): string => `max(timestamp(${REQUESTS}${selector(s)}))`;

/** The highest request rate of the last day, in steps of five minutes. */
export const peakRequestRate = (s: Subject): string =>
  `max_over_time(sum(rate(${REQUESTS}${selector(s)}[5m]))[1d:5m])`;

/** The figures of the gates for every workload of a cluster at once, by `namespace` and `workload`: for preflight, which looks at all of them. */
export const ofEveryWorkload = (cluster: string) => {
  const by = "by (namespace,workload)";
  const all = `{cluster=${quoted(cluster)}}`;
  return {
    requestCount: (window: string): string => `sum ${by} (increase(${REQUESTS}${all}[${window}]))`,
    errorCount: `sum ${by} (increase(${REQUESTS}{cluster=${quoted(cluster)},code=~"5.."}[5m]))`,
    statusRates: `sum by (namespace,workload,code) (rate(${REQUESTS}${all}[5m]))`,
    latencyBuckets: `sum by (namespace,workload,le) (increase(${DURATION}${all}[5m]))`,
    p99Seconds: `histogram_quantile(0.99, sum by (namespace,workload,le) (rate(${DURATION}${all}[5m])))`,
    newestSample: `max ${by} (timestamp(${REQUESTS}${all}))`,
  } as const;
};

/** Repot's own requests in five minutes, by `outcome`: answered or failed. */
export const syntheticRequests = (cluster: string): string =>
  `sum by (outcome) (increase(synthetic_requests_total{cluster=${quoted(cluster)}}[5m]))`;

/** The same by the seconds that they took at most, cumulative. */
export const syntheticBuckets = (cluster: string): string =>
  `sum by (le) (increase(synthetic_request_duration_seconds_bucket{cluster=${quoted(cluster)}}[5m]))`;

/** Requests a second that enter a cluster from outside, over one minute: clients only, not Repot's own load. */
export const edgeRequestRate = (cluster: string, host?: string): string =>
  `sum(rate(edge_requests_total{cluster=${quoted(cluster)}${host === undefined ? "" : `,host=${quoted(host)}`}}[1m]))`;

/** Connections that clients hold open to a cluster's load balancers now. */
export const openConnections = (cluster: string): string =>
  `sum(edge_open_connections{cluster=${quoted(cluster)}})`;

/** Connections that clients opened to a cluster's load balancers, a second, over one minute. */
export const newConnectionRate = (cluster: string): string =>
  `sum(rate(edge_new_connections_total{cluster=${quoted(cluster)}}[1m]))`;

/** Connections to a datastore that the pods of one cluster hold. */
export const datastoreConnections = (cluster: string, datastore: string): string =>
  `sum(datastore_connections{cluster=${quoted(cluster)},datastore=${quoted(datastore)}})`;

/** Messages that a consumer group has not read yet. */
export const groupLag = (cluster: string, group: string): string =>
  `sum(kafka_consumergroup_lag{cluster=${quoted(cluster)},consumergroup=${quoted(group)}})`;

/** Messages of a queue that wait or that a worker holds. */
export const queueDepth = (cluster: string, queue: string): string =>
  `sum(queue_messages{cluster=${quoted(cluster)},queue=${quoted(queue)}})`;

/** Classes that requests pass by: what monitoring, agents and controllers answer decides no client's request. */
const ASIDE: ReadonlySet<string> = new Set(["core", "cloud-controller"]);

/** What was worked out once for a plan; a plan never changes, and every comparison asks again. */
const remembered = <Of extends object, What>(work: (of: Of) => What): ((of: Of) => What) => {
  const known = new WeakMap<Of, What>();
  return (of) => {
    const found = known.get(of) ?? work(of);
    known.set(of, found);
    return found;
  };
};

type Workloads = Plan["workloads"];

/** The workloads behind each Service, in the plan's order. */
export const workloadsBehind = remembered((workloads: Workloads): ReadonlyMap<string, readonly string[]> => {
  const behind = new Map<string, string[]>();
  for (const w of workloads)
    for (const service of new Set(w.services)) {
      const names = behind.get(service);
      if (names) names.push(nameOf(w));
      else behind.set(service, [nameOf(w)]);
    }
  return behind;
});

const calledBy = remembered((workloads: Workloads): ReadonlyMap<string, readonly string[]> => {
  const answering = new Set<string>();
  for (const w of workloads) {
    if (ASIDE.has(w.class) || w.loadGenerator === true) continue;
    if (w.replicas === 0 && w.kind !== "DaemonSet") continue;
    for (const service of w.services) answering.add(service);
  }
  return new Map(
    workloads.map((w) => {
      const needed = new Set(w.calls.map((c) => c.service));
      for (const service of w.services) needed.delete(service);
      return [nameOf(w), [...needed].filter((service) => answering.has(service)).sort()] as const;
    }),
  );
});

/**
 * The Services that each workload needs in order to answer, `namespace/name` to `namespace/service`s. A call counts where some
 * workload of the plan stands behind the Service, runs (a workload of zero pods isn't used), and isn't telemetry, a controller or a load
 * generator, whose own page others may link to.
 */
export const neededCalls = (plan: Pick<Plan, "workloads">): ReadonlyMap<string, readonly string[]> =>
  calledBy(plan.workloads);

type Host = Plan["hosts"][number];

/** The workloads that one host's requests reach, for each host of a plan. */
const reachedFrom = remembered((workloads: Workloads) =>
  remembered((host: Host): ReadonlySet<string> => {
    const calls = calledBy(workloads);
    const behind = workloadsBehind(workloads);
    const reached = new Set<string>();
    const open = [`${host.namespace}/${host.service}`];
    const seen = new Set(open);
    for (let service = open.pop(); service !== undefined; service = open.pop())
      for (const name of behind.get(service) ?? []) {
        reached.add(name);
        for (const next of calls.get(name) ?? []) {
          if (!seen.has(next)) open.push(next);
          seen.add(next);
        }
      }
    return reached;
  }),
);

type Reached = Pick<Plan, "workloads" | "hosts">;

const reachedByAll = remembered((workloads: Workloads) =>
  remembered((hosts: Plan["hosts"]): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const host of hosts)
      for (const name of reachedFrom(workloads)(host)) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }),
);

/** How many public hosts lead to each workload; those that none leads to are left out. */
export const hostsLeadingToEach = ({ workloads, hosts }: Reached): ReadonlyMap<string, number> =>
  reachedByAll(workloads)(hosts);

/** The workloads that requests of clients reach (`namespace/name`): those that have request metrics to compare. */
export const receivesRequests = (plan: Reached): ReadonlySet<string> =>
  new Set(hostsLeadingToEach(plan).keys());

/** The workloads on the ways from public hosts through a workload: itself, what it needs, and whose requests lead to it. */
export const aroundWorkload = (plan: Pick<Plan, "workloads">, name: string): ReadonlySet<string> => {
  const calls = neededCalls(plan);
  const behind = workloadsBehind(plan.workloads);
  const callers = callersOfEach(plan.workloads);
  const below = (w: string) => (calls.get(w) ?? []).flatMap((service) => behind.get(service) ?? []);
  return new Set([...closure(name, below), ...closure(name, (w) => callers.get(w) ?? [])]);
};

const callersOfEach = remembered((workloads: Workloads): ReadonlyMap<string, readonly string[]> => {
  const behind = workloadsBehind(workloads);
  const callers = new Map<string, string[]>();
  for (const [caller, services] of calledBy(workloads))
    for (const name of services.flatMap((service) => behind.get(service) ?? []))
      callers.set(name, [...(callers.get(name) ?? []), caller]);
  return callers;
});

const closure = (start: string, next: (name: string) => readonly string[]): ReadonlySet<string> => {
  const seen = new Set([start]);
  // A set that grows is walked to its end.
  for (const name of seen) for (const other of next(name)) seen.add(other);
  return seen;
};
