/** Workloads, pods and nodes: how the source stands at first, how long readiness takes, rollouts, draining, room. */

import { describe, expect, test } from "vitest";
import {
  deployment,
  deploymentRef,
  makeWorld,
  object,
  POOL,
  podSpec,
  podsOf,
  readyPods,
  ref,
  service,
  workload,
} from "./cluster-fixtures.ts";

const readiness = (fields: Readonly<Record<string, unknown>>) => ({
  readinessProbe: { httpGet: { path: "/", port: 80 }, ...fields },
});

describe("the source when the run begins", () => {
  test("stands with every pod ready and every balancer told, without a second passing", () => {
    const { cluster, clock } = makeWorld({
      objects: [deployment("cart", 3), service("cart"), workload("StatefulSet", "db", 2)],
    });
    expect(clock.elapsedSeconds()).toBe(0);
    expect([readyPods(cluster, "cart"), readyPods(cluster, "db")]).toEqual([3, 2]);
    expect(cluster.endpoints("shop", "cart")?.pods.length).toBe(3);
  });

  test("runs a pod that no configured pool suits, since it does run there", () => {
    const picky = deployment("picky", 1, podSpec({}, { nodeSelector: { disk: "fast" } }));
    expect(readyPods(makeWorld({ objects: [picky] }).cluster, "picky")).toBe(1);
  });

  test("has what its pods name, also where the manifests leave it out", async () => {
    const pod = podSpec({ envFrom: [{ secretRef: { name: "password" } }] }, { serviceAccountName: "robot" });
    const { kube } = makeWorld({ objects: [deployment("cart", 1, pod)] });
    await expect(kube.get(ref("v1", "Secret", "password"))).resolves.toBeDefined();
    await expect(kube.get(ref("v1", "ServiceAccount", "robot"))).resolves.toBeDefined();
  });

  test("is the same whatever the order of the objects", () => {
    const objects = [deployment("a", 2), deployment("b", 2), service("a"), service("b")];
    const names = (given: typeof objects) => {
      const world = makeWorld({ objects: given });
      world.wait(600);
      return [world.cluster.pods().map((p) => p.name), world.events];
    };
    expect(names(objects.toReversed())).toEqual(names(objects));
  });

  test("serves versions that newer clusters don't, and stores what is today's", async () => {
    const { selector: _, ...spec } = deployment("old", 2)["spec"] as Record<string, unknown>;
    const old = object("extensions/v1beta1", "Deployment", "old", { spec });
    const budget = object("policy/v1beta1", "PodDisruptionBudget", "old", {
      spec: { minAvailable: 1, selector: { matchLabels: { app: "old" } } },
    });
    const { kube, cluster } = makeWorld({ objects: [old, budget], version: "1.21" });
    expect(readyPods(cluster, "old")).toBe(2);
    expect((await kube.get(ref("extensions/v1beta1", "Deployment", "old"))).apiVersion).toBe(
      "extensions/v1beta1",
    );
    expect((await kube.get(deploymentRef("old"))).apiVersion).toBe("apps/v1");
    expect((await kube.get(ref("policy/v1", "PodDisruptionBudget", "old")))["status"]).toMatchObject({
      disruptionsAllowed: 1,
    });
    expect(await makeWorld().kube.knows({ apiVersion: "policy/v1beta1", kind: "PodDisruptionBudget" })).toBe(
      false,
    );
  });

  test.each([
    [
      "no containers",
      object("apps/v1", "Deployment", "odd", {
        spec: { selector: { matchLabels: { a: "b" } }, template: {} },
      }),
    ],
    ["no spec at all", object("apps/v1", "StatefulSet", "odd")],
    [
      "a schedule that nobody can read",
      object("batch/v1", "CronJob", "odd", { spec: { schedule: "often", timeZone: "Nowhere" } }),
    ],
    [
      "requests that are no quantities",
      deployment("odd", 1, podSpec({ resources: { requests: { cpu: "much" } } })),
    ],
    ["more than any node has", deployment("odd", 1, podSpec({ resources: { requests: { cpu: "900" } } }))],
    ["a Service that selects nothing", service("odd", { selector: {} })],
    [
      "a selector that doesn't take its pods",
      deployment("odd", 1, podSpec(), { selector: { matchLabels: { other: "x" } } }),
    ],
    [
      "a HorizontalPodAutoscaler without a target",
      object("autoscaling/v2", "HorizontalPodAutoscaler", "odd", { spec: { maxReplicas: 3 } }),
    ],
    [
      "a policy that doesn't compile",
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "odd", {
        spec: { validations: [{ expression: "((" }] },
      }),
    ],
  ])("stands and goes on with an object that has %s", async (_name, odd) => {
    const world = makeWorld({ objects: [deployment("cart", 2), odd] });
    await world.kube.mergePatch(deploymentRef("cart"), { spec: { replicas: 3 } });
    world.wait(3_600);
    expect(readyPods(world.cluster, "cart")).toBe(3);
  });

  test("knows kinds that the manifests use and nobody defined", async () => {
    const { kube } = makeWorld({ objects: [object("example.com/v1", "Gadget", "g")] });
    expect(await kube.knows({ apiVersion: "example.com/v1", kind: "Gadget" })).toBe(true);
    expect((await kube.list({ apiVersion: "example.com/v1", kind: "Gadget" })).length).toBe(1);
  });
});

