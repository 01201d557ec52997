/**
 * Intervals for what gates compare: shares of counts, their differences, and quantiles of histograms. All are score intervals, so that they
 * hold for few samples and for none at all: no error in a hundred requests is not "no errors".
 */

/** An estimate and what it may be by chance. */
export type Interval = { readonly estimate: number; readonly low: number; readonly high: number };

/** One chance in 200 on each side: the standard normal's 99.5 % quantile. */
export const Z = 2.575_829;

/** One in 2,000 on each side, for a figure that is judged together with up to nine others, in either direction. */
export const Z_AMONG_MANY = 3.290_527;

/**
 * For figures of which so many are judged at once, again and again: one chance in 1,000, over all of them, that equal behaviour fails.
 * Abramowitz and Stegun's 26.2.23, off by less than 0.0005.
 */
export const zAmong = (figures: number): number => {
  const t = Math.sqrt(-2 * Math.log(0.001 / Math.max(1, figures)));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return Math.max(Z, t - above / below);
};

/** So many of so many. Neither need be whole: a counter's increase is extrapolated to the ends of its window. */
export type Share = { readonly hits: number; readonly of: number };

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** Wilson's score interval of a share, with the correction for continuity: without it, three errors by chance look like a fault. @param of Above 0. */
export const shareInterval = ({ hits, of }: Share, z = Z): Interval => {
  const p = clamp(hits / of);
  const centre = 2 * of * p + z * z;
  const spread = (correction: number, missed: number) =>
    z * Math.sqrt(Math.max(0, z * z + correction - 1 / of + 4 * p * (of * (1 - p) + missed)));
  const scale = 2 * (of + z * z);
  return {
    estimate: p,
    low: p === 0 ? 0 : Math.min(p, clamp((centre - 1 - spread(-2, 1)) / scale)),
    high: p === 1 ? 1 : Math.max(p, clamp((centre + 1 + spread(2, -1)) / scale)),
  };
};

/** The difference target − source of two independent estimates, from their intervals (Newcombe's method 11; MOVER). */
export const difference = (source: Interval, target: Interval): Interval => {
  const estimate = target.estimate - source.estimate;
  return {
    estimate,
    low: estimate - Math.hypot(target.estimate - target.low, source.high - source.estimate),
    high: estimate + Math.hypot(target.high - target.estimate, source.estimate - source.low),
  };
};

export const shareDifference = (source: Share, target: Share, z = Z): Interval =>
  difference(shareInterval(source, z), shareInterval(target, z));

const SAMPLES_MAX = 1_000_000_000;

/** Samples a side with which two such shares can always be told to be within a margin or not: the interval is no wider than it. */
export const samplesForShares = (source: number, target: number, margin: number, z = Z): number => {
  const enough = (of: number): boolean => {
    const { low, high } = shareDifference({ hits: source * of, of }, { hits: target * of, of }, z);
    return high - low <= margin;
  };
  let [low, high] = [1, SAMPLES_MAX];
  if (!enough(high)) return SAMPLES_MAX;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** A classic histogram: how many took at most so many seconds; bounds rise, the last is infinite. */
export type Histogram = readonly { readonly le: number; readonly count: number }[];

/** A histogram of a query's answer by `le`; undefined where it is none (no +Inf, or nothing counted). Counts are made to rise. */
export const histogramOf = (byLe: Readonly<Record<string, number>> | undefined): Histogram | undefined => {
  const bounds = Object.entries(byLe ?? {})
    .map(([le, count]) => ({ le: le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le), count }))
    .filter(({ le, count }) => !Number.isNaN(le) && Number.isFinite(count))
    .sort((a, b) => a.le - b.le);
  let most = 0;
  const rising = bounds.map(({ le, count }) => {
    most = Math.max(most, count);
    return { le, count: most };
  });
  return rising.at(-1)?.le === Number.POSITIVE_INFINITY && most > 0 ? rising : undefined;
};

/** The bucket in which a quantile lies, with what is slower than its bounds, as shares. */
type Bucket = {
  readonly from: number;
  readonly to: number;
  readonly slowerThanFrom: number;
  readonly slowerThanTo: number;
};

const bucketsOf = (histogram: Histogram): readonly Bucket[] => {
  const total = histogram.at(-1)?.count ?? 0;
  return histogram.map(({ le, count }, i) => ({
    from: histogram[i - 1]?.le ?? 0,
    to: le,
    slowerThanFrom: 1 - (histogram[i - 1]?.count ?? 0) / total,
    slowerThanTo: 1 - count / total,
  }));
};

