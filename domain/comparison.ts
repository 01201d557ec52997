/**
 * Is the target as good as the source? Pure: from what was measured on both sides to three-valued verdicts with their evidence. A figure
 * passes where it is shown to be within its margin, fails where it is shown to be worse, and is unknown in between, with the samples that would tell.
 * An application full of 204s and 404s is fine as long as both sides agree.
 */

import type { Evidence, Verdict } from "./gates.ts";
import {
  difference,
  histogramOf,
  type Interval,
  quantileInterval,
  samplesForQuantiles,
  samplesForShares,
  shareDifference,
  shareInterval,
  Z,
  Z_AMONG_MANY,
} from "./intervals.ts";
import { byCodeUnit } from "./kube.ts";
import type { Settings } from "./settings.ts";

export type Gates = Pick<
  Settings["gates"],
  "samplesMin" | "staleAfterSeconds" | "errorShareMaxAboveSource" | "p99RatioMax" | "successShareMin"
>;

/** One measured figure, as the metrics adapter gives it, and the query that it answers. */
export type Measured =
  | { readonly value: number; readonly observedAt: string; readonly stale: boolean; readonly query: string }
  | { readonly missing: true; readonly observedAt: string; readonly query: string };

/** What one side did over the window. */
export type SideMeasured = {
  readonly cluster: string;
  /** Requests in the window: the samples behind everything else. */
  readonly requests: Measured;
  /** Share of answers that are 5xx. */
  readonly errorShare: Measured;
  /** Requests by the seconds that they took at most (`le`), cumulative; undefined where the query gave nothing. */
  readonly countByLe: Readonly<Record<string, number>> | undefined;
  readonly latencyQuery: string;
  /** Requests a second by status code; undefined where the query gave nothing. */
  readonly rateByStatus: Readonly<Record<string, number>> | undefined;
  readonly statusQuery: string;
};

export type CompareOptions = {
  /**
   * Before the cut the target has Repot's own load only, which may never show a small difference. Then what is within its margin, and not shown
   * to be worse, passes with `samplesMin` samples; the sentence says that it isn't shown.
   */
  readonly provisional?: boolean;
  /** How sure each figure has to be, as the standard normal's quantile: more than usual where many are judged again and again. */
  readonly z?: number;
};

/** The share of answers with one status may differ by this. */
const MIX_MARGIN = 0.05;

/**
 * Compares one workload on both sides: errors, p99, p99.5, the mix of answers and, where one is given, the objective; one verdict each.
 * @param subject `namespace/name`, as in the verdicts of other gates.
 */
export const compareSides = (
  subject: string,
  source: SideMeasured,
  target: SideMeasured,
  gates: Gates,
  { provisional = false, z = Z }: CompareOptions = {},
): readonly Verdict[] => {
  const judge: Judge = {
    subject,
    source,
    target,
    gates,
    provisional,
    z,
    doubt: doubtAbout(source, target, gates),
  };
  return [
    errorVerdict(judge),
    latencyVerdict(judge, 0.99),
    latencyVerdict(judge, 0.995),
    mixVerdict(judge),
    ...(gates.successShareMin === undefined ? [] : [objectiveVerdict(judge, gates.successShareMin)]),
  ];
};

type Judge = {
  readonly subject: string;
  readonly source: SideMeasured;
  readonly target: SideMeasured;
  readonly gates: Gates;
  readonly provisional: boolean;
  readonly z: number;
  /** Why no figure of the two can be judged. */
  readonly doubt: string | undefined;
};

const doubtAbout = (source: SideMeasured, target: SideMeasured, gates: Gates): string | undefined => {
  for (const side of [source, target]) {
    const { requests } = side;
    if ("missing" in requests) return `${side.cluster} has no count of its requests`;
    if (requests.stale)
      return `the newest sample of ${side.cluster} is older than ${gates.staleAfterSeconds} s (${requests.observedAt})`;
    if (!Number.isFinite(requests.value) || requests.value < Math.max(1, gates.samplesMin)) {
      return `${side.cluster} has ${Math.floor(requests.value)} samples and ${gates.samplesMin} are needed`;
    }
  }
  return undefined;
};