describe("how long a pod takes to be ready", () => {
  const seconds = async (container: Readonly<Record<string, unknown>>): Promise<number> => {
    const { kube, cluster, wait, clock } = makeWorld({
      objects: [deployment("slow", 1, podSpec(container))],
    });
    await kube.scale(deploymentRef("slow"), 2);
    const from = clock.elapsedSeconds();
    for (let i = 0; i < 2_000 && readyPods(cluster, "slow") < 2; i += 1) wait(1);
    return clock.elapsedSeconds() - from;
  };

  test.each([
    ["nothing is probed: what pull and start take", {}, 2, 40],
    [
      "initialDelaySeconds of nine minutes take nine minutes",
      readiness({ initialDelaySeconds: 540 }),
      540,
      590,
    ],
    [
      "successThreshold 6 with a period of 60 s adds five periods",
      readiness({ periodSeconds: 60, successThreshold: 6 }),
      360,
      410,
    ],
    [
      "a startup probe comes first",
      {
        startupProbe: { httpGet: { port: 80 }, initialDelaySeconds: 120 },
        ...readiness({ periodSeconds: 1 }),
      },
      120,
      170,
    ],
  ])("%s", async (_name, container, least, most) => {
    const took = await seconds(container);
    expect(took).toBeGreaterThanOrEqual(least);
    expect(took).toBeLessThanOrEqual(most);
  });

  test("minReadySeconds delays availability, not readiness", async () => {
    const { kube, wait } = makeWorld({
      objects: [deployment("careful", 1, podSpec(), { minReadySeconds: 300 })],
    });
    await kube.scale(deploymentRef("careful"), 2);
    wait(100);
    expect((await kube.get(deploymentRef("careful")))["status"]).toMatchObject({
      readyReplicas: 2,
      availableReplicas: 1,
    });
    wait(300);
    expect((await kube.get(deploymentRef("careful")))["status"]).toMatchObject({ availableReplicas: 2 });
  });
});

describe("rollouts", () => {
  const bump = { spec: { template: { metadata: { annotations: { release: "2" } } } } };

  test("a rolling update never has fewer ready pods than wanted with maxUnavailable 0, and ends with the new template only", async () => {
    const strategy = {
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    };
    const { kube, cluster, wait } = makeWorld({ objects: [deployment("cart", 4, podSpec(), strategy)] });
    const before = new Set(podsOf(cluster, "cart").map((p) => p.name));
    await kube.mergePatch(deploymentRef("cart"), bump);
    for (let i = 0; i < 400; i += 1) {
      wait(1);
      expect(readyPods(cluster, "cart")).toBeGreaterThanOrEqual(4);
    }
    const after = podsOf(cluster, "cart").map((p) => p.name);
    expect(after.length).toBe(4);
    expect(after.filter((name) => before.has(name))).toEqual([]);
  });

  test("Recreate has no moment with old and new pods together", async () => {
    const { kube, cluster, wait } = makeWorld({
      objects: [deployment("one", 2, podSpec(), { strategy: { type: "Recreate" } })],
    });
    const old = new Set(podsOf(cluster, "one").map((p) => p.name));
    await kube.mergePatch(deploymentRef("one"), bump);
    let gap = false;
    for (let i = 0; i < 100; i += 1) {
      wait(1);
      const names = podsOf(cluster, "one").map((p) => p.name);
      const mixed = names.some((n) => old.has(n)) && names.some((n) => !old.has(n));
      expect(mixed).toBe(false);
      gap ||= readyPods(cluster, "one") === 0;
    }
    expect(gap).toBe(true);
    expect(readyPods(cluster, "one")).toBe(2);
  });

  test("a StatefulSet starts in order and stops in reverse", async () => {
    const { kube, cluster, wait } = makeWorld({ objects: [workload("StatefulSet", "db", 1)] });
    await kube.scale(ref("apps/v1", "StatefulSet", "db"), 3);
    wait(2);
    expect(
      podsOf(cluster, "db")
        .map((p) => p.name)
        .sort(),
    ).toEqual(["db-0", "db-1"]);
    wait(200);
    expect(
      podsOf(cluster, "db")
        .map((p) => p.name)
        .sort(),
    ).toEqual(["db-0", "db-1", "db-2"]);
    await kube.scale(ref("apps/v1", "StatefulSet", "db"), 1);
    wait(1);
    const going = podsOf(cluster, "db").filter((p) => p.terminating);
    expect(going.map((p) => p.name)).toEqual(["db-2"]);
  });

  test("observedGeneration follows the generation, and counts follow the pods", async () => {
    const { kube, wait } = makeWorld({ objects: [deployment("cart", 1)] });
    await kube.scale(deploymentRef("cart"), 2);
    const asked = await kube.get(deploymentRef("cart"));
    expect(asked.metadata["generation"]).toBe(2);
    expect(asked["status"]).toMatchObject({ observedGeneration: 1 });
    wait(60);
    expect((await kube.get(deploymentRef("cart")))["status"]).toMatchObject({
      observedGeneration: 2,
      readyReplicas: 2,
      replicas: 2,
    });
  });
});

