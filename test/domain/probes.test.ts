/** How long Ready takes, as probes say. */

import { expect, test } from "vitest";
import { readinessOf, readyDeadlineSeconds } from "../../domain/probes.ts";

const TABLE: readonly (readonly [what: string, container: object, expected: number, latest: number])[] = [
  ["no probe", {}, 0, 0],
  ["Kubernetes' defaults", { readinessProbe: {} }, 0, 30],
  ["a delay", { readinessProbe: { initialDelaySeconds: 540 } }, 540, 570],
  [
    "several successes in a row",
    { readinessProbe: { initialDelaySeconds: 10, periodSeconds: 5, successThreshold: 4 } },
    25,
    40,
  ],
  [
    "a startup probe before",
    {
      startupProbe: { initialDelaySeconds: 60, periodSeconds: 10, failureThreshold: 30 },
      readinessProbe: { initialDelaySeconds: 5 },
    },
    60,
    395,
  ],
];

test.each(TABLE)("%s", (_, container, expected, latest) => {
  const spec = { containers: [{ name: "a", ...container }] };
  expect(readinessOf(spec)).toEqual({ expectedSeconds: expected, latestSeconds: latest });
});

test("the slowest container decides, sidecars start before, and a pod must stay Ready for a while", () => {
  const slow = { name: "slow", readinessProbe: { initialDelaySeconds: 30 } };
  const sidecar = { name: "side", restartPolicy: "Always", startupProbe: { initialDelaySeconds: 7 } };
  expect(
    readinessOf({ containers: [{ name: "a" }, slow], initContainers: [sidecar] }, 10).expectedSeconds,
  ).toBe(47);
});

test("Repot waits as long as the probes allow, with room for a node and an image, and never less than the policy", () => {
  expect(readyDeadlineSeconds(0, 60, 1_200)).toBe(1_200);
  expect(readyDeadlineSeconds(3_000, 60, 1_200)).toBeGreaterThan(3_060);
});
