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
  there: (at: number) => boolean,
  value: (at: number) => number,
): readonly ScrapedSample[] => {
  const samples: ScrapedSample[] = [];
  let wasThere = false;
  for (const at of times) {
    const isThere = there(at);
    // Every value is computed, there or not: a counter goes on from where it was.
    const now = value(at);
    if (isThere) samples.push({ at, value: now });
    else if (wasThere) samples.push({ at, value: Number.NaN, stale: true });
    wasThere = isThere;
  }
  return samples;
};

/** A counter, integrated exactly over the pieces between scrapes. */
export const sampleCounter = (
  pieces: readonly Piece[],
  times: readonly number[],
  rate: (piece: Piece) => number,
  there: (at: number) => boolean,
): readonly ScrapedSample[] => {
  let i = pieceAt(pieces, times[0] ?? 0);
  let from = times[0] ?? 0;
  let counted = COUNTED_BEFORE;
  let now = i < 0 ? 0 : rateOf(pieces, i, rate);
  return whileThere(times, there, (at) => {
    for (let next = pieces[i + 1]; next && next.from <= at; next = pieces[i + 1]) {
      counted += (now * (Math.max(next.from, from) - from)) / 1000;
      from = Math.max(next.from, from);
      i += 1;
      now = rateOf(pieces, i, rate);
    }
    counted += (now * (at - from)) / 1000;
    from = at;
    return counted;
  });
};

const rateOf = (pieces: readonly Piece[], i: number, rate: (piece: Piece) => number): number => {
  const piece = pieces[i];
  return piece ? rate(piece) : 0;
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
