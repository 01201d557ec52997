/**
 * The whole platform on both sides as one: what the clients of all its entries get together. Clients ask one entry more than another, the
 * synthetic load asks all alike; so the target's figures count with the source's shares, or a slow entry that is asked more would look like a
 * slow cluster. Pure.
 */

import type { Measured, SideMeasured } from "./comparison.ts";

export type Pair = { readonly source: SideMeasured; readonly target: SideMeasured };

const requestsOf = ({ requests }: SideMeasured): number =>
  "missing" in requests || requests.stale || !Number.isFinite(requests.value) ? 0 : requests.value;

const oldest = (sides: readonly SideMeasured[]): string =>
  sides.map((s) => s.requests.observedAt).reduce((a, b) => (a < b ? a : b));

/**
 * Both sides of all entries together; undefined where there is none that both sides have figures of. The weighted samples of the target count as
 * so many as an even sample with the same certainty would have (Kish).
 */
export const together = (pairs: readonly Pair[]): Pair | undefined => {
  const judged = pairs.filter((p) => requestsOf(p.source) > 0 && requestsOf(p.target) > 0);
  if (judged.length === 0) return undefined;
  const all = judged.reduce((sum, p) => sum + requestsOf(p.source), 0);
  const shares = judged.map((p) => requestsOf(p.source) / all);
  const uncertainty = judged.reduce((sum, p, i) => sum + (shares[i] ?? 0) ** 2 / requestsOf(p.target), 0);
  return {
    source: mixed(
      judged.map((p) => p.source),
      shares,
      all,
    ),
    target: mixed(
      judged.map((p) => p.target),
      shares,
      1 / uncertainty,
    ),
  };
};

/** Sides with their shares, as one side with so many samples. */
const mixed = (sides: readonly SideMeasured[], shares: readonly number[], samples: number): SideMeasured => {
  const [first] = sides as readonly [SideMeasured];
  const observedAt = oldest(sides);
  const weighted = (of: (side: SideMeasured) => number): number =>
    sides.reduce((sum, side, i) => sum + (shares[i] ?? 0) * of(side), 0);
  const by = (
    of: (side: SideMeasured) => Readonly<Record<string, number>> | undefined,
    whole: (side: SideMeasured) => number,
  ): Readonly<Record<string, number>> | undefined => {
    const sum: Record<string, number> = {};
    for (const [i, side] of sides.entries()) {
      const values = of(side);
      const all = whole(side);
      if (!values || !(all > 0)) return undefined;
      for (const [key, value] of Object.entries(values))
        sum[key] = (sum[key] ?? 0) + ((shares[i] ?? 0) * samples * value) / all;
    }
    return sum;
  };
  const errors = sides.every((s) => !("missing" in s.errorShare))
    ? weighted((s) => ("missing" in s.errorShare ? 0 : s.errorShare.value))
    : undefined;
  const measured = (value: number | undefined, query: string): Measured =>
    value === undefined ? { missing: true, observedAt, query } : { value, observedAt, stale: false, query };
  return {
    cluster: first.cluster,
    requests: measured(samples, first.requests.query),
    errorShare: measured(errors, first.errorShare.query),
    countByLe: by(
      (s) => s.countByLe,
      (s) => s.countByLe?.["+Inf"] ?? 0,
    ),
    latencyQuery: first.latencyQuery,
    rateByStatus: by(
      (s) => s.rateByStatus,
      (s) => Object.values(s.rateByStatus ?? {}).reduce((a, b) => a + b, 0),
    ),
    statusQuery: first.statusQuery,
  };
};
