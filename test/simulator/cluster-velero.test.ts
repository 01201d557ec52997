/** Velero between two clusters: what a backup holds, what a restore strips, passes over, and does behind one's back. */

import { describe, expect, test } from "vitest";
import type { Kubernetes } from "../../adapters/kubernetes.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeBackupStorage } from "../../simulator/world/cluster/index.ts";
import {
  deployment,
  deploymentRef,
  makeWorld,
  namespace,
  object,
  podSpec,
  podsOf,
  readyPods,
  ref,
  STARTS_AT,
  service,
} from "./cluster-fixtures.ts";

const INSIDE = "backups";
const velero = (kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject =>
  object("velero.io/v1", kind, name, { spec }, INSIDE);

/** The server, its kinds and its location: what a bundle installs, in a namespace of its own. */
const bundle = (accessMode = "ReadWrite"): readonly KubeObject[] => {
  const server = deployment(
    "server",
    1,
    podSpec({ image: "velero/velero:v1.17.2" }, { serviceAccountName: "velero" }),
  );
  return [
    { ...server, metadata: { name: "server", namespace: INSIDE } },
    object("v1", "ServiceAccount", "velero", {}, INSIDE),
    velero("BackupStorageLocation", "default", {
      provider: "aws",
      default: true,
      accessMode,
      objectStorage: { bucket: "b" },
    }),
    // Objects of kinds that nobody defined make their definitions be there.
    velero("Backup", "definition", { includedNamespaces: ["none"] }),
    velero("Restore", "definition", { backupName: "definition", includedNamespaces: ["none"] }),
  ];
};

const two = (objects: readonly KubeObject[], targetObjects: readonly KubeObject[] = []) => {
  const clock = new Clock(STARTS_AT);
  const storage = makeBackupStorage();
  const source = makeWorld({ clock, storage, objects: [...objects, ...bundle()] });
  const target = makeWorld({
    clock,
    storage,
    side: "target",
    objects: [...targetObjects, ...bundle("ReadOnly")],
  });
  // Until the bundle's own objects have had their turn, and the first look into the bucket is past.
  source.wait(30);
  return { source, target, wait: source.wait };
};
type Two = ReturnType<typeof two>;

const statusOf = async (kube: Kubernetes, kind: string, name: string) =>
  (await kube.get(ref("velero.io/v1", kind, name, INSIDE)))["status"] as
    | Readonly<Record<string, unknown>>
    | undefined;

const backUp = async ({ source, wait }: Two, spec: Readonly<Record<string, unknown>> = {}) => {
  await source.kube.create(velero("Backup", "snapshot", { includedNamespaces: ["shop"], ...spec }));
  wait(300);
  return statusOf(source.kube, "Backup", "snapshot");
};
const restore = async ({ target, wait }: Two, spec: Readonly<Record<string, unknown>> = {}) => {
  await target.kube.create(velero("Restore", "back", { backupName: "snapshot", ...spec }));
  wait(300);
  return statusOf(target.kube, "Restore", "back");
};
const WITHOUT_PODS = { excludedResources: ["pods", "replicasets.apps", "endpoints"] };
const modifiers = (groupResource: string): KubeObject =>
  object(
    "v1",
    "ConfigMap",
    "modifiers",
    {
      data: {
        rules: `version: v1
resourceModifierRules:
  - conditions: { groupResource: ${groupResource}, resourceNameRegex: ".*" }
    patches:
      - { operation: replace, path: /spec/replicas, value: "0" }
`,
      },
    },
    INSIDE,
  );
const WITH_MODIFIERS = { ...WITHOUT_PODS, resourceModifier: { kind: "ConfigMap", name: "modifiers" } };

describe("a backup", () => {
  test("takes its time, and says what it holds", async () => {
    const world = two([deployment("cart", 2), service("cart")]);
    await world.source.kube.create(velero("Backup", "snapshot", { includedNamespaces: ["shop"] }));
    world.wait(1);
    expect(await statusOf(world.source.kube, "Backup", "snapshot")).toMatchObject({ phase: "InProgress" });
    world.wait(300);
    const status = await statusOf(world.source.kube, "Backup", "snapshot");
    expect(status).toMatchObject({ phase: "Completed", errors: 0 });
    expect(status?.progress).toMatchObject({ totalItems: expect.any(Number) });
  });
  test("goes nowhere without a ready server", async () => {
    const world = two([deployment("cart", 1)]);
    await world.source.kube.scale(ref("apps/v1", "Deployment", "server", INSIDE), 0);
    world.wait(60);
    expect(await backUp(world)).toBeUndefined();
    await world.source.kube.scale(ref("apps/v1", "Deployment", "server", INSIDE), 1);
    world.wait(300);
    expect(await statusOf(world.source.kube, "Backup", "snapshot")).toMatchObject({ phase: "Completed" });
  });
  test("is refused where the location is read-only", async () => {
    const world = two([]);
    await world.target.kube.create(velero("Backup", "wrong", {}));
    world.wait(60);
    expect(await statusOf(world.target.kube, "Backup", "wrong")).toMatchObject({ phase: "FailedValidation" });
  });
  test("that runs when its server restarts is failed", async () => {
    const world = two([deployment("cart", 1)]);
    await world.source.kube.create(velero("Backup", "snapshot", {}));
    world.wait(2);
    const [pod] = world.source.cluster.pods().filter((p) => p.workload === `${INSIDE}/server`);
    await world.source.kube.remove(ref("v1", "Pod", pod?.name ?? "", INSIDE));
    world.wait(120);
    expect(await statusOf(world.source.kube, "Backup", "snapshot")).toMatchObject({ phase: "Failed" });
  });
});

describe("a restore", () => {
  test("knows the other cluster's backup only once it was synced", async () => {
    const world = two([deployment("cart", 1)]);
    await backUp(world);
    const early = two([deployment("cart", 1)]);
    await early.source.kube.create(velero("Backup", "snapshot", { includedNamespaces: ["shop"] }));
    early.wait(15);
    await early.target.kube.create(velero("Restore", "back", { backupName: "snapshot" }));
    early.wait(5);
    expect(await statusOf(early.target.kube, "Restore", "back")).toMatchObject({ phase: "FailedValidation" });
    expect(await restore(world, WITHOUT_PODS)).toMatchObject({ phase: "Completed" });
  });

  test("brings objects without what belonged to the old cluster", async () => {
    const world = two([
      deployment("cart", 2),
      service("cart", { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] }),
    ]);
    await backUp(world);
    await restore(world, WITHOUT_PODS);
    const old = await world.source.kube.get(deploymentRef("cart"));
    const made = await world.target.kube.get(deploymentRef("cart"));
    expect(made["spec"]).toEqual(old["spec"]);
    expect(made.metadata["uid"]).not.toBe(old.metadata["uid"]);
    expect(made.metadata.labels).toEqual({
      "velero.io/backup-name": "snapshot",
      "velero.io/restore-name": "back",
    });
    expect(JSON.stringify(await world.target.kube.get(ref("v1", "Service", "cart")))).not.toContain("30080");
    expect(readyPods(world.target.cluster, "cart")).toBe(2);
  });

  test("with modifiers of the exact group resource comes up at zero", async () => {
    const world = two([deployment("cart", 2)]);
    await backUp(world);
    await world.target.kube.create(modifiers("deployments.apps"));
    expect(await restore(world, WITH_MODIFIERS)).toMatchObject({ phase: "Completed", errors: 0 });
    expect(await world.target.kube.readScale(deploymentRef("cart"))).toEqual({ wanted: 0, actual: 0 });
  });

  test("with modifiers of a wrong group resource is Completed all the same, and runs", async () => {
    const world = two([deployment("cart", 2)]);
    await backUp(world);
    await world.target.kube.create(modifiers("deployments"));
    expect(await restore(world, WITH_MODIFIERS)).toMatchObject({
      phase: "Completed",
      errors: 0,
      warnings: 0,
    });
    expect((await world.target.kube.readScale(deploymentRef("cart"))).wanted).toBe(2);
  });

  test("whose modifiers aren't there is refused", async () => {
    const world = two([deployment("cart", 2)]);
    await backUp(world);
    expect(await restore(world, WITH_MODIFIERS)).toMatchObject({ phase: "FailedValidation" });
  });

  test("of Pods runs them at once, whatever the replica count says: nobody owns them yet", async () => {
    const world = two([deployment("cart", 2)]);
    await backUp(world);
    await world.target.kube.create(modifiers("deployments.apps"));
    await restore(world, {
      excludedResources: ["replicasets.apps", "deployments"],
      resourceModifier: { kind: "ConfigMap", name: "modifiers" },
    });
    const pods = world.target.cluster.pods().filter((p) => p.namespace === "shop");
    expect(pods.length).toBe(2);
    expect(pods.every((p) => p.ready && p.workload === `shop/${p.name}`)).toBe(true);
  });

  test("passes over what exists, and warns where it differs: the Deployment, and each cluster's own kube-root-ca.crt", async () => {
    const world = two([deployment("cart", 2)], [deployment("cart", 7)]);
    await backUp(world);
    expect(await restore(world, WITHOUT_PODS)).toMatchObject({ phase: "Completed", warnings: 2 });
    expect((await world.target.kube.readScale(deploymentRef("cart"))).wanted).toBe(7);
  });

  test("updates what exists where it is told to", async () => {
    const world = two([deployment("cart", 2)], [deployment("cart", 7)]);
    await backUp(world);
    await restore(world, { ...WITHOUT_PODS, existingResourcePolicy: "update" });
    expect((await world.target.kube.readScale(deploymentRef("cart"))).wanted).toBe(2);
  });

  test("that asks for what isn't simulated is refused in so many words", async () => {
    const world = two([deployment("cart", 1)]);
    await backUp(world);
    const status = await restore(world, { namespaceMapping: { shop: "store" } });
    expect(status).toMatchObject({
      phase: "FailedValidation",
      validationErrors: ["spec.namespaceMapping of a Restore isn't simulated"],
    });
  });

  test("leaves out kinds that the target doesn't know, without a word", async () => {
    const gadget = object("example.com/v1", "Gadget", "g");
    const world = two([deployment("cart", 1), gadget]);
    await backUp(world, { includeClusterResources: false });
    expect(await restore(world, { ...WITHOUT_PODS, includeClusterResources: false })).toMatchObject({
      phase: "Completed",
      errors: 0,
      warnings: 0,
    });
    expect(await world.target.kube.knows({ apiVersion: "example.com/v1", kind: "Gadget" })).toBe(false);
    const withDefinitions = two([deployment("cart", 1), gadget]);
    await backUp(withDefinitions);
    await restore(withDefinitions, WITHOUT_PODS);
    expect(await withDefinitions.target.kube.find(ref("example.com/v1", "Gadget", "g"))).toBeDefined();
  });

  test("is judged by admission like anybody: a refusal is an error of the restore", async () => {
    const locked = namespace("shop", { "pod-security.kubernetes.io/enforce": "restricted" });
    const world = two([object("v1", "Pod", "lone", { spec: podSpec() })], [locked]);
    await backUp(world);
    const status = await restore(world, {});
    expect(status).toMatchObject({ phase: "PartiallyFailed", errors: 1 });
    expect(status?.["failureReason"]).toContain("violates PodSecurity");
  });
});

test("the default source has pods for what was restored only once", () => {
  const world = two([deployment("cart", 2)]);
  expect(podsOf(world.source.cluster, "cart").length).toBe(2);
  expect(podsOf(world.target.cluster, "cart")).toEqual([]);
});
