/** The freeze against simulated API servers with real CEL: who is refused, who goes on, and how a freeze that doesn't hold is found out. */

import { describe, expect, test } from "vitest";
import { PIPELINES } from "../../domain/bundle.ts";
import { BREAK_GLASS_GROUP, FREEZE_POLICY } from "../../domain/freeze-policy.ts";
import { floorAutoscalers } from "../../functions/floor-autoscalers.ts";
import { installBundle } from "../../functions/install-bundle.ts";
import { installFreezePolicy } from "../../functions/install-freeze-policy.ts";
import { liftFreeze } from "../../functions/lift-freeze.ts";
import { pausePipelines } from "../../functions/pause-pipelines.ts";
import { proveFreeze } from "../../functions/prove-freeze.ts";
import { restoreAutoscalers } from "../../functions/restore-autoscalers.ts";
import { resumePipelines } from "../../functions/resume-pipelines.ts";
import { deployment, type MoveWorld, makeMoveWorld, scoped, shop, shopPlan } from "./move-bench.ts";

const CART = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
const HPA = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  namespace: "shop",
  name: "cart",
};
const BINDING = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  name: FREEZE_POLICY,
};
const RBAC = "rbac.authorization.k8s.io/v1";
const SWITCH = { apiVersion: "v1", kind: "ConfigMap", ...PIPELINES };

const redeploy = (
  world: MoveWorld,
  user: string,
  groups: readonly string[] = [],
  side: "source" | "target" = "source",
) =>
  world
    .as(side, user, groups)
    .mergePatch(CART, { spec: { template: { metadata: { annotations: { at: `${world.clock.now()}` } } } } });

const frozen = async (plan = shopPlan()): Promise<MoveWorld> => {
  const world = makeMoveWorld(plan);
  await world.batches(installFreezePolicy as never);
  world.wait(2);
  return world;
};

describe("A frozen source", () => {
  test.each([
    ["a pipeline", "ci:shop", ["ci:deployers"]],
    ["an administrator", "root", ["system:masters"]],
    [
      "a service account that may do anything",
      "system:serviceaccount:argocd:argocd-application-controller",
      ["system:serviceaccounts", "system:authenticated"],
    ],
    [
      "a service account that only calls itself a controller",
      "system:serviceaccount:shop:deployment-controller",
      ["system:serviceaccounts"],
    ],
  ])("refuses %s, with a sentence that helps", async (_who, user, groups) => {
    const world = await frozen();
    await expect(redeploy(world, user, groups)).rejects.toThrow(/workloads are frozen.*break-glass/s);
  });

  test.each([
    ["Repot", "repot:scale-workload", ["repot"]],
    ["break-glass", "amara", [BREAK_GLASS_GROUP]],
    [
      "the deployment controller",
      "system:serviceaccount:kube-system:deployment-controller",
      ["system:serviceaccounts"],
    ],
  ])("lets %s through", async (_who, user, groups) => {
    const world = await frozen();
    await expect(redeploy(world, user, groups)).resolves.toBeDefined();
  });

  test("still replaces pods, whose names are generated and so absent from the request", async () => {
    const world = await frozen();
    const before = world.clusters.source.pods().filter((p) => p.workload === "shop/cart").length;
    await redeploy(world, "amara", [BREAK_GLASS_GROUP]);
    world.wait(120);
    const after = world.clusters.source.pods().filter((p) => p.workload === "shop/cart" && p.ready).length;
    expect([before, after]).toEqual([4, 4]);
  });

  test("refuses scaling and eviction by others, and leaves cluster-scoped objects alone", async () => {
    const world = await frozen();
    const ci = world.as("source", "ci:shop");
    await expect(ci.scale(CART, 1)).rejects.toThrow(/frozen/);
    await expect(ci.create(scoped(RBAC, "ClusterRole", "viewer", { rules: [] }))).resolves.toBeDefined();
  });

  test("lets an autoscaler go on that is granted the scale and nothing else, whatever its name", async () => {
    const rbac = (name: string, resources: readonly string[]) => [
      scoped(RBAC, "ClusterRole", name, {
        rules: [{ apiGroups: ["apps"], resources, verbs: ["get", "patch"] }],
      }),
      scoped(RBAC, "ClusterRoleBinding", name, {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ kind: "ServiceAccount", name, namespace: "tools" }],
      }),
    ];
    const world = await frozen(
      shopPlan([
        ...shop,
        ...rbac("grower", ["deployments/scale"]),
        ...rbac("deployer", ["deployments", "deployments/scale"]),
      ]),
    );
    await expect(world.as("source", "system:serviceaccount:tools:grower").scale(CART, 5)).resolves.toBe(5);
    await expect(world.as("source", "system:serviceaccount:tools:deployer").scale(CART, 6)).rejects.toThrow(
      /frozen/,
    );
  });
});

