/** How often the comparison of two sides is right: a thousand seeded comparisons of equal behaviour, and of each difference that has to be caught. */

import { compareSides, type Gates, type SideMeasured } from "../../domain/comparison.ts";
import type { Verdict } from "../../domain/gates.ts";
import { makeRandom, type Random } from "../../simulator/random.ts";
import { HISTOGRAM_BOUNDS } from "../../simulator/world/metrics-samples.ts";
import { figure, type Row, section } from "./table.ts";

/** How one side behaves. */
export type Behaviour = {
  readonly samples: number;
  /** Of the logarithm of the latency. */
  readonly sigma: number;
  /** All latencies times this. */
  readonly slower: number;
  readonly errorShare: number;
};

export const EQUAL: Behaviour = { samples: 10_000, sigma: 0.3, slower: 1, errorShare: 0.001 };

/** The margins that the figures are asked for: half a percentage point, and a tenth. */
export const GATES: Gates = {
  samplesMin: 100,
  staleAfterSeconds: 180,
  errorShareMaxAboveSource: 0.005,
  p99RatioMax: 1.1,
};

/** The bounds that many exporters come with (Prometheus client libraries). */
export const COARSE_BOUNDS: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  Number.POSITIVE_INFINITY,
];

const MEDIAN_SECONDS = 0.04;
const CODES = [
  ["404", 0.2],
  ["204", 0.5],
  ["200", 1],
] as const;

/** Draws every request of a side and counts it as a metrics base would: by bucket and by status. */
export const observed = (
  cluster: string,
  { samples, sigma, slower, errorShare }: Behaviour,
  random: Random,
  bounds: readonly number[] = HISTOGRAM_BOUNDS,
): SideMeasured => {
  const lnBounds = bounds.map((le) => Math.log(le / (MEDIAN_SECONDS * slower)));
  const counts = bounds.map(() => 0);
  const byStatus: Record<string, number> = {};
  for (let i = 0; i < samples; i += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const bucket = firstAtLeast(lnBounds, sigma * normal);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    const code = statusOf(random.next(), errorShare);
    byStatus[code] = (byStatus[code] ?? 0) + 1;
  }
  let below = 0;
  const countByLe: Record<string, number> = {};
  bounds.forEach((le, i) => {
    below += counts[i] ?? 0;
    countByLe[le === Number.POSITIVE_INFINITY ? "+Inf" : String(le)] = below;
  });
  const measured = (value: number, query: string) => ({
    value,
    observedAt: "2026-03-03T02:00:00.000Z",
    stale: false,
    query,
  });
  return {
    cluster,
    requests: measured(samples, "requests"),
    errorShare: measured((byStatus["500"] ?? 0) / samples, "errors"),
    countByLe,
    latencyQuery: "latency",
    rateByStatus: byStatus,
    statusQuery: "statuses",
  };
};

const firstAtLeast = (sorted: readonly number[], value: number): number => {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
};

const statusOf = (draw: number, errorShare: number): string => {
  if (draw < errorShare) return "500";
  const rest = (draw - errorShare) / (1 - errorShare);
  return CODES.find(([, upTo]) => rest < upTo)?.[0] ?? "200";
};

/** How many of the comparisons came to what. */
export type Tally = {
  readonly pass: number;
  readonly unknown: number;
  readonly fail: number;
  /** By check, those that did not pass. */
  readonly notPassed: Readonly<Record<string, number>>;
  /** Samples a side that the sentences of unknown verdicts name: the median of the largest of each comparison; null where none does. */
  readonly neededMedian: number | null;
};

