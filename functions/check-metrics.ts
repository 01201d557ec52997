/** Preflight, metrics: sends the gates' own queries now, so that none of them turns out empty in the night of the move. Changes nothing. */

import { type Metrics, makeMetrics } from "../adapters/metrics.ts";
import {
  type Figure,
  judgeCoverage,
  judgeEdge,
  judgeTeamAlerts,
  judgeWorkloadMetrics,
  type WorkloadMetrics,
} from "../domain/checks/metrics.ts";
import { nameOf, type Plan } from "../domain/plan.ts";
import {
  edgeRequestRate,
  errorShare,
  latencyQuantile,
  newestSample,
  openConnections,
  receivesRequests,
  requestCount,
  type Subject,
} from "../domain/queries.ts";
import { asking, check, forEach, wholePlanOf } from "./check.ts";

export const checkMetrics = check({
  name: "check-metrics",
  does: "Sends each gate's queries to the source's metrics and judges whether enough fresh samples come back.",
  needs: { metrics: ["query"] },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const { source: cluster, gates } = plan.settings;
    const metrics = makeMetrics(context);
    const nowSeconds = context.now().getTime() / 1000;
    const measured = await forEach(comparedOf(plan), (w) =>
      observe(
        metrics,
        { cluster: cluster.name, namespace: w.namespace, workload: w.name },
        gates.samplesMin,
        nowSeconds,
      ),
    );
    const edge = {
      connections: await figure(metrics, openConnections(cluster.name)),
      requestRate: await figure(metrics, edgeRequestRate(cluster.name)),
    };
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

const observe = async (
  metrics: Metrics,
  subject: Subject,
  samplesMin: number,
  nowSeconds: number,
): Promise<WorkloadMetrics> => {
  const requests5m = await figure(metrics, requestCount(subject));
  const enough = "value" in requests5m && requests5m.value !== "missing" && requests5m.value >= samplesMin;
  const newest = await figure(metrics, newestSample(subject));
  return {
    workload: `${subject.namespace}/${subject.workload}`,
    requests5m,
    // Only a quiet workload needs the longer look.
    requests1h: enough ? requests5m : await figure(metrics, requestCount(subject, "1h")),
    errorShare: await figure(metrics, errorShare(subject)),
    p99Seconds: await figure(metrics, latencyQuantile(0.99, subject)),
    ageSeconds:
      "value" in newest && newest.value !== "missing" ? { value: nowSeconds - newest.value } : newest,
  };
};
