/** Nodes and cluster while workloads move: what holds the run, what is passing, and what nobody knows. */

import { describe, expect, test } from "vitest";
import {
  type Health,
  judgeAddresses,
  judgeLostNodes,
  judgeNodes,
  judgeRefusals,
  judgeScheduling,
} from "../../domain/checks/health.ts";
import type { KubeObject } from "../../domain/kube.ts";

const NOW = Date.UTC(2026, 2, 3, 2);
const limits = { nowMs: NOW, nodeSeconds: 240 };
const since = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

const node = (name: string, ...conditions: readonly object[]): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  status: { conditions },
});
const ready = { type: "Ready", status: "True", lastTransitionTime: since(9_000) };
const pod = (name: string, ...conditions: readonly object[]): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  status: { phase: "Running", conditions },
});
const health = (over: Partial<Health> = {}): Health => ({
  cluster: "shop-eks",
  nodes: [node("a", ready), node("b", ready)],
  pods: [pod("web-1", { type: "Ready", status: "True" })],
  deployments: [],
  ...over,
});

describe("nodes", () => {
  test.each([
    ["are well", [node("a", ready)], "pass"],
    ["are none", [], "unknown"],
    [
      "are in trouble when the kubelet is silent",
      [node("a", { type: "Ready", status: "Unknown", lastTransitionTime: since(60) })],
      "fail",
    ],
    [
      "are given half a minute",
      [node("a", { type: "Ready", status: "False", lastTransitionTime: since(10) })],
      "pass",
    ],
    [
      "are in trouble under pressure",
      [node("a", ready, { type: "MemoryPressure", status: "True", lastTransitionTime: since(60) })],
      "fail",
    ],
    [
      "are well where a pressure is gone",
      [node("a", ready, { type: "DiskPressure", status: "False", lastTransitionTime: since(60) })],
      "pass",
    ],
  ])("%s", (_, nodes, verdict) => {
    expect(judgeNodes(health({ nodes }), limits).verdict).toBe(verdict);
  });

  test("that have gone hold until every pod stands elsewhere, and are forgotten then", () => {
    const waiting = health({ pods: [pod("web-1", { type: "Ready", status: "False" })] });
    const held = judgeLostNodes(waiting, ["a", "b", "c"], limits);
    expect([held.verdict.verdict, held.lost]).toEqual(["unknown", ["c"]]);
    const over = judgeLostNodes(health(), ["a", "b", "c"], limits);
    expect([over.verdict.verdict, over.lost]).toEqual(["pass", []]);
  });

  test("that are all there make nobody wait for pods that start", () => {
    const starting = health({ pods: [pod("web-2", { type: "Ready", status: "False" })] });
    expect(judgeLostNodes(starting, ["a", "b"], limits).verdict.verdict).toBe("pass");
  });
});

describe("pods", () => {
  const homeless = (seconds: number) =>
    pod("web-1", {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/2 nodes are available: 2 Insufficient cpu.",
      lastTransitionTime: since(seconds),
    });

  test.each([
    ["that wait for a node that is on its way are no trouble", 100, "pass"],
    ["that wait for longer than a node takes are", 300, "fail"],
  ])("%s", (_, seconds, verdict) => {
    expect(judgeScheduling(health({ pods: [homeless(seconds)] }), limits)).toMatchObject({ verdict });
  });

  test("that a quota refuses are named with it", () => {
    const deployment: KubeObject = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "shop" },
      status: {
        conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota: hands-off" }],
      },
    };
    expect(judgeRefusals(health({ deployments: [deployment] }), limits)).toMatchObject({
      verdict: "fail",
      sentence: expect.stringContaining("shop/web: exceeded quota"),
      remedy: expect.stringContaining("ResourceQuota"),
    });
    expect(judgeRefusals(health(), limits).verdict).toBe("pass");
  });
});

test.each([
  ["enough addresses pass", { value: 20 }, "pass"],
  ["too few fail", { value: 19 }, "fail"],
  ["no answer is unknown", { missing: "EC2 gave no answer." }, "unknown"],
])("%s", (_, free, verdict) => {
  expect(judgeAddresses("shop-eks", free, 20, limits).verdict).toBe(verdict);
});
