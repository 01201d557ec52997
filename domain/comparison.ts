/**
 * Is the target as good as the source? Pure: from what was measured on both sides to three-valued verdicts with their evidence. An
 * application full of 204s and 404s is fine as long as both sides agree; what is missing, stale or too little is unknown, never a pass.
 */

import type { Evidence, Verdict } from "./gates.ts";
import { byCodeUnit } from "./kube.ts";
import type { Settings } from "./settings.ts";

export type Gates = Pick<
  Settings["gates"],
  "samplesMin" | "staleAfterSeconds" | "errorShareMaxAboveSource" | "p99RatioMax"
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
  readonly p99Seconds: Measured;
  readonly p995Seconds: Measured;
  /** Requests a second by status code; undefined where the query gave nothing. */
  readonly rateByStatus: Readonly<Record<string, number>> | undefined;
  readonly statusQuery: string;
};

/** Mixes may differ by this share of all answers beyond what chance explains. */
const MIX_DISTANCE_MAX = 0.05;

/**
 * Compares one workload on both sides: errors, p99, p99.5 and the mix of answers, one verdict each.
 * @param subject `namespace/name`, as in the verdicts of other gates.
 */
export const compareSides = (
  subject: string,
  source: SideMeasured,
  target: SideMeasured,
  gates: Gates,
): readonly Verdict[] => {
  const judge = { subject, source, target, gates, doubt: doubtAbout(source, target, gates) };
  return [
    errorVerdict(judge),
    latencyVerdict(judge, "p99Seconds"),
    latencyVerdict(judge, "p995Seconds"),
    mixVerdict(judge),
  ];
};

type Judge = {
  readonly subject: string;
  readonly source: SideMeasured;
  readonly target: SideMeasured;
  readonly gates: Gates;
  /** Why no figure of the two can be judged. */
  readonly doubt: string | undefined;
};

const doubtAbout = (source: SideMeasured, target: SideMeasured, gates: Gates): string | undefined => {
  for (const side of [source, target]) {
    const { requests } = side;
    if ("missing" in requests) return `${side.cluster} has no count of its requests`;
    if (requests.stale)
      return `the newest sample of ${side.cluster} is older than ${gates.staleAfterSeconds} s (${requests.observedAt})`;
    if (!Number.isFinite(requests.value) || requests.value < gates.samplesMin) {
      return `${side.cluster} has ${Math.floor(requests.value)} samples and ${gates.samplesMin} are needed`;
    }
  }
  return undefined;
};

const numberOf = (measured: Measured): number | undefined =>
  "missing" in measured || measured.stale || !Number.isFinite(measured.value) ? undefined : measured.value;

const samplesOf = (side: SideMeasured): number => Math.max(0, Math.floor(numberOf(side.requests) ?? 0));

const evidenceOf = (what: string, side: SideMeasured, measured: Measured, threshold: string): Evidence => ({
  what: `${what} of ${side.cluster}`,
  value: "missing" in measured || !Number.isFinite(measured.value) ? null : measured.value,
  threshold,
  samples: samplesOf(side),
  source: measured.query,
  observedAt: measured.observedAt,
});

const WAIT =
  "Wait for enough fresh samples: is the metrics base scraping this cluster, and is there load on the workload?";

const unknown = (judge: Judge, check: string, why: string, evidence: readonly Evidence[]): Verdict => ({
  check,
  subject: judge.subject,
  verdict: "unknown",
  sentence: `${judge.subject}: it can't be said, because ${why}.`,
  remedy: WAIT,
  evidence: [...evidence],
});

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`;

const errorVerdict = (judge: Judge): Verdict => {
  const { subject, source, target, gates } = judge;
  const check = "comparison/error-share";
  const threshold = `at most ${percent(gates.errorShareMaxAboveSource)} above the source`;
  const evidence = [source, target].map((side) =>
    evidenceOf("share of 5xx answers", side, side.errorShare, threshold),
  );
  const [here, there] = [numberOf(source.errorShare), numberOf(target.errorShare)];
  if (judge.doubt !== undefined) return unknown(judge, check, judge.doubt, evidence);
  if (here === undefined || there === undefined) {
    return unknown(
      judge,
      check,
      `${(here === undefined ? source : target).cluster} has no error share`,
      evidence,
    );
  }
  const passes = there - here <= gates.errorShareMaxAboveSource;
  return {
    check,
    subject,
    verdict: passes ? "pass" : "fail",
    sentence: `${subject}: ${percent(there)} of the answers of ${target.cluster} are 5xx, ${percent(here)} of those of ${source.cluster}.`,
    ...(passes
      ? {}
      : {
          remedy: `Look at the 5xx answers of ${subject} in ${target.cluster}: what does it call that isn't there?`,
        }),
    evidence,
  };
};