type Decision = Verdict["verdict"];

/**
 * The rule of every comparison. `worse` is how much worse the target is: the whole interval within the margin passes, else the whole interval
 * above zero fails, else it can't be told. Behaviour that is equal fails, and behaviour that is worse by the margin passes, one time in 200.
 */
export const decide = (worse: Interval, margin: number): Decision =>
  worse.high <= margin ? "pass" : worse.low > 0 ? "fail" : "unknown";

const numberOf = (measured: Measured): number | undefined =>
  "missing" in measured || measured.stale || !Number.isFinite(measured.value) ? undefined : measured.value;

const samplesOf = (side: SideMeasured): number => Math.max(0, Math.floor(numberOf(side.requests) ?? 0));

const evidenceOf =
  (judge: Judge, what: string, threshold: string, query: (side: SideMeasured) => string) =>
  (value: (side: SideMeasured) => Evidence["value"]): readonly Evidence[] =>
    [judge.source, judge.target].map((side) => ({
      what: `${what} of ${side.cluster}`,
      value: value(side),
      threshold,
      samples: samplesOf(side),
      source: query(side),
      observedAt: side.requests.observedAt,
    }));

const WAIT =
  "Wait for enough fresh samples: is the metrics base scraping this cluster, and is there load on the workload?";

type Head = { readonly check: string; readonly evidence: readonly Evidence[] };

const unknown = ({ subject }: Judge, { check, evidence }: Head, why: string, remedy = WAIT): Verdict => ({
  check,
  subject,
  verdict: "unknown",
  sentence: `${subject}: it can't be said, because ${why}.`,
  remedy,
  evidence: [...evidence],
});

type Found = {
  readonly decision: Decision;
  readonly withinMargin: boolean;
  /** Samples a side that would tell; undefined where none would. */
  readonly needed: number | undefined;
  /** What was found, without its last full stop. */
  readonly sentence: string;
  /** For a failure. */
  readonly remedy: string;
};

/** The verdict with what a person needs to know: why it can't be told, and what would. */
const conclude = (judge: Judge, { check, evidence }: Head, found: Found): Verdict => {
  const { subject, provisional } = judge;
  const taken = found.decision === "unknown" && provisional && found.withinMargin;
  const telling =
    found.needed === undefined
      ? "the histogram's buckets are too wide to tell, whatever the samples"
      : `telling takes ${grouped(found.needed)} samples a side`;
  const open =
    found.decision !== "unknown"
      ? ""
      : taken
        ? ` (within the margin, not shown: ${telling})`
        : `: ${telling}`;
  const verdict = taken ? "pass" : found.decision;
  const remedy = found.needed === undefined ? "Give the histogram finer buckets around its p99." : WAIT;
  return {
    check,
    subject,
    verdict,
    sentence: `${subject}: ${found.sentence}${open}.`,
    ...(verdict === "pass" ? {} : { remedy: verdict === "fail" ? found.remedy : remedy }),
    evidence: [...evidence],
  };
};

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const milliseconds = (ln: number): string => `${(Math.exp(ln) * 1000).toFixed(1)} ms`;

