/** Snapshot, restore and comparison between two simulated clusters with a Velero that leaves out, skips and partly fails like the real one. */

import { beforeAll, describe, expect, test } from "vitest";
import { SYSTEM_NAMESPACE } from "../../domain/bundle.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { at } from "../../domain/pods.ts";
import { modifiersNameOf, STAGES } from "../../domain/restore.ts";
import { carryDrift } from "../../functions/carry-drift.ts";
import { compareClusters } from "../../functions/compare-clusters.ts";
import { completeRestore } from "../../functions/complete-restore.ts";
import { floorAutoscalers } from "../../functions/floor-autoscalers.ts";
import { installBundle } from "../../functions/install-bundle.ts";
import { installFreezePolicy } from "../../functions/install-freeze-policy.ts";
import { observeBundle } from "../../functions/observe-bundle.ts";
import { observeDrift } from "../../functions/observe-drift.ts";
import { observeRestore } from "../../functions/observe-restore.ts";
import { observeSnapshot } from "../../functions/observe-snapshot.ts";
import { restoreWorkloads } from "../../functions/restore-workloads.ts";
import { takeSnapshot } from "../../functions/take-snapshot.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { anObject, aWorkload } from "../domain/checks.fixture.ts";
import { deployment, type MoveWorld, makeMoveWorld, scoped, shop, shopPlan } from "./move-bench.ts";

const CART = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
const NIGHTLY = { apiVersion: "batch/v1", kind: "CronJob", namespace: "shop", name: "nightly" };
const SECRET = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "cart" };
const CONFIG = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "cart" };

const failing = (seen: {
  readonly verdicts: readonly { readonly verdict: string; readonly sentence: string }[];
}) => seen.verdicts.filter((v) => v.verdict === "fail").map((v) => v.sentence);

/** Up to a whole snapshot, in a world where nothing is frozen: people may still interfere. */
const snapshotted = async (plan = shopPlan(), fault?: FaultHook): Promise<MoveWorld> => {
  const world = makeMoveWorld(plan, fault ? { fault } : {});
  await world.batches(installBundle as never);
  await world.watch(observeBundle as never);
  await world.batches(floorAutoscalers as never);
  await world.run(takeSnapshot as never, { name: "freeze" });
  expect((await world.watch(observeSnapshot as never, "freeze")).verdict).toBe("pass");
  return world;
};

const restored = async (world: MoveWorld): Promise<readonly string[]> => {
  const verdicts: string[] = [];
  for (const stage of STAGES) {
    await world.batches(restoreWorkloads as never, stage);
    verdicts.push((await world.watch(observeRestore as never, stage)).verdict);
  }
  return verdicts;
};

const specOf = (object: KubeObject | undefined) =>
  (object?.["spec"] ?? {}) as { readonly replicas?: number; readonly suspend?: boolean };

describe("A restore", () => {
  let world: MoveWorld;
  beforeAll(async () => {
    world = await snapshotted();
    expect(await restored(world)).toEqual(["pass", "pass", "pass", "pass"]);
    await world.batches(completeRestore as never);
  });

  test("brings everything up at zero, and the target equals the source", async () => {
    const { target } = world.clusters;
    expect([specOf(target.get(CART)).replicas, specOf(target.get(NIGHTLY)).suspend]).toEqual([0, true]);
    expect(target.pods().filter((p) => p.namespace === "shop")).toEqual([]);
    expect((await world.ask(compareClusters as never)).verdict).toBe("pass");
    expect(world.denied()).toEqual([]);
  });

  test("names the field that somebody changed on the target, and not its value", async () => {
    const root = world.as("target", "root");
    await root.mergePatch(SECRET, { data: { password: "b3RoZXI=" } });
    const seen = await world.ask(compareClusters as never);
    expect(failing(seen)[0]).toBe("Secret shop/cart differs from the source in data.password.");
    expect(JSON.stringify(seen)).not.toMatch(/b3RoZXI|aHVudGVy/);
    await root.mergePatch(SECRET, { data: { password: "aHVudGVyMg==" } });
  });

  test("fails on a pod that nobody asked for, and on a workload that isn't at zero", async () => {
    const root = world.as("target", "root");
    await root.scale(CART, 1);
    world.wait(30);
    const sentences = failing(await world.ask(compareClusters as never));
    expect(sentences).toEqual([
      "Deployment shop/cart is not at zero on the target.",
      expect.stringMatching(/^Pod shop\/cart-.* runs on the target, and nothing was to run there yet\.$/),
      expect.stringMatching(/are missing, differ or run\.$/),
    ]);
    await root.scale(CART, 0);
    world.wait(60);
  });

  test("creates what went missing since, but never a secret: effects are on record", async () => {
    const root = world.as("target", "root");
    await root.remove(CONFIG);
    await root.remove(SECRET);
    await world.batches(completeRestore as never);
    expect(world.clusters.target.get(CONFIG)?.["data"]).toEqual({ level: "info" });
    expect(failing(await world.ask(compareClusters as never))[0]).toMatch(
      /^Secret shop\/cart is on the source and not on the target/,
    );
    expect(
      [...world.stored()].filter(([, text]) => /aHVudGVyMg|hunter2/.test(text)).map(([key]) => key),
    ).toEqual([]);
  });
});