describe("prove-freeze", () => {
  test("fails before there is a policy, and passes on both sides once it is effective", async () => {
    const world = makeMoveWorld();
    expect((await world.ask(proveFreeze as never)).verdict).toBe("fail");
    await world.batches(installFreezePolicy as never);
    world.wait(2);
    const seen = await world.ask(proveFreeze as never);
    expect([seen.verdict, seen.verdicts.map((v) => v.subject)]).toEqual([
      "pass",
      ["source shop", "source shop", "target default", "target default"],
    ]);
  });

  test("fails when an administrator has deleted the binding", async () => {
    const world = await frozen();
    await world.as("source", "root").remove(BINDING);
    world.wait(2);
    expect(
      (await world.ask(proveFreeze as never)).verdicts.find((v) => v.verdict === "fail")?.sentence,
    ).toMatch(/source still lets a change/);
  });

  test("fails when the policy refuses Repot as well: the wrong program that freezes itself out", async () => {
    const world = await frozen();
    const policy = { ...BINDING, kind: "ValidatingAdmissionPolicy" };
    await world
      .as("source", "root")
      .mergePatch(policy, { spec: { validations: [{ expression: "false", message: "no" }] } });
    world.wait(2);
    expect(
      (await world.ask(proveFreeze as never)).verdicts
        .filter((v) => v.verdict === "fail")
        .map((v) => v.check),
    ).toEqual(["freeze/lets-repot"]);
  });

  test("does not take another policy's refusal for ours", async () => {
    const world = makeMoveWorld();
    const root = world.as("source", "root");
    const spec = {
      resourceRules: [
        { apiGroups: ["apps"], apiVersions: ["*"], operations: ["CREATE"], resources: ["deployments"] },
      ],
    };
    const metadata = { name: "no-new-deployments" };
    await root.create({
      apiVersion: BINDING.apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: { matchConstraints: spec, validations: [{ expression: "false" }] },
    });
    await root.create({
      apiVersion: BINDING.apiVersion,
      kind: BINDING.kind,
      metadata,
      spec: { policyName: metadata.name, validationActions: ["Deny"] },
    });
    world.wait(2);
    const seen = await world.ask(proveFreeze as never);
    expect(
      seen.verdicts.find((v) => v.subject === "source shop" && v.check === "freeze/refuses")?.verdict,
    ).toBe("unknown");
  });
});

test("The freeze is lifted on the target, and the source says where things are now", async () => {
  const world = await frozen();
  await world.run(liftFreeze as never);
  world.wait(2);
  await world
    .as("target", "root")
    .create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  await expect(world.as("target", "ci:shop").create(deployment("new"))).resolves.toBeDefined();
  await expect(redeploy(world, "ci:shop")).rejects.toThrow(/has moved to shop-eks/);
});

test("Pipelines are paused by the switch, and resumed aimed at the target before they are turned on", async () => {
  const world = makeMoveWorld();
  await world.batches(installBundle as never);
  const read = () => (world.clusters.source.get(SWITCH) as { data?: object } | undefined)?.data;
  expect(read()).toEqual({ paused: "false", target: "source" });
  await world.batches(pausePipelines as never);
  expect(read()).toEqual({ paused: "true", target: "source" });
  await world.batches(resumePipelines as never);
  expect(read()).toEqual({ paused: "false", target: "target" });
  const moves = [...world.stored().keys()]
    .filter((k) => /resume-pipelines\/forward-.*(?<!done)\.json$/.test(k))
    .map((k) => k.split("forward-")[1]);
  expect(moves).toEqual(["1.target.json", "2.paused.json"]);
});

test("Autoscalers may grow and not shrink, and the copy on the target gets back what the source's had", async () => {
  const world = makeMoveWorld();
  const hpaOf = (side: "source" | "target") =>
    (
      world.clusters[side].get(HPA) as unknown as {
        spec: { minReplicas?: number; behavior?: { scaleDown?: { selectPolicy?: string } } };
      }
    ).spec;
  const before = structuredClone(hpaOf("source"));
  await world.batches(floorAutoscalers as never);
  await world.batches(floorAutoscalers as never);
  expect([hpaOf("source").behavior?.scaleDown?.selectPolicy, hpaOf("source").minReplicas]).toEqual([
    "Disabled",
    1,
  ]);
  const root = world.as("target", "root");
  await root.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  await root.create({
    ...shop.find((o) => o.kind === "HorizontalPodAutoscaler"),
    spec: hpaOf("source"),
  } as never);
  await world.batches(restoreAutoscalers as never);
  expect(hpaOf("target")).toEqual(before);
});

test("Nothing is called that isn't declared", async () => {
  const world = makeMoveWorld();
  await world.batches(installBundle as never);
  await world.batches(pausePipelines as never);
  await world.batches(installFreezePolicy as never);
  world.wait(2);
  await world.ask(proveFreeze as never);
  await world.batches(floorAutoscalers as never);
  await world.run(liftFreeze as never);
  expect(world.denied()).toEqual([]);
});
