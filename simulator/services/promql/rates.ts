/** The two computations of Prometheus that are more than arithmetic: the extrapolated increase of a counter, and a quantile from buckets. */

import type { Element, Sample } from "./evaluate.ts";
import { keyOf, type Labels } from "./labels.ts";

/**
 * What a counter grew by over (at − range, at], extrapolated from its first and last sample to the ends of the range, as Prometheus does
 * (promql/functions.go, extrapolatedRate): at most half a scrape interval beyond a sample that isn't near the end, never below zero.
 * @returns undefined for fewer than two samples.
 */
export const extrapolatedIncrease = (
  samples: readonly Sample[],
  at: number,
  rangeMs: number,
): number | undefined => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 2) return undefined;
  let increase = last.value - first.value;
  for (let i = 1; i < samples.length; i += 1) {
    const before = samples[i - 1] as Sample;
    if ((samples[i] as Sample).value < before.value) increase += before.value;
  }
  const sampled = last.at - first.at;
  const interval = sampled / (samples.length - 1);
  const threshold = interval * 1.1;
  let toStart = first.at - (at - rangeMs);
  let toEnd = at - last.at;
  if (toStart >= threshold) toStart = interval / 2;
  if (increase > 0 && first.value >= 0) toStart = Math.min(toStart, sampled * (first.value / increase));
  if (toEnd >= threshold) toEnd = interval / 2;
  return increase * ((sampled + toStart + toEnd) / sampled);
};

/** Seconds (or whatever `le` counts) below which a share of the observations lies, by linear interpolation inside the bucket. */
export const histogramQuantile = (share: number, elements: readonly Element[]): readonly Element[] => {
  const groups = new Map<string, { labels: Labels; buckets: { le: number; count: number }[] }>();
  for (const { labels: all, value } of elements) {
    const { le, __name__: _, ...labels } = all;
    if (le === undefined) continue;
    const key = keyOf(labels);
    const group = groups.get(key) ?? { labels, buckets: [] };
    group.buckets.push({ le: le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le), count: value });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ labels, buckets }) => ({
    labels,
    value: bucketQuantile(share, buckets),
  }));
};

const bucketQuantile = (share: number, unsorted: readonly { le: number; count: number }[]): number => {
  const buckets = [...unsorted].sort((a, b) => a.le - b.le);
  const total = buckets.at(-1);
  if (!total || total.le !== Number.POSITIVE_INFINITY || buckets.length < 2) return Number.NaN;
  if (!(total.count > 0)) return Number.NaN;
  if (share < 0) return Number.NEGATIVE_INFINITY;
  if (share > 1) return Number.POSITIVE_INFINITY;
  const rank = share * total.count;
  const i = buckets.findIndex((b) => b.count >= rank);
  const bucket = buckets[i];
  if (!bucket || i === buckets.length - 1) return buckets.at(-2)?.le ?? Number.NaN;
  const below = i === 0 ? { le: 0, count: 0 } : buckets[i - 1];
  if (!below) return Number.NaN;
  if (i === 0 && bucket.le <= 0) return bucket.le;
  return below.le + (bucket.le - below.le) * ((rank - below.count) / (bucket.count - below.count));
};