describe("Wrong programs", () => {
  test("a modifier whose group resource is not exact hits nothing, and is found out", async () => {
    const world = await snapshotted();
    await world.batches(restoreWorkloads as never, "definitions");
    const ref = {
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: SYSTEM_NAMESPACE,
      name: modifiersNameOf("shop-1"),
    };
    const text = String(
      ((world.clusters.target.get(ref)?.["data"] ?? {}) as Record<string, string>)["modifiers.yaml"],
    );
    await world
      .as("target", "root")
      .mergePatch(ref, { data: { "modifiers.yaml": text.replaceAll("deployments.apps", "deployments") } });
    await world.watch(observeRestore as never, "definitions");
    await world.batches(restoreWorkloads as never, "cluster");
    await world.watch(observeRestore as never, "cluster");
    await world.batches(restoreWorkloads as never, "namespaces");
    const seen = await world.watch(observeRestore as never, "namespaces");
    expect(failing(seen)).toEqual(["1 of 1 restored Deployments are not at zero: shop/cart."]);
  });

  test("a workload that came up after the plan holds the snapshot", async () => {
    const world = makeMoveWorld();
    await world.batches(installBundle as never);
    await world.watch(observeBundle as never);
    await world.as("source", "ci:shop").create(deployment("late"));
    await world.run(takeSnapshot as never, { name: "freeze" });
    expect(failing(await world.watch(observeSnapshot as never, "freeze"))).toEqual([
      "Deployment shop/late runs on the source and is not in the plan: it would stay behind.",
    ]);
  });

  test("a backup that Velero did not make is never a pass", async () => {
    const world = makeMoveWorld();
    await world.batches(installBundle as never);
    expect((await world.ask(observeSnapshot as never, "freeze")).verdict).toBe("unknown");
  });
});

