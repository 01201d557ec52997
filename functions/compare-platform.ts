/** The whole platform by what its clients get: before the cut the source's figures become the baseline, after it the target is held against them. */

import * as z from "zod";
import { compareSides, type SideMeasured } from "../domain/comparison.ts";
import type { Verdict } from "../domain/gates.ts";
import type { Side } from "../domain/phases.ts";
import { nameOf } from "../domain/plan.ts";
import { forEach } from "./check.ts";
import { hostsLeadingTo } from "./comparing.ts";
import { gate } from "./gate.ts";
import { measureSide } from "./measuring.ts";
import { bucketOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";

const MeasuredSchema = z.object({
  value: z.number(),
  observedAt: z.string(),
  stale: z.boolean(),
  query: z.string(),
});

/** By entry workload: what its clients got before the cut. */
const BaselineSchema = z.record(
  z.string(),
  z.object({
    cluster: z.string(),
    requests: MeasuredSchema,
    errorShare: MeasuredSchema,
    countByLe: z.record(z.string(), z.number()),
    latencyQuery: z.string(),
    rateByStatus: z.record(z.string(), z.number()),
    statusQuery: z.string(),
  }),
);
type Baseline = z.infer<typeof BaselineSchema>;

const baselineKey = (run: Run): string => `migrations/${run.migration}/baseline.json`;

export const comparePlatform = gate({
  name: "compare-platform",
  does: "Measures what the clients of each public host's entry get; before the cut on the source, after it on the target against the source's figures.",
  needs: { metrics: ["query"], s3: ["ListBucket", "PutObject migrations/*/baseline.json"] },
  measure: async ({ run, phase, subject }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "platform/hosts");
    if (idle) return idle;
    const before = phase === "cut-traffic" && subject === "before the cut";
    const side: Side = before ? "source" : "target";
    const measured = await forEach(entriesOf(plan), async (entry) => {
      const [namespace = "", name = ""] = entry.split("/");
      return [entry, await measureSide(context, plan, { namespace, name }, side)] as const;
    });
    const seen = new Map<string, SideMeasured>(measured);
    if (before) return keepBaseline(context, run, plan, seen);
    const stored = await bucketOf(context).getJson(baselineKey(run));
    const baseline = BaselineSchema.parse(stored?.value ?? {});
    return [...seen].flatMap(([entry, now]) => against(context, plan, entry, now, baseline[entry]));
  },
});

/** The workloads that public hosts end at. */
const entriesOf = (plan: SlimPlan): readonly string[] => [
  ...new Set(
    plan.hosts.flatMap((h) =>
      plan.workloads.filter((w) => w.services.includes(`${h.namespace}/${h.service}`)).map(nameOf),
    ),
  ),
];

/** What can stand as a baseline; undefined where something is missing, stale or too little. */
const wholeOf = (seen: SideMeasured, samplesMin: number): Baseline[string] | undefined => {
  const { requests, errorShare, countByLe, rateByStatus } = seen;
  if ("missing" in requests || requests.stale || requests.value < samplesMin) return undefined;
  if ("missing" in errorShare || errorShare.stale || !countByLe || !rateByStatus) return undefined;
  return { ...seen, requests, errorShare, countByLe, rateByStatus };
};

/** The baseline stands once every entry has enough samples; without one nothing can be compared later. */
const keepBaseline = async (
  context: Context,
  run: Run,
  plan: SlimPlan,
  seen: ReadonlyMap<string, SideMeasured>,
): Promise<readonly Verdict[]> => {
  const baseline: Baseline = {};
  const { samplesMin } = plan.settings.gates;
  const verdicts = [...seen].map(([entry, now]) => {
    const known = wholeOf(now, samplesMin);
    if (known) baseline[entry] = known;
    const samples = "missing" in now.requests || now.requests.stale ? 0 : Math.floor(now.requests.value);
    return judge(context, known ? true : undefined, {
      check: "platform/baseline",
      subject: entry,
      sentence: known
        ? `${entry} answers on the source: ${percent(known.errorShare.value)} errors of ${samples} requests.`
        : `${entry} has too few samples on the source (${samples}) for a baseline.`,
      remedy: "Look at the metrics of the source; the cut waits for them.",
      value: known ? known.errorShare.value : null,
      threshold: `at least ${samplesMin} samples`,
      samples,
      source: now.requests.query,
    });
  });
  const bucket = bucketOf(context);
  if (verdicts.every((v) => v.verdict === "pass") && verdicts.length > 0) {
    const stored = await bucket.getJson(baselineKey(run));
    if (stored) await bucket.replaceIf(baselineKey(run), baseline, stored.etag);
    else await bucket.putNew(baselineKey(run), baseline);
  }
  return verdicts;
};

const against = (
  context: Context,
  plan: SlimPlan,
  entry: string,
  now: SideMeasured,
  baseline: Baseline[string] | undefined,
): readonly Verdict[] => {
  if (!baseline)
    return [
      judge(context, undefined, {
        check: "platform/baseline",
        subject: entry,
        sentence: `What ${entry} answered before the cut is not on record, so the target can't be held against it.`,
        remedy: "Compare it by hand; roll back while the source still stands, if it is worse.",
        value: null,
        threshold: "a baseline from before the cut",
        samples: 0,
        source: "baseline.json",
      }),
    ];
  // A platform with little traffic may never show a small difference; it isn't held up for ever.
  return (
    compareSides(entry, baseline, now, plan.settings.gates, { provisional: true })
      // Where several hosts end at one workload, their shares of its requests change with the hour, and so does its mix.
      .filter((v) => v.check !== "comparison/status-mix" || hostsLeadingTo(plan, entry) === 1)
      .map((v) =>
        v.verdict === "fail"
          ? { ...v, remedy: `${v.remedy} Or roll back, while the source still stands.` }
          : v,
      )
  );
};

const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
