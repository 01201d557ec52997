/** What one cluster did for all workloads over a window, by one request with four queries: a platform has 1,600 of them, and a step has 30 seconds. */

import { makeMetrics } from "../adapters/metrics.ts";
import type { Measured, SideMeasured } from "../domain/comparison.ts";
import type { Side } from "../domain/phases.ts";
import { ofEveryWorkload } from "../domain/queries.ts";
import type { SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

type Series = readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

/** By workload, by one more label. */
const grouped = (series: Series, label: string): ReadonlyMap<string, Record<string, number>> => {
  const found = new Map<string, Record<string, number>>();
  for (const { labels, value } of series) {
    const name = `${labels["namespace"]}/${labels["workload"]}`;
    const own = found.get(name) ?? {};
    own[labels[label] ?? ""] = value;
    found.set(name, own);
  }
  return found;
};

const single = (series: Series): ReadonlyMap<string, number> =>
  new Map(series.map(({ labels, value }) => [`${labels["namespace"]}/${labels["workload"]}`, value]));

/** Needs `metrics: ["query"]`. A workload that the metrics don't know is missing in every figure. */
export const measureAll = async (
  context: Context,
  plan: SlimPlan,
  side: Side,
): Promise<(workload: string) => SideMeasured> => {
  const metrics = makeMetrics(context);
  const { name: cluster } = plan.settings[side];
  const queries = ofEveryWorkload(cluster);
  const ask = async (query: string): Promise<Series> => {
    const answer = await metrics.queryAll(side, query);
    return answer === "missing" ? [] : answer;
  };
  // At the same moment, so that they go in one request.
  const [counted, coded, timed, scrapedAt] = await Promise.all([
    ask(queries.requestCount("5m")),
    ask(queries.statusRates),
    ask(queries.latencyBuckets),
    ask(queries.newestSample),
  ]);
  const [counts, statuses] = [single(counted), grouped(coded, "code")];
  const [buckets, newest] = [grouped(timed, "le"), single(scrapedAt)];
  const now = context.now().getTime();
  return (workload) => {
    const scraped = newest.get(workload);
    const observedAt = new Date(scraped === undefined ? now : scraped * 1_000).toISOString();
    const stale = scraped === undefined || now / 1_000 - scraped > plan.settings.gates.staleAfterSeconds;
    const measured = (value: number | undefined, query: string): Measured =>
      value === undefined ? { missing: true, observedAt, query } : { value, observedAt, stale, query };
    const rates = statuses.get(workload);
    return {
      cluster,
      requests: measured(counts.get(workload), queries.requestCount("5m")),
      errorShare: measured(errorsOf(rates), queries.statusRates),
      countByLe: buckets.get(workload),
      latencyQuery: queries.latencyBuckets,
      rateByStatus: rates,
      statusQuery: queries.statusRates,
    };
  };
};

/** The share of 5xx among all answers; undefined where there is none. */
const errorsOf = (rates: Readonly<Record<string, number>> | undefined): number | undefined => {
  let [all, errors] = [0, 0];
  for (const [code, rate] of Object.entries(rates ?? {})) {
    all += rate;
    if (code.startsWith("5")) errors += rate;
  }
  return all > 0 ? errors / all : undefined;
};