describe("What Velero can't do by itself", () => {
  test("a StorageClass that the target has of the same name gets the source's parameters", async () => {
    const gp3 = scoped("storage.k8s.io/v1", "StorageClass", "gp3", {
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true" },
      reclaimPolicy: "Retain",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    const world = await snapshotted(shopPlan([...shop, gp3]));
    await restored(world);
    await world.batches(completeRestore as never);
    expect((await world.ask(compareClusters as never)).verdict).toBe("pass");
  });

  test("a StorageClass of another kind of disk is the target's own, and is for people to plan", async () => {
    const disks = (provisioner: string): KubeObject =>
      scoped("storage.k8s.io/v1", "StorageClass", "gp3", { provisioner, reclaimPolicy: "Delete" });
    const world = await snapshotted(shopPlan([...shop, disks("kubernetes.io/aws-ebs")]));
    const ref = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", name: "gp3" };
    await world.as("target", "root").remove(ref);
    await world.as("target", "root").create(disks("ebs.csi.aws.com"));
    const before = world.clusters.target.get(ref)?.metadata["uid"];
    await restored(world);
    await world.batches(completeRestore as never);
    expect(world.clusters.target.get(ref)).toMatchObject({
      metadata: { uid: before },
      provisioner: "ebs.csi.aws.com",
    });
  });

  test("what the plan leaves alone isn't missed on the target", async () => {
    const idle = aWorkload({ name: "idle", move: "none", services: [], hosts: [] });
    const plan = shopPlan([...shop, deployment("idle")]);
    const world = await snapshotted({ ...plan, workloads: [...plan.workloads, idle] });
    await restored(world);
    await world.batches(completeRestore as never);
    const ref = { ...CART, name: "idle" };
    if (world.clusters.target.get(ref)) await world.as("target", "root").remove(ref);
    await world.batches(completeRestore as never);
    expect(world.clusters.target.get(ref)).toBeUndefined();
    expect(failing(await world.ask(compareClusters as never))).toEqual([]);
  });

  test("custom objects arrive although the plan has no definition of their kind", async () => {
    const scaled = anObject("keda.sh/v1alpha1", "ScaledObject", "cart", {
      spec: { scaleTargetRef: { name: "cart" }, triggers: [] },
    });
    const world = await snapshotted(shopPlan([...shop, scaled]));
    await restored(world);
    await world.batches(completeRestore as never);
    expect((await world.ask(compareClusters as never)).verdict).toBe("pass");
  });
});

describe("The target's copy of the backup", () => {
  const firstRestore = async (fault: FaultHook) => {
    let strikes = false;
    const world = await snapshotted(shopPlan(), (call, invocation) =>
      strikes && call.action === "get backups" ? fault(call, invocation) : undefined,
    );
    strikes = true;
    return world.run(restoreWorkloads as never, { subject: "definitions", from: 0 });
  };

  test.each([
    ["throttled", { kind: "throttled" }, "Throttled"],
    ["a server error", { kind: "server-error" }, "Transient"],
  ] as const)("that can't be asked for (%s) is not one that isn't there yet", async (_, strike, name) => {
    await expect(firstRestore(() => strike)).rejects.toMatchObject({
      name,
      message: expect.not.stringContaining("does not know the backup"),
    });
  });
});

describe("Drift", () => {
  const drifting = async (): Promise<MoveWorld> => {
    const world = await snapshotted();
    await restored(world);
    await world.batches(installFreezePolicy as never);
    world.wait(2);
    return world;
  };
  const amara = (world: MoveWorld, side: "source" | "target" = "source") =>
    world.as(side, "amara", ["repot:break-glass"]);
  const image = (object: KubeObject | undefined) => {
    const containers = at(object, "spec", "template", "spec", "containers");
    return at(Array.isArray(containers) ? containers[0] : undefined, "image");
  };

  test("a break-glass deploy holds until it is on both sides, and is carried over", async () => {
    const world = await drifting();
    expect((await world.ask(observeDrift as never, "before")).verdict).toBe("pass");
    await amara(world).jsonPatch(CART, [
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "registry.example/cart:2" },
    ]);
    expect(failing(await world.ask(observeDrift as never, "after"))[0]).toBe(
      "Deployment shop/cart changed in spec.template.spec.containers[main].image on the source since the snapshot, and the target doesn't have that.",
    );
    await world.batches(carryDrift as never);
    await world.batches(carryDrift as never);
    expect(image(world.clusters.target.get(CART))).toBe("registry.example/cart:2");
    expect(specOf(world.clusters.target.get(CART)).replicas).toBe(0);
    expect((await world.ask(observeDrift as never, "carried")).verdict).toBe("pass");
  });

  test("a Secret that was written holds, and is left to people", async () => {
    const world = await drifting();
    await amara(world).mergePatch(SECRET, { data: { password: "bmV3" } });
    await world.batches(carryDrift as never);
    const seen = await world.ask(observeDrift as never, "secret");
    expect([seen.verdict, JSON.stringify([...world.stored().values()]).includes("bmV3")]).toEqual([
      "fail",
      false,
    ]);
    await amara(world, "target").mergePatch(SECRET, { data: { password: "bmV3" } });
    expect((await world.ask(observeDrift as never, "by hand")).verdict).toBe("pass");
  });

  describe("what came to the source since the snapshot", () => {
    const added = (more: object = {}): KubeObject => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "added", namespace: "shop", ...more },
      spec: { ports: [{ port: 80 }] },
    });

    test("holds until it is on the target too, and is brought over by people", async () => {
      const world = await drifting();
      await amara(world).create(added());
      await world.batches(carryDrift as never);
      expect(failing(await world.ask(observeDrift as never, "came"))[0]).toBe(
        "Service shop/added came on the source since the snapshot, and the target doesn't have that.",
      );
      await amara(world, "target").create(added());
      expect((await world.ask(observeDrift as never, "by hand")).verdict).toBe("pass");
    });

    test.each<[string, object]>([
      ["a controller made", { ownerReferences: [{ apiVersion: "v1", kind: "Thing", name: "t", uid: "1" }] }],
      ["Repot made", { annotations: { "repot.dev/created-by": "shop-1" } }],
      ["is kept out of backups", { labels: { "velero.io/exclude-from-backup": "true" } }],
      ["isn't the platform's", { namespace: "elsewhere" }],
    ])("is nobody's drift where it is what %s", async (_, metadata) => {
      const world = await drifting();
      if ("namespace" in metadata)
        await amara(world).create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "elsewhere" } });
      await amara(world).create(added(metadata));
      expect((await world.ask(observeDrift as never, "came")).verdict).toBe("pass");
    });
  });

  test("a Service that Repot itself has turned to the target is nobody's drift; its ports are", async () => {
    const service = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "cart" };
    const link = {
      service: "shop/cart",
      on: "source",
      workload: "shop/cart",
      operation: "0099-link-service",
    };
    const world = await snapshotted(shopPlan(shop, { links: [link as never] }));
    await restored(world);
    await world.batches(installFreezePolicy as never);
    world.wait(2);
    await amara(world).mergePatch(service, { spec: { sessionAffinity: "ClientIP" } });
    expect((await world.ask(observeDrift as never, "linked")).verdict).toBe("pass");
    await amara(world).mergePatch(service, { spec: { ports: [{ port: 81 }] } });
    expect(failing(await world.ask(observeDrift as never, "ports"))[0]).toContain(
      "Service shop/cart changed",
    );
  });

  test("replica counts are nobody's drift: Repot and autoscalers change them on the way", async () => {
    const world = await drifting();
    await amara(world).scale(CART, 2);
    expect((await world.ask(observeDrift as never, "scaled")).verdict).toBe("pass");
  });

  test("a freeze that somebody deleted meanwhile fails", async () => {
    const world = await drifting();
    await world.as("target", "root").remove({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      name: "repot-freeze",
    });
    expect(failing(await world.ask(observeDrift as never, "thawed"))).toEqual([
      "Somebody deleted the freeze on the target.",
    ]);
  });
});
