/**
 * How long requests take. A pod is a queue with a few workers: by Sakasegawa's approximation of M/M/c, the mean time is
 * S·(1 + ρ^(√(2(c+1))−1) / (c·(1−ρ))). Each hop is lognormal with σ = 0.3; hops add up, and their sum is taken as the lognormal of
 * the same mean and variance (Fenton and Wilkinson). A request that a full pod still answers has waited as at 98 %.
 */

const WORKERS_PER_POD = 4;
const UTILISATION_MAX = 0.98;
const HOP_SIGMA = 0.3;
/** Variance of a hop over its squared mean: exp(σ²) − 1. */
const HOP_VARIANCE = Math.exp(HOP_SIGMA * HOP_SIGMA) - 1;
const EXPONENT = Math.sqrt(2 * (WORKERS_PER_POD + 1)) - 1;

/** Mean time of one hop, in milliseconds, at a utilisation of its pods. */
export const hopMs = (serviceMs: number, utilisation: number): number => {
  const rho = Math.min(Math.max(utilisation, 0), UTILISATION_MAX);
  return serviceMs * (1 + rho ** EXPONENT / (WORKERS_PER_POD * (1 - rho)));
};

/** A lognormal: parameters of the logarithm of milliseconds. */
export type Latency = { readonly mu: number; readonly sigma: number };

/** The time through several hops, one after the other. */
export const sumOfHops = (hopsMs: readonly number[]): Latency => {
  let mean = 0;
  let squares = 0;
  for (const ms of hopsMs) {
    mean += ms;
    squares += ms * ms;
  }
  if (mean <= 0) return { mu: 0, sigma: HOP_SIGMA };
  const sigma2 = Math.log(1 + (squares * HOP_VARIANCE) / (mean * mean));
  return { mu: Math.log(mean) - sigma2 / 2, sigma: Math.sqrt(sigma2) };
};

/** Share of requests that take at most `ms`. */
export const shareWithin = (latency: Latency, ms: number): number =>
  ms <= 0 ? 0 : normalCdf((Math.log(ms) - latency.mu) / latency.sigma);

export const meanMs = (latency: Latency): number =>
  Math.exp(latency.mu + (latency.sigma * latency.sigma) / 2);

/** Φ, by Abramowitz and Stegun 7.1.26 (error below 1.5e-7). */
export const normalCdf = (x: number): number => {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = 0.5 * poly * Math.exp(-z * z);
  return x < 0 ? half : 1 - half;
};

/** Many requests of several speeds: equal speeds (to half a percent) are one entry, so that a day stays small. */
export type Mixture = {
  readonly add: (latency: Latency, weight: number) => void;
  /** Milliseconds within which this share is answered; null where nothing was added. */
  readonly quantile: (share: number) => number | null;
  readonly clear: () => void;
};

export const makeMixture = (): Mixture => {
  const parts = new Map<number, { mu: number; sigma: number; weight: number }>();
  const within = (ms: number, total: number): number => {
    let sum = 0;
    for (const part of parts.values()) sum += part.weight * shareWithin(part, ms);
    return sum / total;
  };
  return {
    add: (latency, weight) => {
      if (weight <= 0) return;
      const mu = Math.round(latency.mu * 200);
      const sigma = Math.round(latency.sigma * 200);
      const key = mu * 10_000 + sigma;
      const part = parts.get(key);
      if (part) part.weight += weight;
      else parts.set(key, { mu: mu / 200, sigma: Math.max(sigma, 1) / 200, weight });
    },
    quantile: (share) => {
      let total = 0;
      for (const part of parts.values()) total += part.weight;
      if (total <= 0) return null;
      let [low, high] = [Math.log(0.01), Math.log(600_000)];
      for (let i = 0; i < 40; i += 1) {
        const middle = (low + high) / 2;
        if (within(Math.exp(middle), total) < share) low = middle;
        else high = middle;
      }
      return Math.exp((low + high) / 2);
    },
    clear: () => parts.clear(),
  };
};
