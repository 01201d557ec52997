/** Whose pods the guard looks at when it judges a workload. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import type { Workload } from "../../domain/plan.ts";
import { podVerdicts, type Seen } from "../../functions/guarding.ts";
import type { Context } from "../../functions/step.ts";
import { aWorkload } from "../domain/checks.fixture.ts";
import { deployment } from "./move-bench.ts";

const AT = new Date("2026-03-03T02:00:00Z");
const context = { now: () => AT } as unknown as Context;

const pod = (name: string, app: string, over: { readonly reason?: string; readonly going?: boolean } = {}) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      labels: { app },
      ...(over.going ? { deletionTimestamp: "2026-03-03T01:59:00Z" } : {}),
    },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: over.reason === undefined ? "True" : "False" }],
      containerStatuses: over.reason === undefined ? [] : [{ state: { waiting: { reason: over.reason } } }],
    },
  }) as unknown as KubeObject;

const seen = (pods: readonly KubeObject[]): Seen => ({
  cluster: "shop-eks",
  nodes: [],
  deployments: [],
  pods,
  workloads: new Map([["shop/cart", deployment("cart")]]),
});

const crashes = (target: readonly KubeObject[]) => {
  const sides = { source: seen([pod("cart-0", "cart")]), target: seen(target) };
  return podVerdicts(context, aWorkload() as Workload, sides)
    .filter((v) => v.check === "workload/crashes")
    .map((v) => [v.verdict, v.evidence[0]?.samples]);
};

describe("the guard's look at the pods of a workload", () => {
  const CRASHES = "CrashLoopBackOff";
  test.each([
    ["its own that crashes fails", [pod("a", "cart", { reason: CRASHES }), pod("b", "cart")], [["fail", 2]]],
    [
      "a neighbour's that crashes is the neighbour's",
      [pod("a", "cart"), pod("b", "other", { reason: CRASHES })],
      [["pass", 1]],
    ],
    [
      "one that goes isn't counted any more",
      [pod("a", "cart"), pod("b", "cart", { reason: CRASHES, going: true })],
      [["pass", 1]],
    ],
    ["none of its own is nothing to judge", [pod("b", "other")], []],
  ])("%s", (_, pods, verdicts) => {
    expect(crashes(pods)).toEqual(verdicts);
  });
});
