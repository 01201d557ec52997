/** The arithmetic under the traffic: the shape of a day, waiting times, percentiles, connection pools, whole numbers. */

import { expect, test } from "vitest";
import { makeRandom } from "../../simulator/random.ts";
import { DEFAULT_LOAD, dayShape, makeDemand } from "../../simulator/world/traffic/demand.ts";
import {
  hopMs,
  makeMixture,
  meanMs,
  normalCdf,
  shareWithin,
  sumOfHops,
} from "../../simulator/world/traffic/latency.ts";
import { makeLedger } from "../../simulator/world/traffic/ledger.ts";
import { HALF_LIFE_MS, makePool } from "../../simulator/world/traffic/pools.ts";

test.each([1, 1.6, 3, 10])(
  "a day with a peak of %d times the mean has that mean, that peak at that hour, and never less than nothing",
  (peakFactor) => {
    const shape = dayShape(peakFactor, 15);
    expect(shape.reduce((a, b) => a + b, 0) / 288).toBeCloseTo(1, 10);
    expect(Math.max(...shape)).toBeCloseTo(peakFactor, 1);
    expect(Math.min(...shape)).toBeGreaterThan(0);
    if (peakFactor > 1) expect([179, 180]).toContain(shape.indexOf(Math.max(...shape)));
  },
);

test("the peak stands at the hour of the window's time zone, also after the clocks change", () => {
  const load = { host: "a.example", ...DEFAULT_LOAD, peakFactor: 5 };
  const demand = makeDemand("Europe/Berlin", makeRandom(1));
  const hours = (day: number) => Array.from({ length: 24 }, (_, h) => demand(load, day + h * 3_600_000));
  const busiest = (day: number) => hours(day).indexOf(Math.max(...hours(day)));
  // 15:00 in Berlin is 14:00 UTC in winter and 13:00 UTC in summer; the step after the hour begins is as busy as the one before it.
  expect([13, 14]).toContain(busiest(Date.UTC(2026, 1, 3)));
  expect([12, 13]).toContain(busiest(Date.UTC(2026, 6, 3)));
  expect(demand(load, Date.UTC(2026, 1, 3, 14))).toBeGreaterThan(demand(load, Date.UTC(2026, 6, 3, 15)));
});

test("another seed is another day, the same seed the same", () => {
  const at = Date.UTC(2026, 2, 3, 12);
  const load = { host: "a.example", ...DEFAULT_LOAD };
  const rate = (seed: number) => makeDemand("UTC", makeRandom(seed))(load, at);
  expect(rate(1)).toBe(rate(1));
  expect(rate(1)).not.toBe(rate(2));
});

test("waiting grows long before the limit", () => {
  const times = [0, 0.3, 0.6, 0.8, 0.9, 0.98].map((rho) => hopMs(10, rho));
  expect(times[0]).toBe(10);
  for (const [i, ms] of times.entries()) if (i > 0) expect(ms).toBeGreaterThan(times[i - 1] ?? 0);
  expect(times[3]).toBeGreaterThan(15);
  expect(hopMs(10, 5)).toBe(times[5]);
});

test("hops add up: the mean is the sum, and the tail of many is shorter than that of one", () => {
  expect(meanMs(sumOfHops([10, 20, 30]))).toBeCloseTo(60, 6);
  const one = makeMixture();
  const many = makeMixture();
  one.add(sumOfHops([100]), 1);
  many.add(sumOfHops(Array.from({ length: 10 }, () => 10)), 1);
  expect(many.quantile(0.99) ?? 0).toBeLessThan(one.quantile(0.99) ?? 0);
  // exp(μ + 2.326·σ) of a lognormal with mean 100 and σ = 0.3.
  expect(one.quantile(0.99) ?? 0).toBeCloseTo(100 * Math.exp(-0.045 + 0.3 * 2.3263), -1);
});

test("percentiles of a mixture are those of all requests, weighted", () => {
  const mixture = makeMixture();
  mixture.add(sumOfHops([10]), 980);
  mixture.add(sumOfHops([500]), 20);
  expect(mixture.quantile(0.5) ?? 0).toBeLessThan(15);
  expect(mixture.quantile(0.99) ?? 0).toBeGreaterThan(400);
  expect(makeMixture().quantile(0.99)).toBeNull();
});

test("the normal distribution is as tables have it", () => {
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.841345],
    [-1.96, 0.024998],
    [2.5758, 0.995],
  ] as const)
    expect(normalCdf(x)).toBeCloseTo(p, 5);
  expect(shareWithin(sumOfHops([10]), 0)).toBe(0);
});

test("half of the connections end within the half-life, and less than half a connection is none", () => {
  const pool = makePool({ source: 1, target: 0, nowhere: 0 });
  const dns = { source: 0, target: 1, nowhere: 0 };
  expect(pool.moving(dns)).toBe(true);
  pool.pass(HALF_LIFE_MS, dns, 100);
  expect(pool.now()).toEqual({ source: 0.5, target: 0.5, nowhere: 0 });
  for (let i = 0; i < 6; i += 1) pool.pass(HALF_LIFE_MS, dns, 100);
  expect(pool.now().source).toBeGreaterThan(0);
  pool.pass(HALF_LIFE_MS, dns, 100);
  expect(pool.now()).toEqual(dns);
  expect(pool.moving(dns)).toBe(false);
});

test("connections whose pods are gone look the name up again, and wait while it doesn't resolve", () => {
  const pool = makePool({ source: 1, target: 0, nowhere: 0 });
  pool.end("source", 0.5, { source: 0, target: 0, nowhere: 1 });
  expect(pool.now()).toEqual({ source: 0.5, target: 0, nowhere: 0.5 });
  pool.end("source", 1, { source: 0, target: 1, nowhere: 0 });
  expect(pool.now()).toEqual({ source: 0, target: 1, nowhere: 0 });
});

test("lines are whole numbers that add up to the totals, and a failure rounds up once, not once a line", () => {
  const ledger = makeLedger();
  const lines = Array.from({ length: 7 }, () => {
    ledger.serve("source", { "200": 0.7, "500": 0.3 }, 1.3, sumOfHops([10]));
    ledger.fail("target", "failed", 0.1, "503");
    ledger.fail(undefined, "failed", 0.01);
    return ledger.line({});
  });
  const sum = (pick: (l: (typeof lines)[number]) => number) => lines.reduce((n, l) => n + pick(l), 0);
  expect(ledger.totals()).toEqual({ served: 6, failed: 2, paused: 0, failedAnyway: 2 });
  expect(sum((l) => l.served)).toBe(6);
  expect(sum((l) => l.failed)).toBe(2);
  expect(sum((l) => l.failedAnyway)).toBe(2);
  expect(sum((l) => l.source.statuses["200"] ?? 0)).toBe(6);
  expect(
    lines.every((l) =>
      [l.served, l.failed, l.paused, l.failedAnyway].every((n) => Number.isInteger(n) && n >= 0),
    ),
  ).toBe(true);
});

test("dust of the arithmetic is no failure", () => {
  const ledger = makeLedger();
  ledger.fail("source", "failed", 1e-9, "503");
  expect(ledger.totals().failed).toBe(0);
});
