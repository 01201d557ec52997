/** Source against target: what passes, what fails, and everything that must not pass for want of data. */

import { expect, test } from "vitest";
import { compareSides, type Measured, type SideMeasured } from "../../domain/comparison.ts";
import { overall } from "../../domain/gates.ts";

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

const side = (cluster: string, more: Partial<SideMeasured> = {}): SideMeasured => ({
  cluster,
  requests: value(10_000),
  errorShare: value(0.001),
  p99Seconds: value(0.08),
  p995Seconds: value(0.1),
  rateByStatus: { "200": 10, "204": 10, "404": 13, "500": 0.03 },
  statusQuery: "s",
  ...more,
});

const verdicts = (target: Partial<SideMeasured>, source: Partial<SideMeasured> = {}) =>
  Object.fromEntries(
    compareSides("shop/web", side("old", source), side("new", target), gates).map((v) => [
      v.check.split("/")[1] ?? "",
      v,
    ]),
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

test.each<[string, Partial<SideMeasured>, string]>([
  ["more errors than the source and the margin", { errorShare: value(0.0061) }, "error-share"],
  ["a p99 above the ratio", { p99Seconds: value(0.1201) }, "p99"],
  ["a p99.5 above the ratio", { p995Seconds: value(0.1501) }, "p99.5"],
  [
    "404s where the source says 200",
    { rateByStatus: { "200": 5, "204": 10, "404": 18, "500": 0.03 } },
    "status-mix",
  ],
])("%s fails that gate and no other", (_, target, failing) => {
  const found = verdicts(target);
  expect(
    Object.values(found)
      .filter((v) => v.verdict !== "pass")
      .map((v) => v.check),
  ).toEqual([`comparison/${failing}`]);
  expect(found[failing]?.verdict).toBe("fail");
  expect(found[failing]?.remedy).toBeDefined();
});

test.each<[string, Partial<SideMeasured>, string]>([
  ["exactly at the margin", { errorShare: value(0.006) }, "error-share"],
  ["exactly at the ratio", { p99Seconds: value(0.12) }, "p99"],
  ["fewer errors than the source", { errorShare: value(0) }, "error-share"],
])("%s passes", (_, target, gate) => {
  expect(verdicts(target)[gate]?.verdict).toBe("pass");
});

test.each<[string, Partial<SideMeasured>]>([
  ["no count of requests", { requests: missing }],
  ["too few samples", { requests: value(99) }],
  ["stale samples", { requests: value(10_000, { stale: true }) }],
  ["a count that is no number", { requests: value(Number.NaN) }],
])("%s on either side leaves every gate unknown", (_, half) => {
  for (const found of [verdicts(half), verdicts({}, half)]) {
    expect(Object.values(found).map((v) => v.verdict)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
    expect(Object.values(found).every((v) => v.remedy !== undefined)).toBe(true);
  }
});

test.each<[string, Partial<SideMeasured>, string]>([
  ["an error share", { errorShare: missing }, "error-share"],
  ["an error share that is a number", { errorShare: value(Number.NaN) }, "error-share"],
  ["a p99", { p99Seconds: missing }, "p99"],
  ["a fresh p99.5", { p995Seconds: value(0.1, { stale: true }) }, "p99.5"],
  ["answers by status", { rateByStatus: undefined }, "status-mix"],
  ["any answer at all", { rateByStatus: { "200": 0 } }, "status-mix"],
])("a side without %s leaves that gate unknown, and the whole never passes", (_, half, gate) => {
  for (const found of [verdicts(half), verdicts({}, half)]) {
    expect(found[gate]?.verdict).toBe("unknown");
    expect(overall(Object.values(found))).toBe("unknown");
  }
});

test("few samples explain some difference of the mixes, many don't", () => {
  const target = { rateByStatus: { "200": 8, "204": 10, "404": 15, "500": 0.03 } };
  expect(verdicts({ ...target, requests: value(150) })["status-mix"]?.verdict).toBe("pass");
  expect(
    verdicts({ ...target, requests: value(100_000) }, { requests: value(100_000) })["status-mix"]?.verdict,
  ).toBe("fail");
});
