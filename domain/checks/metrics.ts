/** Preflight's judgement of the metrics: each gate's query has to return enough fresh samples now, or the gate would hold in the night of the move. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { at as field } from "../pods.ts";
import {
  counted,
  type Judging,
  judging,
  type Observed,
  objectsOf,
  type Seen,
  seen,
  some,
} from "./judging.ts";

/** A number from the metrics base; "missing" is no series, NaN or nothing in the window. */
export type Figure = Observed<number | "missing">;

/** What a gate's queries returned for one workload on the source. */
export type WorkloadMetrics = {
  /** `namespace/name`. */
  readonly workload: string;
  readonly requests5m: Figure;
  readonly requests1h: Figure;
  readonly errorShare: Figure;
  readonly p99Seconds: Figure;
  /** Seconds since the newest scrape. */
  readonly ageSeconds: Figure;
};

export type GateLimits = { readonly samplesMin: number; readonly staleAfterSeconds: number };

const silent = (figure: Figure): boolean => !("value" in figure) || figure.value === "missing";
const numberIn = (figure: Figure): number | null =>
  "value" in figure && figure.value !== "missing" ? figure.value : null;

const REQUESTS = "http_requests_total";
const DURATION = "http_request_duration_seconds_bucket";

const evidenceOf = (m: WorkloadMetrics, limits: GateLimits): readonly Seen[] => {
  const samples = Math.floor(numberIn(m.requests5m) ?? 0);
  const [enough, fresh] = [`at least ${limits.samplesMin}`, `at most ${limits.staleAfterSeconds}`];
  const inAnHour = numberIn(m.requests1h);
  return [
    seen("requests in 5 minutes", numberIn(m.requests5m), enough, REQUESTS, samples),
    seen("requests in an hour", inAnHour, enough, REQUESTS, Math.floor(inAnHour ?? 0)),
    seen("share of 5xx", numberIn(m.errorShare), "a value", REQUESTS, samples),
    seen("99th percentile, seconds", numberIn(m.p99Seconds), "a value", DURATION, samples),
    seen("age of the newest scrape, seconds", numberIn(m.ageSeconds), fresh, REQUESTS, samples),
  ];
};

/** metrics/gate-queries, one for each workload whose requests are compared. */
export const judgeWorkloadMetrics = (m: WorkloadMetrics, limits: GateLimits, at: string): Verdict => {
  const say = judging(at)("metrics/gate-queries", m.workload);
  const figures: readonly (readonly [string, Figure])[] = [
    ["request count", m.requests5m],
    ["error share", m.errorShare],
    ["99th percentile", m.p99Seconds],
    ["newest scrape", m.ageSeconds],
  ];
  const refused = figures.flatMap(([, f]) => ("missing" in f ? [f.missing] : []));
  if (refused[0] !== undefined) return say.unanswered(refused[0], "PromQL at the source's metrics");
  const evidence = evidenceOf(m, limits);
  const absent = figures.filter(([, f]) => silent(f)).map(([name]) => name);
  if (absent.length > 0)
    return say.unknown(
      `The gate of ${m.workload} has no samples: ${some(absent)} ${absent.length === 1 ? "is" : "are"} missing on the source.`,
      "Let the metrics base scrape it under the labels cluster, namespace and workload, then run preflight again.",
      evidence,
    );
  const ageSeconds = numberIn(m.ageSeconds) ?? Number.POSITIVE_INFINITY;
  if (ageSeconds > limits.staleAfterSeconds)
    return say.unknown(
      `The newest scrape of ${m.workload} is ${Math.round(ageSeconds)} s old, more than ${limits.staleAfterSeconds} s.`,
      "Find out why the scraping stopped, then run preflight again.",
      evidence,
    );
  return judgeSamples(say, m, limits, evidence);
};