describe("stopping a pod", () => {
  /** Whether a balancer ever had an endpoint whose process no longer took connections. */
  const loses = async (spec: Readonly<Record<string, unknown>>, container = {}): Promise<boolean> => {
    const { kube, cluster, wait } = makeWorld({
      objects: [deployment("cart", 2, podSpec(container, spec)), service("cart")],
    });
    await kube.scale(deploymentRef("cart"), 1);
    let lost = false;
    for (let i = 0; i < 600; i += 1) {
      wait(0.1);
      lost ||= (cluster.endpoints("shop", "cart")?.pods ?? []).some((pod) => !pod.accepting);
    }
    expect(cluster.endpoints("shop", "cart")?.pods.length).toBe(1);
    return lost;
  };

  test("a grace period below the endpoints' lag loses requests", async () => {
    expect(await loses({ terminationGracePeriodSeconds: 0 })).toBe(true);
  });
  test("the usual grace period loses none", async () => {
    expect(await loses({ terminationGracePeriodSeconds: 30 })).toBe(false);
  });
  test("a preStop sleep that ends before the endpoints are withdrawn loses requests", async () => {
    expect(
      await loses({}, { lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 0.5"] } } } }),
    ).toBe(true);
  });
});

describe("nodes", () => {
  test("a pod that suits no pool stays pending for ever, and says why", async () => {
    const { kube, cluster, wait } = makeWorld();
    await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
    wait(5);
    await kube.create(deployment("picky", 1, podSpec({}, { nodeSelector: { disk: "fast" } })));
    wait(86_400);
    expect(readyPods(cluster, "picky")).toBe(0);
    const [pod] = await kube.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "shop" });
    expect(pod?.["status"]).toMatchObject({
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    });
    const events = await kube.list({ apiVersion: "v1", kind: "Event" }, { namespace: "shop" });
    expect(events.map((e) => e["reason"])).toContain("FailedScheduling");
  });

  test.each([
    ["more pods than fit make new nodes, after their start-up time", 10, 24, 24],
    ["no more nodes than the pool's limit", 3, 24, 21],
  ])("%s", async (_name, nodesMax, wanted, ready) => {
    const big = podSpec({ resources: { requests: { cpu: "2" } } });
    const { kube, cluster, wait } = makeWorld({
      objects: [deployment("big", 1, big)],
      pools: [{ ...POOL, nodesMax }],
    });
    await kube.scale(deploymentRef("big"), wanted);
    wait(50);
    expect(readyPods(cluster, "big")).toBeLessThanOrEqual(14);
    wait(300);
    expect(readyPods(cluster, "big")).toBe(ready);
  });

  test("taints keep pods away that don't tolerate them", async () => {
    const taints = [{ key: "team", value: "gpu", effect: "NoSchedule" as const }];
    const tolerant = podSpec({}, { tolerations: [{ key: "team", operator: "Equal", value: "gpu" }] });
    const objects = [deployment("plain", 0), deployment("tolerant", 0, tolerant)];
    const { kube, cluster, wait } = makeWorld({ objects, pools: [{ ...POOL, taints }] });
    await kube.scale(deploymentRef("plain"), 1);
    await kube.scale(deploymentRef("tolerant"), 1);
    wait(120);
    expect([readyPods(cluster, "plain"), readyPods(cluster, "tolerant")]).toEqual([0, 1]);
  });

  test("a DaemonSet has a pod on every node, new ones too", async () => {
    const { kube, cluster, wait } = makeWorld({
      objects: [
        workload("DaemonSet", "agent", 0),
        deployment("big", 1, podSpec({ resources: { requests: { cpu: "10" } } })),
      ],
    });
    expect(readyPods(cluster, "agent")).toBe(2);
    await kube.scale(deploymentRef("big"), 4);
    wait(300);
    expect(readyPods(cluster, "agent")).toBe(4);
  });

  test("pods of a lost node are dead at once and made anew elsewhere", () => {
    const { cluster, wait } = makeWorld({ objects: [deployment("cart", 4)] });
    cluster.loseNode(cluster.nodeNames()[0] ?? "");
    expect(readyPods(cluster, "cart")).toBe(2);
    wait(200);
    expect(readyPods(cluster, "cart")).toBe(4);
  });
});

test("a fault keeps new pods from getting ready until it ends", async () => {
  const { kube, cluster, wait } = makeWorld({ objects: [deployment("cart", 0)] });
  const end = cluster.addPodFault((name) => name === "shop/cart");
  await kube.scale(deploymentRef("cart"), 1);
  wait(3_600);
  expect(readyPods(cluster, "cart")).toBe(0);
  end();
  wait(60);
  expect(readyPods(cluster, "cart")).toBe(1);
});