const errorVerdict = (judge: Judge): Verdict => {
  const { subject, source, target, gates } = judge;
  const margin = gates.errorShareMaxAboveSource;
  const [here, there] = [numberOf(source.errorShare), numberOf(target.errorShare)];
  const head: Head = {
    check: "comparison/error-share",
    evidence: evidenceOf(
      judge,
      "share of 5xx answers",
      `at most ${percent(margin)} above the source`,
      (s) => s.errorShare.query,
    )((side) => numberOf(side.errorShare) ?? null),
  };
  if (judge.doubt !== undefined) return unknown(judge, head, judge.doubt);
  if (here === undefined || there === undefined)
    return unknown(judge, head, `${(here === undefined ? source : target).cluster} has no error share`);
  const worse = shareDifference(hitsOf(source, here), hitsOf(target, there), judge.z);
  return conclude(judge, head, {
    decision: decide(worse, margin),
    withinMargin: worse.estimate <= margin,
    needed: samplesForShares(here, there, margin, judge.z),
    sentence: `${percent(there)} of the answers of ${target.cluster} are 5xx, ${percent(here)} of those of ${source.cluster}, a difference of ${percent(worse.low)} to ${percent(worse.high)}`,
    remedy: `Look at the 5xx answers of ${subject} in ${target.cluster}: what does it call that isn't there?`,
  });
};

const hitsOf = (side: SideMeasured, share: number) => {
  const of = numberOf(side.requests) ?? 0;
  return { hits: share * of, of };
};

const latencyVerdict = (judge: Judge, level: 0.99 | 0.995): Verdict => {
  const { subject, source, target, gates } = judge;
  const name = level === 0.99 ? "p99" : "p99.5";
  const margin = Math.log(gates.p99RatioMax);
  const histograms = [histogramOf(source.countByLe), histogramOf(target.countByLe)] as const;
  const [here, there] = histograms.map((h) => h && quantileInterval(h, level, judge.z));
  const head: Head = {
    check: `comparison/${name}`,
    evidence: evidenceOf(
      judge,
      `${name} in seconds`,
      `at most ${gates.p99RatioMax} times the source's`,
      (s) => s.latencyQuery,
    )((side) => {
      const found = side === source ? here : there;
      return found ? Math.exp(found.estimate) : null;
    }),
  };
  if (judge.doubt !== undefined) return unknown(judge, head, judge.doubt);
  if (!here || !there) {
    const [without, histogram] = here ? [target, histograms[1]] : [source, histograms[0]];
    const why = histogram
      ? `the ${name} of ${without.cluster} lies above the largest bucket`
      : `${without.cluster} has no ${name}`;
    return unknown(judge, head, why);
  }
  const slower = widened(difference(here, there), Math.max(here.resolution, there.resolution));
  const range = `${ratio(slower.low)} to ${ratio(slower.high)} times`;
  return conclude(judge, head, {
    decision: decide(slower, margin),
    withinMargin: slower.estimate <= margin,
    needed: samplesForQuantiles(here, there, level, margin, judge.z),
    sentence: `${name} is ${milliseconds(there.estimate)} in ${target.cluster} and ${milliseconds(here.estimate)} in ${source.cluster}, ${range}`,
    remedy: `Give ${subject} more pods in ${target.cluster}, or look at its nodes: it is slower there.`,
  });
};

/** Buckets leave something open on both sides, in the same direction where the sides are alike: the larger of the two counts once. */
const widened = ({ estimate, low, high }: Interval, by: number): Interval => ({
  estimate,
  low: low - by,
  high: high + by,
});

const ratio = (ln: number): string =>
  Number.isFinite(ln) ? Math.exp(ln).toFixed(2) : ln > 0 ? "any number of" : "0";

type Mix = ReadonlyMap<string, number>;

/** Shares of all answers; undefined where there are none. */
const mixOf = (rates: Readonly<Record<string, number>> | undefined): Mix | undefined => {
  const entries = Object.entries(rates ?? {}).filter(([, rate]) => Number.isFinite(rate) && rate >= 0);
  const total = entries.reduce((sum, [, rate]) => sum + rate, 0);
  return total > 0 ? new Map(entries.map(([code, rate]) => [code, rate / total])) : undefined;
};

const mixText = (mix: Mix | undefined): string | null =>
  mix === undefined
    ? null
    : [...mix]
        .sort(([a], [b]) => byCodeUnit(a, b))
        .map(([code, share]) => `${code} ${percent(share)}`)
        .join(", ");

