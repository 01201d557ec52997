/** Source against target: what passes, what fails, and everything that must not pass for want of data. */

import { describe, expect, test } from "vitest";
import {
  type CompareOptions,
  compareSides,
  type Gates,
  type Measured,
  type SideMeasured,
} from "../../domain/comparison.ts";
import { overall } from "../../domain/gates.ts";
import { normalCdf } from "../../simulator/world/traffic/latency.ts";
import { type Behaviour, EQUAL, tallyOf } from "../bench/comparison.ts";

const gates = { samplesMin: 100, staleAfterSeconds: 180, errorShareMaxAboveSource: 0.005, p99RatioMax: 1.5 };
const at = "2026-03-03T02:00:00.000Z";

const value = (n: number, more: { stale?: boolean } = {}): Measured => ({
  value: n,
  observedAt: at,
  stale: false,
  query: "q",
  ...more,
});
const missing: Measured = { missing: true, observedAt: at, query: "q" };

/** A histogram of a lognormal latency whose p99 is at so many seconds: cumulative counts in buckets a quarter apart. */
const latency = (p99: number, sigma = 0.3, samples = 10_000): Readonly<Record<string, number>> => {
  const median = Math.exp(Math.log(p99) - 2.326_348 * sigma);
  const bounds = Array.from({ length: 40 }, (_, i) => 0.002 * 1.25 ** i);
  return Object.fromEntries([
    ...bounds.map((le) => [String(le), samples * normalCdf(Math.log(le / median) / sigma)]),
    ["+Inf", samples],
  ]);
};

const side = (cluster: string, more: Partial<SideMeasured> = {}): SideMeasured => ({
  cluster,
  requests: value(10_000),
  errorShare: value(0.001),
  countByLe: latency(0.08),
  latencyQuery: "l",
  rateByStatus: { "200": 10, "204": 10, "404": 13, "500": 0.03 },
  statusQuery: "s",
  ...more,
});

const judged = (
  target: Partial<SideMeasured>,
  source: Partial<SideMeasured> = {},
  more: Partial<Gates> = {},
  options: CompareOptions = {},
) =>
  Object.fromEntries(
    compareSides("shop/web", side("old", source), side("new", target), { ...gates, ...more }, options).map(
      (v) => [v.check.split("/")[1] ?? "", v],
    ),
  );

test("an application full of 204s and 404s passes as long as both sides agree", () => {
  const all = compareSides("shop/web", side("old"), side("new"), gates);
  expect(all.map((v) => v.verdict)).toEqual(["pass", "pass", "pass", "pass"]);
  expect(overall(all)).toBe("pass");
  expect(
    all.every(
      (v) => v.evidence.length === 2 && v.evidence.every((e) => e.samples === 10_000 && e.source !== ""),
    ),
  ).toBe(true);
});

test.each<[string, Partial<SideMeasured>, readonly string[]]>([
  ["half a percentage point more errors", { errorShare: value(0.006) }, ["error-share"]],
  ["one and a half times the latency", { countByLe: latency(0.12) }, ["p99", "p99.5"]],
  [
    "404s where the source says 200",
    { rateByStatus: { "200": 5, "204": 10, "404": 18, "500": 0.03 } },
    ["status-mix"],
  ],
])("%s fails what it is about and nothing else", (_, target, failing) => {
  const found = judged(target);
  expect(
    Object.values(found)
      .filter((v) => v.verdict !== "pass")
      .map((v) => [v.check, v.verdict]),
  ).toEqual(failing.map((name) => [`comparison/${name}`, "fail"]));
  for (const name of failing) expect(found[name]?.remedy).toBeDefined();
});

test.each<[string, Partial<SideMeasured>, string]>([
  ["a little above the source, well within the margin", { errorShare: value(0.0015) }, "error-share"],
  ["a fifth slower, well within the ratio", { countByLe: latency(0.096) }, "p99"],
  ["fewer errors than the source", { errorShare: value(0) }, "error-share"],
  ["faster than the source", { countByLe: latency(0.05) }, "p99.5"],
])("%s passes", (_, target, gate) => {
  expect(judged(target)[gate]?.verdict).toBe("pass");
});

