/** Properties of rollouts, whatever the numbers: never too few ready pods, never too many in all, and they end. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  deployment,
  deploymentRef,
  makeWorld,
  podSpec,
  podsOf,
  readyPods,
  workload,
} from "./cluster-fixtures.ts";

const bound = (value: number | string, total: number, round: (n: number) => number): number =>
  typeof value === "number" ? value : round((Number.parseInt(value, 10) * total) / 100);

const bounds = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.integer({ min: 0, max: 100 }).map((p) => `${p}%`),
);

test("a rolling update keeps to maxUnavailable and maxSurge, and ends with one template", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      bounds,
      bounds,
      fc.integer({ min: 0, max: 40 }),
      async (wanted, maxSurge, maxUnavailable, minReadySeconds) => {
        const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
        const { kube, cluster, wait } = makeWorld({
          objects: [deployment("cart", wanted, podSpec(), { strategy, minReadySeconds })],
        });
        const old = new Set(podsOf(cluster, "cart").map((p) => p.name));
        const surge = bound(maxSurge, wanted, Math.ceil);
        const down = bound(maxUnavailable, wanted, Math.floor);
        // Both zero would never move: the controller then lets one go.
        const unavailable = surge === 0 && down === 0 ? 1 : Math.min(down, wanted);
        await kube.mergePatch(deploymentRef("cart"), {
          spec: { template: { metadata: { labels: { release: "2" } } } },
        });
        for (let i = 0; i < 300; i += 1) {
          wait(5);
          expect(readyPods(cluster, "cart")).toBeGreaterThanOrEqual(wanted - unavailable);
          const staying = podsOf(cluster, "cart").filter((p) => !p.terminating);
          expect(staying.length).toBeLessThanOrEqual(wanted + surge);
        }
        const names = podsOf(cluster, "cart").map((p) => p.name);
        expect(names.length).toBe(wanted);
        expect(names.filter((name) => old.has(name))).toEqual([]);
      },
    ),
    { numRuns: 25, seed: 1 },
  );
});

test("a DaemonSet is replaced one node after the other, each only when the one before is available", async () => {
  const { kube, cluster, wait } = makeWorld({
    objects: [workload("DaemonSet", "agent", 0, podSpec(), { minReadySeconds: 10 })],
  });
  const old = podsOf(cluster, "agent").map((p) => p.name);
  await kube.mergePatch(
    { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "shop", name: "agent" },
    { spec: { template: { metadata: { labels: { release: "2" } } } } },
  );
  for (let i = 0; i < 120; i += 1) {
    wait(1);
    expect(readyPods(cluster, "agent")).toBeGreaterThanOrEqual(old.length - 1);
  }
  expect(podsOf(cluster, "agent").filter((p) => old.includes(p.name))).toEqual([]);
});
