/** The whole platform by what its clients get: before the cut the source's figures become the baseline, after it the target is held against them. */

import * as z from "zod";
import { makeMetrics, type Measurement } from "../adapters/metrics.ts";
import type { Verdict } from "../domain/gates.ts";
import type { Side } from "../domain/phases.ts";
import { nameOf } from "../domain/plan.ts";
import { errorShare, latencyQuantile, newestSample, requestCount, type Subject } from "../domain/queries.ts";
import { gate } from "./gate.ts";
import { bucketOf, planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";

/** By entry workload: what its clients got before the cut. */
const BaselineSchema = z.record(z.string(), z.object({ errorShare: z.number(), p99Seconds: z.number() }));
type Baseline = z.infer<typeof BaselineSchema>;

const baselineKey = (run: Run): string => `migrations/${run.migration}/baseline.json`;

export const comparePlatform = gate({
  name: "compare-platform",
  does: "Measures errors and p99 of each public host's entry; before the cut on the source, after it on the target against the source's figures.",
  needs: { metrics: ["query"] },
  measure: async ({ run, phase, subject }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "platform/hosts");
    if (idle) return idle;
    const before = phase === "cut-traffic" && subject === "before the cut";
    const side: Side = before ? "source" : "target";
    const entries = entriesOf(plan);
    const seen = new Map<string, Seen>();
    for (const entry of entries) seen.set(entry, await look(context, plan, side, entry));
    if (before) return keepBaseline(context, run, plan, seen);
    const stored = await bucketOf(context).getJson(baselineKey(run));
    const baseline = BaselineSchema.parse(stored?.value ?? {});
    return [...seen].flatMap(([entry, figures]) => against(context, plan, entry, figures, baseline[entry]));
  },
});

type Seen = { readonly errors: Measurement | "missing"; readonly p99: Measurement | "missing"; readonly samples: number };

/** The workloads that public hosts end at. */
const entriesOf = (plan: SlimPlan): readonly string[] => [
  ...new Set(plan.hosts.flatMap((h) => plan.workloads.filter((w) => w.services.includes(`${h.namespace}/${h.service}`)).map(nameOf))),
];

const look = async (context: Context, plan: SlimPlan, side: Side, entry: string): Promise<Seen> => {
  const metrics = makeMetrics(context);
  const [namespace = "", workload = ""] = entry.split("/");
  const of: Subject = { cluster: plan.settings[side].name, namespace, workload };
  const { staleAfterSeconds } = plan.settings.gates;
  const errors = await metrics.measure(side, { value: errorShare(of), samples: requestCount(of), newest: newestSample(of), staleAfterSeconds });
  const p99 = await metrics.query(side, latencyQuantile(0.99, of));
  return { errors, p99, samples: errors === "missing" || errors.stale ? 0 : (errors.samples ?? 0) };
};

/** The baseline stands once every entry has enough samples; without one nothing can be compared later. */
const keepBaseline = async (context: Context, run: Run, plan: SlimPlan, seen: ReadonlyMap<string, Seen>): Promise<readonly Verdict[]> => {
  const baseline: Baseline = {};
  const verdicts = [...seen].map(([entry, { errors, p99, samples }]) => {
    const known = errors !== "missing" && p99 !== "missing" && samples >= plan.settings.gates.samplesMin;
    if (known) baseline[entry] = { errorShare: errors.value, p99Seconds: p99.value };
    return judge(context, known ? true : undefined, {
      check: "platform/baseline",
      subject: entry,
      sentence: known ? `${entry} answers on the source: ${percent(errors.value)} errors, p99 ${Math.round(p99.value * 1000)} ms.` : `${entry} has too few samples on the source (${samples}) for a baseline.`,
      remedy: "Look at the metrics of the source; the cut waits for them.",
      value: known ? errors.value : null,
      threshold: `at least ${plan.settings.gates.samplesMin} samples`,
      samples,
      source: "http_requests_total",
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

const against = (context: Context, plan: SlimPlan, entry: string, { errors, p99, samples }: Seen, baseline: Baseline[string] | undefined): readonly Verdict[] => {
  const { samplesMin, errorShareMaxAboveSource, p99RatioMax } = plan.settings.gates;
  const known = baseline !== undefined && samples >= samplesMin;
  const errorMax = (baseline?.errorShare ?? 0) + errorShareMaxAboveSource;
  const p99Max = (baseline?.p99Seconds ?? 0) * p99RatioMax;
  const share = errors === "missing" ? null : errors.value;
  const seconds = p99 === "missing" ? null : p99.value;
  const common = { subject: entry, samples, remedy: `Compare ${entry} on both sides; roll back while the source still stands.` };
  return [
    judge(context, known && share !== null ? share <= errorMax : undefined, {
      ...common,
      check: "platform/errors",
      sentence: share === null ? `The errors of ${entry} on the target are unknown.` : `${entry} on the target: ${percent(share)} errors of ${samples} requests.`,
      value: share,
      threshold: `at most ${percent(errorMax)}`,
      source: "http_requests_total",
    }),
    judge(context, known && seconds !== null ? seconds <= p99Max : undefined, {
      ...common,
      check: "platform/p99",
      sentence: seconds === null ? `The p99 of ${entry} on the target is unknown.` : `${entry} on the target: p99 ${Math.round(seconds * 1000)} ms.`,
      value: seconds,
      threshold: `at most ${Math.round(p99Max * 1000)} ms`,
      source: "http_request_duration_seconds",
    }),
  ];
};

const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