describe("sparse and zero baselines", () => {
  const few = (requests: number, errors: number): Partial<SideMeasured> => ({
    requests: value(requests),
    errorShare: value(errors / requests),
  });
  test.each<[string, Partial<SideMeasured>, Partial<SideMeasured>, string]>([
    ["no error on either side, 10,000 each", few(10_000, 0), few(10_000, 0), "pass"],
    ["no error on either side, but only 300 on the target", few(10_000, 0), few(300, 0), "unknown"],
    ["a source that nobody used much tells as little as it has", few(120, 0), few(10_000, 0), "pass"],
    ["one error in 150 is chance", few(10_000, 5), few(150, 1), "unknown"],
    ["three errors in 600 may be chance", few(10_000, 10), few(600, 3), "unknown"],
    ["twelve in 600 aren't", few(10_000, 10), few(600, 12), "fail"],
    ["a zero baseline and a hundred errors", few(5_000, 0), few(5_000, 100), "fail"],
  ])("%s", (_, source, target, verdict) => {
    expect(judged(target, source)["error-share"]?.verdict).toBe(verdict);
  });

  test("unknown says how many samples would tell, and with as many it tells", () => {
    const found = judged(few(600, 0), few(10_000, 10))["error-share"];
    const needed = Number(
      /telling takes ([\d,]+) samples/.exec(found?.sentence ?? "")?.[1]?.replaceAll(",", ""),
    );
    expect(needed).toBeGreaterThan(600);
    expect(judged(few(needed, 0), few(needed, needed / 1_000))["error-share"]?.verdict).toBe("pass");
  });

  test("before the cut few samples pass provisionally, and the sentence says that nothing is shown", () => {
    const found = judged(few(300, 0), few(10_000, 5), {}, { provisional: true })["error-share"];
    expect([found?.verdict, found?.sentence]).toEqual(["pass", expect.stringContaining("not shown")]);
    expect(judged(few(300, 10), few(10_000, 5), {}, { provisional: true })["error-share"]?.verdict).toBe(
      "fail",
    );
    expect(judged(few(600, 5), few(10_000, 5), {}, { provisional: true })["error-share"]?.verdict).not.toBe(
      "pass",
    );
  });
});

describe("histograms", () => {
  const coarse = (p99: number) => {
    const fine = latency(p99, 0.3);
    const kept = Object.keys(fine).filter((le, i) => le === "+Inf" || i % 8 === 0);
    return Object.fromEntries(kept.map((le) => [le, fine[le] ?? 0]));
  };

  test("a tenth more p99 is found among 10,000 where it matters", () => {
    const found = judged({ countByLe: latency(0.088) }, {}, { p99RatioMax: 1.1 });
    expect([found["p99"]?.verdict, found["p99.5"]?.verdict]).toEqual(["fail", "fail"]);
  });

  test("a heavier tail is unknown with the samples that it takes, and with as many it passes", () => {
    const heavy = (samples: number): Partial<SideMeasured> => ({
      requests: value(samples),
      countByLe: latency(0.4, 1, samples),
    });
    const found = judged(heavy(10_000), heavy(10_000), { p99RatioMax: 1.1 })["p99"];
    expect(found?.verdict).toBe("unknown");
    const needed = Number(
      /telling takes ([\d,]+) samples/.exec(found?.sentence ?? "")?.[1]?.replaceAll(",", ""),
    );
    expect(needed).toBeGreaterThan(50_000);
    expect(judged(heavy(needed), heavy(needed), { p99RatioMax: 1.1 })["p99"]?.verdict).toBe("pass");
  });

  test("buckets too wide for the margin are unknown, and no number of samples is promised", () => {
    const found = judged({ countByLe: coarse(0.08) }, { countByLe: coarse(0.08) }, { p99RatioMax: 1.1 })[
      "p99"
    ];
    expect([found?.verdict, found?.remedy]).toEqual(["unknown", expect.stringContaining("finer buckets")]);
    expect(found?.sentence).toContain("too wide");
  });

  test("a p99 above the largest bound is unknown", () => {
    const found = judged({ countByLe: { "0.1": 9_000, "+Inf": 10_000 } })["p99"];
    expect([found?.verdict, found?.sentence]).toEqual([
      "unknown",
      expect.stringContaining("above the largest bucket"),
    ]);
  });
});

