/** Whether the plan's pods fit on the nodes that are Ready, by the scheduler's own rules. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import { type Demand, demandsOf, fitOf, placeholderOf } from "../../domain/warmth.ts";

const node = (
  name: string,
  over: {
    readonly ready?: boolean;
    readonly labels?: object;
    readonly taints?: object[];
    readonly cordoned?: boolean;
  } = {},
): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { ...over.labels } },
  spec: { taints: over.taints ?? [], ...(over.cordoned ? { unschedulable: true } : {}) },
  status: {
    allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
    conditions: [{ type: "Ready", status: over.ready === false ? "False" : "True" }],
  },
});
const demand = (pods: number, cpuMilli: number, placement: Demand["placement"] = {}): Demand => ({
  pods,
  cpuMilli,
  memoryBytes: 2 ** 20,
  placement,
});
const pod = (cpu: string, labels: object = {}, phase = "Running"): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "shop", labels: { ...labels } },
  spec: { nodeName: "a", containers: [{ resources: { requests: { cpu } } }] },
  status: { phase },
});
const MEDIA = { key: "pool", value: "media", effect: "NoSchedule" };

describe("Of the pods wanted, placed", () => {
  test.each<[string, readonly Demand[], readonly KubeObject[], readonly KubeObject[], number]>([
    ["all that fit", [demand(4, 1_000)], [node("a")], [], 4],
    ["no more than there is room for", [demand(5, 1_000)], [node("a")], [], 4],
    [
      "none where a pod is larger than every node, whatever the sum",
      [demand(1, 5_000)],
      [node("a"), node("b")],
      [],
      0,
    ],
    ["none on a node that isn't Ready", [demand(1, 100)], [node("a", { ready: false })], [], 0],
    ["none on a cordoned node", [demand(1, 100)], [node("a", { cordoned: true })], [], 0],
    ["none behind a taint", [demand(1, 100)], [node("a", { taints: [MEDIA] })], [], 0],
    [
      "those that tolerate it",
      [demand(1, 100, { tolerations: [{ key: "pool", operator: "Equal", value: "media" }] })],
      [node("a", { taints: [MEDIA] })],
      [],
      1,
    ],
    [
      "only where the selector fits",
      [demand(5, 1_000, { nodeSelector: { pool: "x" } })],
      [node("a"), node("b", { labels: { pool: "x" } })],
      [],
      4,
    ],
    ["less where others run", [demand(4, 1_000)], [node("a")], [pod("2")], 2],
    [
      "as if placeholders had made way",
      [demand(4, 1_000)],
      [node("a")],
      [pod("4", { "repot.dev/placeholder": "true" })],
      4,
    ],
    ["as if finished pods were gone", [demand(4, 1_000)], [node("a")], [pod("4", {}, "Succeeded")], 4],
  ])("are %s", (_name, demands, nodes, pods, placed) => {
    expect(fitOf(demands, nodes, pods).placed).toBe(placed);
  });
});

test("Demand is what moves, in full; what stays on the source takes no room", () => {
  const deployment = (name: string): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop" },
    spec: {
      replicas: 2,
      template: {
        spec: {
          initContainers: [{ name: "init", resources: { requests: { cpu: "2" } } }],
          containers: [
            { name: "a", resources: { requests: { cpu: "500m", memory: "1Gi" } } },
            { name: "b", resources: { limits: { cpu: "250m" } } },
          ],
        },
      },
    },
  });
  const workload = { namespace: "shop", kind: "Deployment", replicas: 2 } as const;
  const demands = demandsOf(
    [
      { ...workload, name: "cart", move: "half-and-half" },
      { ...workload, name: "db", move: "keep-on-source" },
    ],
    [deployment("cart"), deployment("db")],
  );
  expect(demands).toEqual([{ pods: 2, cpuMilli: 2_000, memoryBytes: 2 ** 30, placement: {} }]);
});

test("A placeholder has the shape of what it stands for, and a name that only depends on it", () => {
  const where = { nodeSelector: { pool: "x" }, tolerations: [{ key: "pool", operator: "Exists" }] };
  const [few, many, other] = [
    placeholderOf("m", demand(2, 500, where)),
    placeholderOf("m", demand(9, 500, where)),
    placeholderOf("m", demand(2, 600, where)),
  ];
  expect([few.metadata.name === many.metadata.name, few.metadata.name === other.metadata.name]).toEqual([
    true,
    false,
  ]);
  expect(few["spec"]).toMatchObject({ replicas: 2, template: { spec: where } });
});