const mixVerdict = (judge: Judge): Verdict => {
  const { subject, source, target } = judge;
  const [here, there] = [mixOf(source.rateByStatus), mixOf(target.rateByStatus)];
  const threshold = `each status within ${percent(MIX_MARGIN)} of the source's share`;
  const head: Head = {
    check: "comparison/status-mix",
    evidence: evidenceOf(
      judge,
      "answers by status",
      threshold,
      (s) => s.statusQuery,
    )((side) => mixText(side === source ? here : there)),
  };
  if (judge.doubt !== undefined) return unknown(judge, head, judge.doubt);
  if (!here || !there)
    return unknown(judge, head, `${(here ? target : source).cluster} has no answers by status`);
  const z = Math.max(judge.z, Z_AMONG_MANY);
  const codes = [...new Set([...here.keys(), ...there.keys()])].sort(byCodeUnit).map((code) => {
    const [before, after] = [here.get(code) ?? 0, there.get(code) ?? 0];
    const moved = apart(shareDifference(hitsOf(source, before), hitsOf(target, after), z));
    return { code, before, after, moved, decision: decide(moved, MIX_MARGIN) };
  });
  const worst = codes.reduce((a, b) => (b.moved.estimate > a.moved.estimate ? b : a));
  const judged =
    codes.find((c) => c.decision === "fail") ?? codes.find((c) => c.decision === "unknown") ?? worst;
  return conclude(judge, head, {
    decision: judged.decision,
    withinMargin: codes.every((c) => c.moved.estimate <= MIX_MARGIN),
    needed: Math.max(...codes.map((c) => samplesForShares(c.before, c.after, MIX_MARGIN, z))),
    sentence: `${percent(judged.after)} of the answers of ${target.cluster} are ${judged.code}, ${percent(judged.before)} of those of ${source.cluster}`,
    remedy: `Compare what ${subject} answers in both clusters: ${mixText(here)} against ${mixText(there)}.`,
  });
};

/** A difference in either direction is one from the source. */
const apart = ({ estimate, low, high }: Interval): Interval =>
  estimate >= 0 ? { estimate, low, high } : { estimate: -estimate, low: -high, high: -low };

/** Success within the objective. A source that breaks its own isn't held against the target: that is what the other verdicts compare. */
const objectiveVerdict = (judge: Judge, objective: number): Verdict => {
  const { subject, source, target } = judge;
  const [here, there] = [numberOf(source.errorShare), numberOf(target.errorShare)];
  const head: Head = {
    check: "comparison/objective",
    evidence: evidenceOf(
      judge,
      "share of answers that aren't 5xx",
      `at least ${percent(objective)}`,
      (s) => s.errorShare.query,
    )((side) => {
      const share = numberOf(side.errorShare);
      return share === undefined ? null : 1 - share;
    }),
  };
  if (judge.doubt !== undefined) return unknown(judge, head, judge.doubt);
  if (here === undefined || there === undefined)
    return unknown(judge, head, `${(here === undefined ? source : target).cluster} has no error share`);
  const [before, after] = [
    shareInterval(hitsOf(source, here), judge.z),
    shareInterval(hitsOf(target, there), judge.z),
  ];
  const brokenBefore = before.low > 1 - objective;
  const decision =
    after.high <= 1 - objective || brokenBefore ? "pass" : after.low > 1 - objective ? "fail" : "unknown";
  return conclude(judge, head, {
    decision,
    withinMargin: there <= 1 - objective,
    needed: samplesForShares(there, there, Math.abs(1 - objective - there) || 1e-6),
    sentence: brokenBefore
      ? `${source.cluster} itself answers ${percent(1 - here)} without a 5xx, below the objective of ${percent(objective)}: only the comparison counts`
      : `${percent(1 - there)} of the answers of ${target.cluster} aren't 5xx, with an objective of ${percent(objective)}`,
    remedy: `Look at the 5xx answers of ${subject} in ${target.cluster}: its users are promised ${percent(objective)}.`,
  });
};