const latencyVerdict = (judge: Judge, field: "p99Seconds" | "p995Seconds"): Verdict => {
  const { subject, source, target, gates } = judge;
  const name = field === "p99Seconds" ? "p99" : "p99.5";
  const check = field === "p99Seconds" ? "comparison/p99" : "comparison/p99.5";
  const threshold = `at most ${gates.p99RatioMax} times the source's`;
  const evidence = [source, target].map((side) =>
    evidenceOf(`${name} in seconds`, side, side[field], threshold),
  );
  const [here, there] = [numberOf(source[field]), numberOf(target[field])];
  if (judge.doubt !== undefined) return unknown(judge, check, judge.doubt, evidence);
  if (here === undefined || there === undefined || here <= 0) {
    return unknown(
      judge,
      check,
      `${(there === undefined ? target : source).cluster} has no ${name}`,
      evidence,
    );
  }
  const passes = there / here <= gates.p99RatioMax;
  return {
    check,
    subject,
    verdict: passes ? "pass" : "fail",
    sentence: `${subject}: ${name} is ${milliseconds(there)} in ${target.cluster} and ${milliseconds(here)} in ${source.cluster}.`,
    ...(passes
      ? {}
      : {
          remedy: `Give ${subject} more pods in ${target.cluster}, or look at its nodes: it is slower there.`,
        }),
    evidence,
  };
};

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

/** Half the sum of the differences: the share of the answers that would have to change. */
export const mixDistance = (a: Mix, b: Mix): number =>
  [...new Set([...a.keys(), ...b.keys()])].reduce(
    (sum, code) => sum + Math.abs((a.get(code) ?? 0) - (b.get(code) ?? 0)),
    0,
  ) / 2;

/**
 * How far apart two samples of one mix may lie by chance: three standard deviations of the most common code's share, for the smaller sample.
 */
const chanceOf = (a: Mix, b: Mix, samples: number): number => {
  const variance = Math.max(...[...a.values(), ...b.values()].map((share) => share * (1 - share)));
  return 3 * Math.sqrt(variance / Math.max(1, samples));
};

const mixVerdict = (judge: Judge): Verdict => {
  const { subject, source, target } = judge;
  const check = "comparison/status-mix";
  const [here, there] = [mixOf(source.rateByStatus), mixOf(target.rateByStatus)];
  const slack = here && there ? chanceOf(here, there, Math.min(samplesOf(source), samplesOf(target))) : 0;
  const allowed = MIX_DISTANCE_MAX + slack;
  const evidence = [source, target].map((side, i) => ({
    what: `answers by status of ${side.cluster}`,
    value: mixText(i === 0 ? here : there),
    threshold: `mixes differ by at most ${percent(allowed)}`,
    samples: samplesOf(side),
    source: side.statusQuery,
    observedAt: side.requests.observedAt,
  }));
  if (judge.doubt !== undefined) return unknown(judge, check, judge.doubt, evidence);
  if (!here || !there)
    return unknown(judge, check, `${(here ? target : source).cluster} has no answers by status`, evidence);
  const distance = mixDistance(here, there);
  const passes = distance <= allowed;
  return {
    check,
    subject,
    verdict: passes ? "pass" : "fail",
    sentence: `${subject}: the answers of both clusters by status differ by ${percent(distance)}.`,
    ...(passes
      ? {}
      : {
          remedy: `Compare what ${subject} answers in both clusters: ${mixText(here)} against ${mixText(there)}.`,
        }),
    evidence,
  };
};
