/** What one cluster did for one workload over a window, in the form in which both sides are compared. */

import { makeMetrics } from "../adapters/metrics.ts";
import type { Measured, SideMeasured } from "../domain/comparison.ts";
import type { Side } from "../domain/phases.ts";
import {
  errorShare,
  latencyBuckets,
  newestSample,
  requestCount,
  type Subject,
  statusRates,
} from "../domain/queries.ts";
import type { SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

/** Needs `metrics: ["query"]`. What isn't there is said to be missing, or undefined; what is old is marked stale. */
export const measureSide = async (
  context: Context,
  plan: SlimPlan,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  side: Side,
): Promise<SideMeasured> => {
  const metrics = makeMetrics(context);
  const of: Subject = { cluster: plan.settings[side].name, namespace, workload: name };
  const { staleAfterSeconds } = plan.settings.gates;
  const ask = async (query: string): Promise<Measured> => {
    const found = await metrics.measure(side, { value: query, newest: newestSample(of), staleAfterSeconds });
    if (found === "missing") return { missing: true, observedAt: context.now().toISOString(), query };
    return { value: found.value, observedAt: found.observedAt, stale: found.stale, query };
  };
  const by = async (query: string, label: string) => {
    const found = await metrics.queryBy(side, query, label);
    return found === "missing" ? undefined : found;
  };
  // At the same moment, so that they go in one request.
  const [requests, errors, countByLe, rateByStatus] = await Promise.all([
    ask(requestCount(of)),
    ask(errorShare(of)),
    by(latencyBuckets(of), "le"),
    by(statusRates(of), "code"),
  ]);
  return {
    cluster: of.cluster,
    requests,
    errorShare: errors,
    countByLe,
    latencyQuery: latencyBuckets(of),
    rateByStatus,
    statusQuery: statusRates(of),
  };
};
