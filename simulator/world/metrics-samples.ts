/** From flows that are constant between changes to what a scraper finds: counters and gauges at the times of its scrapes. */

import type { TimelinePiece } from "./traffic/traffic.ts";

export type Piece = TimelinePiece;
export type ScrapedSample = { readonly at: number; readonly value: number; readonly stale?: boolean };

/** Upper bounds of the latency buckets, in seconds: a quarter more each, so that a quantile is never far off. */
export const HISTOGRAM_BOUNDS: readonly number[] = [
  ...Array.from({ length: 40 }, (_, i) => Number((0.002 * 1.25 ** i).toPrecision(4))),
  Number.POSITIVE_INFINITY,
];

/** A process that has run for long: its counters are far from zero. */
const COUNTED_BEFORE = 1_000_000;

/** The index of the last piece that began at or before a time; -1 where none did. */
const pieceAt = (pieces: readonly Piece[], at: number): number => {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.from ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** Marks the first scrape that finds a series gone; leaves out the others that do. */
const whileThere = (
  times: readonly number[],
  there: (at: number, index: number) => boolean,
  value: (at: number, index: number) => number,
): readonly ScrapedSample[] => {
  const samples: ScrapedSample[] = [];
  let wasThere = false;
  for (let i = 0; i < times.length; i += 1) {
    const at = times[i] as number;
    const isThere = there(at, i);
    // Every value is computed, there or not: a counter goes on from where it was.
    const now = value(at, i);
    if (isThere) samples.push({ at, value: now });
    else if (wasThere) samples.push({ at, value: Number.NaN, stale: true });
    wasThere = isThere;
  }
  return samples;
};

/** A stretch of one piece that ends at a scrape, or where the next piece begins. */
type Stretch = { readonly piece: Piece | undefined; readonly milliseconds: number };

/** What all counters of one workload have in common at the times of one question: the stretches before each scrape, and whether it was there. */
type Walk = {
  readonly times: readonly number[];
  readonly before: readonly (readonly Stretch[])[];
  readonly there: readonly boolean[];
};

const walkOf = (pieces: readonly Piece[], times: readonly number[], there: (at: number) => boolean): Walk => {
  let i = pieceAt(pieces, times[0] ?? 0);
  let from = times[0] ?? 0;
  const before = times.map((at) => {
    const stretches: Stretch[] = [];
    for (let next = pieces[i + 1]; next && next.from <= at; next = pieces[i + 1]) {
      const until = Math.max(next.from, from);
      stretches.push({ piece: pieces[i], milliseconds: until - from });
      from = until;
      i += 1;
    }
    stretches.push({ piece: pieces[i], milliseconds: at - from });
    from = at;
    return stretches;
  });
  return { times, before, there: times.map(there) };
};

/** Counters of one workload, which share their walk through its history as long as one question is answered. */
export const countersOf = (pieces: readonly Piece[], there: (at: number) => boolean) => {
  let walk: Walk | undefined;
  return (rate: (piece: Piece) => number) =>
    (times: readonly number[]): readonly ScrapedSample[] => {
      if (walk?.times !== times) walk = walkOf(pieces, times, there);
      return sampleCounter(walk, rate);
    };
};

/** A counter, integrated exactly over the pieces between scrapes. */
const sampleCounter = (walk: Walk, rate: (piece: Piece) => number): readonly ScrapedSample[] => {
  let counted = COUNTED_BEFORE;
  let last: Piece | undefined;
  let now = 0;
  return whileThere(
    walk.times,
    (_, i) => walk.there[i] === true,
    (_, i) => {
      for (const { piece, milliseconds } of walk.before[i] ?? []) {
        if (piece !== last) {
          last = piece;
          now = piece ? rate(piece) : 0;
        }
        counted += (now * milliseconds) / 1000;
      }
      return counted;
    },
  );
};

export const sampleGauge = (
  pieces: readonly Piece[],
  times: readonly number[],
  value: (piece: Piece) => number,
  there: (at: number) => boolean,
): readonly ScrapedSample[] =>
  whileThere(times, there, (at) => {
    const piece = pieces[pieceAt(pieces, at)];
    return piece ? value(piece) : 0;
  });