describe("the objective", () => {
  test.each<[string, number, number, string]>([
    ["kept", 0.001, 0.001, "pass"],
    ["broken by the target alone", 0.001, 0.01, "fail"],
    ["just kept, by chance or not", 0.001, 0.0048, "unknown"],
    ["broken by the source as well", 0.02, 0.02, "pass"],
  ])("%s", (_, source, target, verdict) => {
    const found = judged(
      { errorShare: value(target) },
      { errorShare: value(source) },
      { successShareMin: 0.995, errorShareMaxAboveSource: 1 },
    );
    expect(found["objective"]?.verdict).toBe(verdict);
  });

  test("isn't judged where none is given", () => {
    expect(judged({})["objective"]).toBeUndefined();
  });
});

test.each<[string, Partial<SideMeasured>]>([
  ["no count of requests", { requests: missing }],
  ["too few samples", { requests: value(99) }],
  ["stale samples", { requests: value(10_000, { stale: true }) }],
  ["a count that is no number", { requests: value(Number.NaN) }],
])("%s on either side leaves every gate unknown, provisional or not", (_, half) => {
  for (const options of [{}, { provisional: true }])
    for (const found of [
      judged(half, {}, { successShareMin: 0.9 }, options),
      judged({}, half, { successShareMin: 0.9 }, options),
    ]) {
      expect(Object.values(found).map((v) => v.verdict)).toEqual(Array(5).fill("unknown"));
      expect(Object.values(found).every((v) => v.remedy !== undefined)).toBe(true);
    }
});

test.each<[string, Partial<SideMeasured>, string]>([
  ["an error share", { errorShare: missing }, "error-share"],
  ["an error share that is a number", { errorShare: value(Number.NaN) }, "error-share"],
  ["a histogram", { countByLe: undefined }, "p99"],
  ["a histogram with an end", { countByLe: { "0.1": 100 } }, "p99.5"],
  ["answers by status", { rateByStatus: undefined }, "status-mix"],
  ["any answer at all", { rateByStatus: { "200": 0 } }, "status-mix"],
])("a side without %s leaves that gate unknown, and the whole never passes", (_, half, gate) => {
  for (const found of [
    judged(half, {}, {}, { provisional: true }),
    judged({}, half, {}, { provisional: true }),
  ]) {
    expect(found[gate]?.verdict).toBe("unknown");
    expect(overall(Object.values(found))).toBe("unknown");
  }
});

test("few samples explain some difference of the mixes, many don't", () => {
  const target = { rateByStatus: { "200": 8, "204": 10, "404": 15, "500": 0.03 } };
  expect(judged({ ...target, requests: value(150) })["status-mix"]?.verdict).toBe("unknown");
  expect(
    judged({ ...target, requests: value(100_000) }, { requests: value(100_000) })["status-mix"]?.verdict,
  ).toBe("fail");
});

describe("measured on seeded comparisons of 10,000 requests a side (lognormal, σ = 0.3; 0.1 % errors)", () => {
  const RUNS = 150;
  test("equal behaviour fails at most one time in a hundred", () => {
    expect(tallyOf(RUNS, EQUAL, EQUAL).fail).toBeLessThanOrEqual(RUNS / 100);
  });
  test.each<[string, Partial<Behaviour>]>([
    ["a tenth more p99", { slower: 1.1 }],
    ["half a percentage point more errors", { errorShare: 0.006 }],
  ])("%s is caught at least 99 times in a hundred", (_, worse) => {
    expect(tallyOf(RUNS, EQUAL, { ...EQUAL, ...worse }).fail).toBeGreaterThanOrEqual(RUNS * 0.99);
  });
  test("a heavier tail is unknown far more often than not, and never sooner failed", () => {
    const heavy = { ...EQUAL, sigma: 1 };
    const { unknown, fail, neededMedian } = tallyOf(50, heavy, heavy);
    expect(unknown).toBeGreaterThan(35);
    expect(fail).toBeLessThanOrEqual(1);
    expect(neededMedian).toBeGreaterThan(100_000);
  });
});
