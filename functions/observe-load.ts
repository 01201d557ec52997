/** What Repot's own requests get: before anything moves, while both sides stand, and after the cut. Figures for the report, and a gate on them. */

import { makeMetrics } from "../adapters/metrics.ts";
import { compareSides, type Measured, type SideMeasured } from "../domain/comparison.ts";
import type { Evidence, Verdict } from "../domain/gates.ts";
import { histogramOf, quantileInterval } from "../domain/intervals.ts";
import type { Side } from "../domain/phases.ts";
import { syntheticBuckets, syntheticRequests } from "../domain/queries.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { bucketOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";

const beforeKey = (run: Run): string => `migrations/${run.migration}/load-before.json`;

/** Whom the load is asked of at which moment: before, the target serves nothing; after, the source's is about to end. */
const SIDES_AT: Readonly<Record<string, readonly Side[]>> = {
  before: ["source"],
  during: ["source", "target"],
  after: ["target"],
};

export const observeLoad = gate({
  name: "observe-load",
  does: "Measures availability, p99 and p99.5 of the synthetic load; holds the target's against the source's, after the cut against those from before everything.",
  needs: { metrics: ["query"], s3: ["ListBucket", "PutObject migrations/*/load-before.json"] },
  measure: async ({ run, subject }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "load/hosts");
    if (idle) return idle;
    const seen = new Map<Side, SideMeasured>();
    const sides = SIDES_AT[subject] ?? [];
    const loads = await forEach(sides, (side) => loadOn(context, plan, side));
    for (const [i, load] of loads.entries()) seen.set(sides[i] ?? "source", load);
    const figures = [...seen.values()].map((side) => figuresOf(plan, subject, side));
    if (subject === "before") return keepBefore(context, run, seen, figures);
    const target = seen.get("target");
    const source = seen.get("source") ?? (await keptBefore(context, run));
    if (!target) return figures;
    return source
      ? [
          ...figures,
          // Answered or failed is all that the generator tells: the share of errors says the same.
          ...compareSides("the synthetic load", source, target, plan.settings.gates, {
            provisional: true,
          }).filter((v) => v.check !== "comparison/status-mix"),
        ]
      : [...figures, nothingKept(context, plan)];
  },
});

/** The generator counts by itself what it asked and got, on each side. */
const loadOn = async (context: Context, plan: SlimPlan, side: Side): Promise<SideMeasured> => {
  const metrics = makeMetrics(context);
  const { name: cluster } = plan.settings[side];
  const [asked, buckets] = [syntheticRequests(cluster), syntheticBuckets(cluster)];
  const [outcomes, byLe] = await Promise.all([
    metrics.queryBy(side, asked, "outcome"),
    metrics.queryBy(side, buckets, "le"),
  ]);
  const observedAt = context.now().toISOString();
  const counts = outcomes === "missing" ? {} : outcomes;
  const all = Object.values(counts).reduce((a, b) => a + b, 0);
  const measured = (value: number): Measured =>
    outcomes === "missing"
      ? { missing: true, observedAt, query: asked }
      : { value, observedAt, stale: false, query: asked };
  return {
    cluster,
    requests: measured(all),
    errorShare: measured(all > 0 ? (counts["failed"] ?? 0) / all : Number.NaN),
    countByLe: byLe === "missing" ? undefined : byLe,
    latencyQuery: buckets,
    rateByStatus: outcomes === "missing" ? undefined : counts,
    statusQuery: asked,
  };
};

const figuresOf = (plan: SlimPlan, when: string, side: SideMeasured): Verdict => {
  const { samplesMin } = plan.settings.gates;
  const samples = "missing" in side.requests ? 0 : Math.floor(side.requests.value);
  const failed = "missing" in side.errorShare ? Number.NaN : side.errorShare.value;
  const histogram = histogramOf(side.countByLe);
  const quantile = (level: number): number | null => {
    const found = histogram && quantileInterval(histogram, level);
    return found ? Math.round(Math.exp(found.estimate) * 10_000) / 10_000 : null;
  };
  const [p99, p995] = [quantile(0.99), quantile(0.995)];
  const known = samples >= samplesMin && Number.isFinite(failed) && p99 !== null && p995 !== null;
  const evidence = (what: string, value: Evidence["value"], source: string): Evidence => ({
    what: `${what} of ${side.cluster}, ${when}`,
    value,
    threshold: `at least ${samplesMin} samples`,
    samples,
    source,
    observedAt: side.requests.observedAt,
  });
  return {
    check: "load/figures",
    subject: side.cluster,
    verdict: known ? "pass" : "unknown",
    sentence: known
      ? `The synthetic load on ${side.cluster} ${when}: ${((1 - failed) * 100).toFixed(3)} % of ${samples} requests answered, p99 ${(p99 * 1_000).toFixed(1)} ms, p99.5 ${(p995 * 1_000).toFixed(1)} ms.`
      : `The synthetic load on ${side.cluster} has ${samples} samples ${when}, and ${samplesMin} are needed.`,
    ...(known ? {} : { remedy: "Look at the load generator in the namespace repot, and at who scrapes it." }),
    evidence: [
      evidence("availability", Number.isFinite(failed) ? 1 - failed : null, side.requests.query),
      evidence("p99 in seconds", p99, side.latencyQuery),
      evidence("p99.5 in seconds", p995, side.latencyQuery),
    ],
  };
};

const keepBefore = async (
  context: Context,
  run: Run,
  seen: ReadonlyMap<Side, SideMeasured>,
  figures: readonly Verdict[],
): Promise<readonly Verdict[]> => {
  const source = seen.get("source");
  if (!source || figures.some((f) => f.verdict !== "pass")) return figures;
  const bucket = bucketOf(context);
  const stored = await bucket.getJson(beforeKey(run));
  if (stored) await bucket.replaceIf(beforeKey(run), source, stored.etag);
  else await bucket.putNew(beforeKey(run), source);
  return figures;
};

/** Ours: it was written by this step. */
const keptBefore = async (context: Context, run: Run): Promise<SideMeasured | undefined> =>
  (await bucketOf(context).getJson(beforeKey(run)))?.value as SideMeasured | undefined;

const nothingKept = (context: Context, plan: SlimPlan): Verdict =>
  judge(context, undefined, {
    check: "load/before",
    subject: plan.settings.target.name,
    sentence:
      "What the synthetic load got before the move is not on record, so nothing can be held against it.",
    remedy: "Compare it by hand with what clients got before.",
    value: null,
    threshold: "figures from before the move",
    samples: 0,
    source: "load-before.json",
  });