/** How fast the share of slower ones falls, on logarithmic axes, over a bucket. */
const slopeOf = ({ from, to, slowerThanFrom, slowerThanTo }: Bucket): number =>
  Math.log(slowerThanTo / slowerThanFrom) / Math.log(to / from);

/** The end of a tail, counted: what remains of a subtraction of shares is no sample. */
const NOTHING = 1e-12;

/** A quantile as the logarithm of seconds, and how far off it may be because of the bucket it lies in. */
type Placed = { readonly ln: number; readonly resolution: number };

/**
 * Within a bucket the tail is taken to fall as a power of the time, which meets both its bounds. How far the truth may lie from that is told by
 * how much the power changes from the bucket before; where nothing tells, it is the whole bucket.
 */
const placeOf = (buckets: readonly Bucket[], level: number): Placed | undefined => {
  const slower = 1 - level;
  const i = buckets.findIndex((b) => b.slowerThanTo <= slower);
  const bucket = buckets[i];
  if (!bucket || bucket.to === Number.POSITIVE_INFINITY) return undefined;
  if (bucket.from <= 0) return { ln: Math.log(bucket.to), resolution: Number.POSITIVE_INFINITY };
  const width = Math.log(bucket.to / bucket.from);
  if (bucket.slowerThanTo <= NOTHING) return { ln: Math.log(bucket.to), resolution: width };
  const slope = slopeOf(bucket);
  const ln = Math.log(bucket.from) + Math.log(slower / bucket.slowerThanFrom) / slope;
  const before = buckets[i - 1];
  if (!before || before.from <= 0) return { ln, resolution: width };
  const bend = (slope - slopeOf(before)) / ((width + Math.log(before.to / before.from)) / 2);
  return { ln, resolution: Math.min(width, Math.abs((bend * width * width) / (8 * slope))) };
};

/** A quantile with its interval, as logarithms of seconds. `high` is infinite where the samples end before it. */
export type QuantileInterval = Interval & {
  readonly samples: number;
  /** What the buckets alone leave open, either way. */
  readonly resolution: number;
};

/**
 * The quantile of a histogram by inverting the score test of "this share is faster": distribution-free, no assumption about the tail.
 * @returns undefined where it lies above the largest bound.
 */
export const quantileInterval = (
  histogram: Histogram,
  level: number,
  z = Z,
): QuantileInterval | undefined => {
  const samples = histogram.at(-1)?.count ?? 0;
  const buckets = bucketsOf(histogram);
  const slower = samples * (1 - level);
  const chance = z * Math.sqrt(slower * level);
  // How many lie above is skewed where they are few (Cornish and Fisher's term), and whole.
  const skew = ((z * z - 1) * (2 * level - 1)) / 6;
  const levelAt = (above: number) => 1 - above / samples;
  const [lowest, highest] = [levelAt(slower + chance + skew + 0.5), levelAt(slower - chance + skew - 0.5)];
  const place = placeOf(buckets, level);
  if (!place) return undefined;
  const low = lowest <= 0 ? undefined : placeOf(buckets, lowest);
  const high = highest >= 1 ? undefined : placeOf(buckets, highest);
  return {
    samples,
    estimate: place.ln,
    low: low?.ln ?? Number.NEGATIVE_INFINITY,
    high: high?.ln ?? Number.POSITIVE_INFINITY,
    resolution: place.resolution,
  };
};

/** Samples with which the upper end of a quantile's interval has samples above it. */
const samplesAbove = (level: number, z: number): number => ((z + 0.5) ** 2 * level) / (1 - level);

/**
 * Samples a side with which two quantiles can always be told to be within a margin of one another or not.
 * @param margin As a logarithm. @returns undefined where the buckets leave more open than the margin: no number of samples helps.
 */
export const samplesForQuantiles = (
  source: QuantileInterval,
  target: QuantileInterval,
  level: number,
  margin: number,
  z = Z,
): number | undefined => {
  const room = margin - 2 * Math.max(source.resolution, target.resolution);
  if (room <= 0) return undefined;
  // Below a quantile there are always samples; above it, maybe none.
  const spread = (q: QuantileInterval): number => {
    const [below, above] = [q.estimate - q.low, q.high - q.estimate];
    return q.samples * (Number.isFinite(above) ? Math.max(above, below) : below) ** 2;
  };
  const needed = (4 * (spread(source) + spread(target))) / room ** 2;
  return Math.ceil(Math.max(samplesAbove(level, z), needed));
};