const judgeSamples = (
  say: Judging,
  m: WorkloadMetrics,
  limits: GateLimits,
  evidence: readonly Seen[],
): Verdict => {
  const requests = Math.floor(numberIn(m.requests5m) ?? 0);
  const inAnHour = Math.floor(numberIn(m.requests1h) ?? 0);
  if (requests >= limits.samplesMin)
    return say.pass(`The gate of ${m.workload} stands on ${requests} requests in 5 minutes.`, evidence);
  return inAnHour >= limits.samplesMin
    ? say.pass(
        `${m.workload} is quiet: ${requests} requests in 5 minutes, ${inAnHour} in an hour; watch that its gate waits for the synthetic load.`,
        evidence,
      )
    : say.unknown(
        `${m.workload} had ${inAnHour} requests in an hour: fewer than the ${limits.samplesMin} that its gate judges by.`,
        "Give it synthetic load, or lower gates.samplesMin with its owners.",
        evidence,
      );
};

/** metrics/coverage: whether anything is measured at all. */
export const judgeCoverage = (workloads: number, hosts: number, subject: string, at: string): Verdict => {
  const say = judging(at)("metrics/coverage", subject);
  const evidence = [
    seen(
      "workloads whose requests are measured",
      workloads,
      "at least 1 where there is a public host",
      "the plan's calls",
      Math.max(1, workloads),
    ),
  ];
  if (workloads > 0)
    return say.pass(
      `The gates compare ${counted(workloads, "workload")} that requests of clients reach.`,
      evidence,
    );
  return hosts === 0
    ? say.pass(
        "The plan has no public host, so no requests are compared; the gates judge readiness only.",
        evidence,
      )
    : say.fail(
        `The plan has ${counted(hosts, "public host")} and no workload behind any of them: no gate would measure a request.`,
        "Name the Service behind each host in dns.hosts of repot.yaml.",
        evidence,
      );
};

export type EdgeMetrics = { readonly connections: Figure; readonly requestRate: Figure };

/** metrics/edge: whether the cut can be watched: who still comes to the source. */
export const judgeEdge = (edge: EdgeMetrics, hosts: number, subject: string, at: string): Verdict => {
  const say = judging(at)("metrics/edge", subject);
  if (hosts === 0)
    return say.pass("The plan has no public host: nobody has to be watched at the edge.", [
      seen("public hosts", hosts, "0 where the edge isn't watched", "the plan's hosts"),
    ]);
  const refused = [edge.connections, edge.requestRate].flatMap((f) => ("missing" in f ? [f.missing] : []));
  if (refused[0] !== undefined)
    return say.unanswered(refused[0], "edge_requests_total, edge_open_connections");
  const evidence = [
    seen("requests a second at the edge", numberIn(edge.requestRate), "a value", "edge_requests_total"),
    seen("open connections at the edge", numberIn(edge.connections), "a value", "edge_open_connections"),
  ];
  if (silent(edge.connections) || silent(edge.requestRate))
    return say.unknown(
      "The edge of the source isn't measured: after the cut nobody could tell who still comes to it.",
      "Export requests and open connections of the load balancers to the metrics base, then run preflight again.",
      evidence,
    );
  return say.pass("Requests and open connections at the edge of the source are measured.", evidence);
};

const RULES = /absent(_over_time)?\s*\(|kube_(deployment|statefulset)_(spec|status)_replicas/;

/** metrics/team-alerts: alerts that fire by themselves when pods leave the source. */
export const judgeTeamAlerts = (plan: Pick<Plan, "platform" | "objects">, at: string): Verdict => {
  const say = judging(at)("metrics/team-alerts", plan.platform);
  const rules = objectsOf(plan).filter(
    (o) => o.kind === "PrometheusRule" || (o.kind === "ConfigMap" && /alert:/.test(textsOf(o))),
  );
  const touchy = rules
    .filter((o) => RULES.test(textsOf(o)))
    .map((o) => sentenceOf(refOf(o)))
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "rules about replicas or missing data",
      touchy.length,
      "known to their teams",
      "PrometheusRules and ConfigMaps of the plan",
      objectsOf(plan).length,
    ),
  ];
  return touchy.length === 0
    ? say.pass("No alerting rule of the platform is about replica counts or missing data.", evidence)
    : say.pass(
        `${some(touchy)} ${touchy.length === 1 ? "alerts" : "alert"} on replicas or missing data: watch that ${touchy.length === 1 ? "it is" : "they are"} silenced for the move.`,
        evidence,
      );
};

const textsOf = (object: KubeObject): string =>
  JSON.stringify(field(object, "data") ?? field(object, "spec") ?? "");