/** Runs so many comparisons of a source and a target, each with chance of its own. */
export const tallyOf = (
  runs: number,
  source: Behaviour,
  target: Behaviour,
  {
    gates = GATES,
    bounds = HISTOGRAM_BOUNDS,
    seed = 1,
  }: { readonly gates?: Gates; readonly bounds?: readonly number[]; readonly seed?: number } = {},
): Tally => {
  const ends = { pass: 0, unknown: 0, fail: 0 };
  const notPassed: Record<string, number> = {};
  const needed: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const chance = makeRandom(seed).fork(`comparison ${run}`);
    const verdicts = compareSides(
      "shop/web",
      observed("old", source, chance.fork("source"), bounds),
      observed("new", target, chance.fork("target"), bounds),
      gates,
    );
    const worst = verdicts.some((v) => v.verdict === "fail")
      ? "fail"
      : verdicts.some((v) => v.verdict === "unknown")
        ? "unknown"
        : "pass";
    ends[worst] += 1;
    for (const v of verdicts) if (v.verdict !== "pass") notPassed[v.check] = (notPassed[v.check] ?? 0) + 1;
    const named = verdicts.flatMap(neededOf);
    if (named.length > 0) needed.push(Math.max(...named));
  }
  return { ...ends, notPassed, neededMedian: needed.sort((a, b) => a - b)[needed.length >> 1] ?? null };
};

const neededOf = ({ verdict, sentence }: Verdict): readonly number[] => {
  const found = verdict === "unknown" ? /telling takes ([\d,]+) samples/.exec(sentence)?.[1] : undefined;
  return found === undefined ? [] : [Number(found.replaceAll(",", ""))];
};

const RUNS = 1_000;
/** For what has no aim in hundredths. */
const RUNS_FEW = 200;

const rowOf = (what: string, tally: Tally, aim: string): Row => {
  const runs = tally.pass + tally.unknown + tally.fail;
  const share = (count: number) => `${((count / runs) * 100).toFixed(1)} %`;
  const needed =
    tally.neededMedian === null ? "" : `; unknown asks for ${figure(tally.neededMedian)} samples (median)`;
  return [
    what,
    `${share(tally.fail)} fail`,
    `${share(tally.unknown)} unknown, ${share(tally.pass)} pass${needed}${aim === "" ? "" : `; ${aim}`}`,
  ];
};

/** The table of `npm run bench`: all checks of a comparison together, margins of half a percentage point and of a tenth of p99. */
export const comparisonSection = (): string => {
  const heavy = { ...EQUAL, sigma: 1 };
  const first = tallyOf(RUNS_FEW, heavy, heavy);
  const enough = { ...heavy, samples: first.neededMedian ?? heavy.samples };
  const few = { ...EQUAL, samples: 600 };
  return section(
    `Comparison of both sides, ${figure(RUNS)} seeded comparisons of 10,000 samples a side, lognormal, σ = 0.3, 0.1 % errors (from the fourth row on: ${figure(RUNS_FEW)} comparisons, or a tenth of them)`,
    [
      rowOf("equal behaviour", tallyOf(RUNS, EQUAL, EQUAL), "aim: at most 1 % fail"),
      rowOf("10 % more p99", tallyOf(RUNS, EQUAL, { ...EQUAL, slower: 1.1 }), "aim: at least 99 % fail"),
      rowOf(
        "half a percentage point more errors",
        tallyOf(RUNS, EQUAL, { ...EQUAL, errorShare: 0.006 }),
        "aim: at least 99 % fail",
      ),
      rowOf(
        "equal, no error in the baseline",
        tallyOf(RUNS_FEW, { ...EQUAL, errorShare: 0 }, { ...EQUAL, errorShare: 0 }),
        "",
      ),
      rowOf("equal, 600 samples a side", tallyOf(RUNS_FEW, few, few), "aim: unknown, not fail"),
      rowOf("equal, a heavier tail (σ = 1)", first, "aim: unknown"),
      rowOf("10 % more p99, σ = 1", tallyOf(RUNS_FEW, heavy, { ...heavy, slower: 1.1 }), "aim: no pass"),
      rowOf(
        `equal, σ = 1, ${figure(enough.samples)} samples`,
        tallyOf(RUNS_FEW / 10, enough, enough),
        "aim: pass",
      ),
      rowOf(
        "equal, buckets of Prometheus's client libraries",
        tallyOf(RUNS_FEW, EQUAL, EQUAL, { bounds: COARSE_BOUNDS }),
        "aim: unknown, for want of buckets",
      ),
    ],
  );
};
