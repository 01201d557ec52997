/** Preflight's judgement of the metrics: a gate without samples is unknown before the night of the move, not in it. */

import { describe, expect, test } from "vitest";
import {
  judgeCoverage,
  judgeEdge,
  judgeTeamAlerts,
  judgeWorkloadMetrics,
  type WorkloadMetrics,
} from "../../domain/checks/metrics.ts";
import { AT, anObject, complaints, withObjects } from "./checks.fixture.ts";

const LIMITS = { samplesMin: 100, staleAfterSeconds: 180 };
const world: WorkloadMetrics = {
  workload: "shop/cart",
  requests5m: { value: 3_000 },
  requests1h: { value: 3_000 },
  errorShare: { value: 0 },
  p99Seconds: { value: 0.08 },
  ageSeconds: { value: 9 },
};
const missing = { value: "missing" } as const;

describe("a gate's queries", () => {
  test.each<[string, Partial<WorkloadMetrics>, string]>([
    ["with enough fresh samples", {}, "pass"],
    ["with no request at all", { requests5m: missing }, "unknown"],
    ["with no error share", { errorShare: missing }, "unknown"],
    ["with no quantile", { p99Seconds: missing }, "unknown"],
    ["with no scrape", { ageSeconds: missing }, "unknown"],
    ["with a stale scrape", { ageSeconds: { value: 181 } }, "unknown"],
    ["with a base that refuses us", { requests5m: { missing: "Not allowed." } }, "unknown"],
    [
      "of a quiet workload that an hour makes up for",
      { requests5m: { value: 99 }, requests1h: { value: 1_200 } },
      "pass",
    ],
    ["of a workload that nobody uses", { requests5m: { value: 3 }, requests1h: { value: 99 } }, "unknown"],
    ["with zero requests", { requests5m: { value: 0 }, requests1h: { value: 0 } }, "unknown"],
  ])("%s", (_, wrong, verdict) => {
    const judged = judgeWorkloadMetrics({ ...world, ...wrong }, LIMITS, AT);
    expect(judged.verdict).toBe(verdict);
    expect(complaints([judged])).toEqual([]);
  });
});

test.each([
  [3, 1, "pass"],
  [0, 1, "fail"],
  [0, 0, "pass"],
])("%i measured workloads behind %i hosts: %s", (workloads, hosts, verdict) => {
  expect(judgeCoverage(workloads, hosts, "shop", AT).verdict).toBe(verdict);
});

test.each([
  ["both", { value: 10 }, { value: 5 }, "pass"],
  ["no connections", missing, { value: 5 }, "unknown"],
  ["no requests", { value: 10 }, missing, "unknown"],
  ["no answer", { missing: "No answer came." }, { value: 5 }, "unknown"],
] as const)("an edge that measures %s", (_, connections, requestRate, verdict) => {
  expect(judgeEdge({ connections, requestRate }, 1, "shop", AT).verdict).toBe(verdict);
});

test.each([
  ["absent()", 'absent(up{job="cart"})', "alerts on replicas or missing data"],
  ["replicas", "kube_deployment_status_replicas_available < 3", "alerts on replicas or missing data"],
  ["errors", "rate(http_requests_total[5m]) > 1", "No alerting rule"],
])("a team's alert on %s is listed where it fires by itself", (_, expr, sentence) => {
  const rule = anObject("monitoring.coreos.com/v1", "PrometheusRule", "cart", {
    spec: { groups: [{ rules: [{ alert: "A", expr }] }] },
  });
  expect(judgeTeamAlerts(withObjects(rule), AT)).toMatchObject({
    verdict: "pass",
    sentence: expect.stringContaining(sentence),
  });
});
