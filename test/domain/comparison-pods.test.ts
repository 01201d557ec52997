/** Pods on both sides: restarts and readiness, with the few pods that most workloads have. */

import { expect, test } from "vitest";
import { comparePods, type SidePods } from "../../domain/comparison-pods.ts";

const pods = (cluster: string, total: number, ready: number, restarted: number): SidePods => ({
  cluster,
  pods: total,
  ready,
  restarted,
  observedAt: "2026-03-03T02:00:00.000Z",
  source: "pods",
});

test.each<[string, readonly [number, number, number], readonly [number, number, number], string, string]>([
  ["all well on both sides", [4, 4, 0], [2, 2, 0], "pass", "pass"],
  ["as restless as the source", [4, 4, 2], [4, 4, 2], "pass", "pass"],
  ["one of two restarted, a quiet source", [2, 2, 0], [2, 2, 1], "pass", "unknown"],
  ["nine of ten restarted, a quiet source of ten", [10, 10, 0], [10, 10, 9], "pass", "fail"],
  ["nothing ready among twelve", [12, 12, 0], [12, 0, 0], "fail", "pass"],
  ["a source without pods is no excuse", [0, 0, 0], [2, 2, 1], "pass", "unknown"],
  ["no pod on the target", [2, 2, 0], [0, 0, 0], "unknown", "unknown"],
])("%s", (_, source, target, state, restarts) => {
  const found = comparePods("shop/web", pods("old", ...source), pods("new", ...target), 300);
  expect(found.map((v) => v.verdict)).toEqual([state, restarts]);
  expect(
    found.every((v) => v.evidence.length === 2 && (v.verdict === "pass" || v.remedy !== undefined)),
  ).toBe(true);
});

test("a side that can't be read is unknown, never a pass", () => {
  const side = pods("any", 2, 2, 0);
  for (const found of [comparePods("a/b", undefined, side, 300), comparePods("a/b", side, undefined, 300)])
    expect(found.map((v) => v.verdict)).toEqual(["unknown", "unknown"]);
});
