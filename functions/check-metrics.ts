/** Preflight, metrics: asks now for the figures that the gates judge by, so that none of them turns out empty in the night of the move. Changes nothing. */

import { type Metrics, makeMetrics } from "../adapters/metrics.ts";
import type { Observed } from "../domain/checks/judging.ts";
import {
  type Figure,
  judgeCoverage,
  judgeEdge,
  judgeTeamAlerts,
  judgeWorkloadMetrics,
  type WorkloadMetrics,
} from "../domain/checks/metrics.ts";
import { nameOf, type Plan } from "../domain/plan.ts";
import { edgeRequestRate, ofEveryWorkload, openConnections, receivesRequests } from "../domain/queries.ts";
import { asking, check, wholePlanOf } from "./check.ts";

export const checkMetrics = check({
  name: "check-metrics",
  does: "Asks the source's metrics for each figure of the gates and judges whether enough fresh samples stand behind it.",
  needs: { metrics: ["query"] },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const { source: cluster, gates } = plan.settings;
    const metrics = makeMetrics(context);
    // At the same moment, so that they go in one request.
    const [measured, connections, requestRate] = await Promise.all([
      observeAll(metrics, plan, context.now().getTime() / 1000),
      figure(metrics, openConnections(cluster.name)),
      figure(metrics, edgeRequestRate(cluster.name)),
    ]);
    const edge = { connections, requestRate };
    return [
      judgeCoverage(measured.length, plan.hosts.length, cluster.name, at),
      judgeEdge(edge, plan.hosts.length, cluster.name, at),
      ...measured.map((m) => judgeWorkloadMetrics(m, gates, at)),
      judgeTeamAlerts(plan, at),
    ];
  },
});

/** Workloads that requests of clients reach and that have pods. */
const comparedOf = (plan: Plan) => {
  const reached = receivesRequests(plan);
  return plan.workloads.filter((w) => reached.has(nameOf(w)) && (w.replicas > 0 || w.kind === "DaemonSet"));
};

const figure = (metrics: Metrics, query: string): Promise<Figure> =>
  asking(async () => {
    const answer = await metrics.query("source", query);
    return answer === "missing" ? answer : answer.value;
  });

type ByWorkload = Observed<ReadonlyMap<string, number>>;

/** One query for all workloads: a platform has 1,600 of them, and a step has 30 seconds. */
const byWorkload = (metrics: Metrics, query: string): Promise<ByWorkload> =>
  asking(async () => {
    const answer = await metrics.queryAll("source", query);
    const series = answer === "missing" ? [] : answer;
    return new Map(
      series.map(({ labels, value }) => [`${labels["namespace"]}/${labels["workload"]}`, value]),
    );
  });

const figureOf = (values: ByWorkload, workload: string): Figure =>
  "value" in values ? { value: values.value.get(workload) ?? "missing" } : values;

const mapped = (figure: Figure, change: (value: number) => number): Figure =>
  "value" in figure && figure.value !== "missing" ? { value: change(figure.value) } : figure;

const observeAll = async (
  metrics: Metrics,
  plan: Plan,
  nowSeconds: number,
): Promise<readonly WorkloadMetrics[]> => {
  const queries = ofEveryWorkload(plan.settings.source.name);
  const [requests, requestsOfAnHour, errors, p99, newest] = await Promise.all([
    byWorkload(metrics, queries.requestCount("5m")),
    byWorkload(metrics, queries.requestCount("1h")),
    byWorkload(metrics, queries.errorCount),
    byWorkload(metrics, queries.p99Seconds),
    byWorkload(metrics, queries.newestSample),
  ]);
  return comparedOf(plan).map((w) => {
    const workload = nameOf(w);
    const requests5m = figureOf(requests, workload);
    return {
      workload,
      requests5m,
      requests1h: figureOf(requestsOfAnHour, workload),
      errorShare: shareOf(figureOf(errors, workload), requests5m),
      p99Seconds: figureOf(p99, workload),
      ageSeconds: mapped(figureOf(newest, workload), (scrapedAt) => nowSeconds - scrapedAt),
    };
  });
};

/** Nothing counted as an error is 0 where requests are counted, and no figure where none is. */
const shareOf = (errors: Figure, requests: Figure): Figure => {
  if ("missing" in errors) return errors;
  const failed = errors.value === "missing" ? 0 : errors.value;
  if (!("value" in requests) || requests.value === "missing" || requests.value === 0)
    return { value: "missing" };
  return { value: failed / requests.value };
};
