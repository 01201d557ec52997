/** HorizontalPodAutoscalers and KEDA: what they follow, what pins them, and that they fight. */

import { describe, expect, test } from "vitest";
import { deployment, deploymentRef, makeWorld, object, podSpec, readyPods, ref } from "./cluster-fixtures.ts";

const hpa = (spec: Readonly<Record<string, unknown>> = {}) =>
  object("autoscaling/v2", "HorizontalPodAutoscaler", "cart", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "cart" },
      minReplicas: 2,
      maxReplicas: 10,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
        },
      ],
      ...spec,
    },
  });
const wanted = async (world: ReturnType<typeof makeWorld>): Promise<number> =>
  (await world.kube.readScale(deploymentRef("cart"))).wanted;

describe("a HorizontalPodAutoscaler", () => {
  test("follows the load up, and down only after its window", async () => {
    const world = makeWorld({ objects: [deployment("cart", 4), hpa()] });
    world.cluster.setSignals({ cpuShare: () => 1 });
    world.wait(120);
    expect(await wanted(world)).toBe(10);
    world.cluster.setSignals({ cpuShare: () => 0.05 });
    world.wait(120);
    expect(await wanted(world)).toBe(10);
    world.wait(600);
    expect(await wanted(world)).toBe(2);
  });
  test("does nothing without a measurement", async () => {
    const world = makeWorld({ objects: [deployment("cart", 4), hpa()] });
    world.wait(600);
    expect(await wanted(world)).toBe(4);
  });
  test("puts back what somebody scaled below its minimum: it fights", async () => {
    const world = makeWorld({ objects: [deployment("cart", 4), hpa({ minReplicas: 3 })] });
    await world.kube.scale(deploymentRef("cart"), 1);
    world.wait(60);
    expect(await wanted(world)).toBe(3);
    expect(world.events.filter((e) => e.type === "actor")).toMatchObject([
      { field: "spec.replicas", before: "1", after: "3", allowed: true },
    ]);
  });
  test("is disabled while its target is at zero, and stays so", async () => {
    const world = makeWorld({ objects: [deployment("cart", 4), hpa()] });
    await world.kube.scale(deploymentRef("cart"), 0);
    world.cluster.setSignals({ cpuShare: () => 5 });
    world.wait(3_600);
    expect(await wanted(world)).toBe(0);
    const status = (await world.kube.get(ref("autoscaling/v2", "HorizontalPodAutoscaler", "cart")))["status"];
    expect(status).toMatchObject({
      conditions: [{ type: "ScalingActive", status: "False", reason: "ScalingDisabled" }],
    });
  });
  test("with scaleDown Disabled may grow and not shrink", async () => {
    const world = makeWorld({
      objects: [deployment("cart", 6), hpa({ behavior: { scaleDown: { selectPolicy: "Disabled" } } })],
    });
    world.cluster.setSignals({ cpuShare: () => 0.01 });
    world.wait(3_600);
    expect(await wanted(world)).toBe(6);
    world.cluster.setSignals({ cpuShare: () => 1 });
    world.wait(60);
    expect(await wanted(world)).toBe(10);
  });
  test("reads the same in its first version", async () => {
    const { kube } = makeWorld({ objects: [deployment("cart", 6), hpa()] });
    const first = await kube.get(ref("autoscaling/v1", "HorizontalPodAutoscaler", "cart"));
    expect(first["spec"]).toMatchObject({ minReplicas: 2, targetCPUUtilizationPercentage: 50 });
  });
  test("that a policy refuses is refused, and the record says so", async () => {
    const rules = [
      { apiGroups: ["apps"], apiVersions: ["*"], operations: ["UPDATE"], resources: ["deployments/scale"] },
    ];
    const objects = [
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "stop" },
        spec: {
          matchConstraints: { resourceRules: rules },
          validations: [{ expression: "object.kind != 'Scale'", message: "No." }],
        },
      },
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name: "stop" },
        spec: { policyName: "stop", validationActions: ["Deny"] },
      },
    ];
    const world = makeWorld({ objects: [deployment("cart", 1), hpa(), ...objects] });
    world.wait(40);
    expect(await wanted(world)).toBe(1);
    expect(world.events.find((e) => e.type === "actor")).toMatchObject({ allowed: false });
  });
});

describe("KEDA", () => {
  const scaled = (annotations: Readonly<Record<string, string>> = {}) => ({
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "cart", namespace: "shop", annotations },
    spec: {
      scaleTargetRef: { name: "cart" },
      minReplicaCount: 0,
      maxReplicaCount: 8,
      triggers: [{ type: "rabbitmq" }],
    },
  });
  const operator = deployment("scaler", 1, podSpec({ image: "ghcr.io/kedacore/keda:2.18.2" }));
  const pinned = (key: string, value: string) => ({ [`autoscaling.keda.sh/${key}`]: value });

  test.each([
    ["follows the backlog, also from zero", {}, true, 0, 5, 5],
    ["does nothing without its operator", {}, false, 0, 5, 0],
    ["is pinned by paused-replicas", pinned("paused-replicas", "3"), true, 1, 8, 3],
    ["is paused altogether", pinned("paused", "true"), true, 1, 8, 1],
    ["shrinks when the backlog is gone", {}, true, 4, 0, 0],
    ["doesn't shrink with paused-scale-in", pinned("paused-scale-in", "true"), true, 4, 0, 4],
    ["but grows with it", pinned("paused-scale-in", "true"), true, 4, 6, 6],
  ])("%s", async (_name, annotations, running, from, backlog, to) => {
    const objects = [deployment("cart", from), scaled(annotations), ...(running ? [operator] : [])];
    const world = makeWorld({ objects });
    world.cluster.setSignals({ podsForBacklog: () => backlog });
    world.wait(1_200);
    expect(await wanted(world)).toBe(to);
    expect(readyPods(world.cluster, "cart")).toBe(to);
  });
});
