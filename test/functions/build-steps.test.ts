/** Building the target, its zone, its warmth, the suite and the links: each step against simulated services, right and wrong. */

import { describe, expect, test } from "vitest";
import { gapsOf } from "../../domain/chains.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { at } from "../../domain/pods.ts";
import { LOAD_GENERATOR } from "../../domain/queries.ts";
import { cleanE2eSuite } from "../../functions/clean-e2e-suite.ts";
import { compareWhole } from "../../functions/compare-whole.ts";
import { compareWorkload } from "../../functions/compare-workload.ts";
import { hostsLeadingTo } from "../../functions/comparing.ts";

import { createZone } from "../../functions/create-zone.ts";
import { ensureCluster } from "../../functions/ensure-cluster.ts";
import { fillZone } from "../../functions/fill-zone.ts";
import { findDestinations } from "../../functions/find-destinations.ts";
import { installBundle } from "../../functions/install-bundle.ts";
import { installProbes } from "../../functions/install-probes.ts";
import { keepWarm } from "../../functions/keep-warm.ts";
import { linkService } from "../../functions/link-service.ts";
import { linkServices } from "../../functions/link-services.ts";
import { observeBalancers } from "../../functions/observe-balancers.ts";
import { observeCluster } from "../../functions/observe-cluster.ts";
import { observeSuite } from "../../functions/observe-suite.ts";
import { observeWarmth } from "../../functions/observe-warmth.ts";
import { recordStart } from "../../functions/record-start.ts";
import { releaseWarmth } from "../../functions/release-warmth.ts";
import { runE2eSuite } from "../../functions/run-e2e-suite.ts";
import { stopLoad } from "../../functions/stop-load.ts";
import { warmTarget } from "../../functions/warm-target.ts";
import type { BalancerView } from "../../simulator/services/network.ts";
import { aWorkload } from "../domain/checks.fixture.ts";
import {
  deployment,
  type MoveWorld,
  makeMoveWorld,
  scoped,
  shop,
  shopPlan,
  type WorldOptions,
} from "./move-bench.ts";

const forward = (world: MoveWorld) =>
  [...world.stored().keys()].filter((k) => /\/forward-.*(?<!done)\.json$/.test(k));

describe("ensure-cluster", () => {
  test("creates the cluster once, however often it is called, and observe-cluster waits for it", async () => {
    const world = makeMoveWorld(shopPlan(), { targetExists: false });
    expect(await world.run(ensureCluster as never)).toEqual({ outcome: "made" });
    expect(await world.run(ensureCluster as never)).toEqual({ outcome: "stood" });
    expect((await world.ask(observeCluster as never)).verdict).toBe("unknown");
    world.wait(900);
    expect((await world.ask(observeCluster as never)).verdict).toBe("pass");
    expect([forward(world).length, world.denied()]).toEqual([1, []]);
  });

  test("adopts a cluster that others made, and says so on record", async () => {
    const world = makeMoveWorld();
    expect(await world.run(ensureCluster as never)).toMatchObject({
      outcome: "stood",
      note: expect.stringMatching(/stays after us/),
    });
  });

  test("refuses a cluster of another version than the plan was made for, and changes nothing", async () => {
    const world = makeMoveWorld(shopPlan(), { eksVersion: "1.34" });
    await expect(world.run(ensureCluster as never)).rejects.toThrow(
      /runs Kubernetes 1\.34, the plan was made for 1\.33/,
    );
    expect(forward(world)).toEqual([]);
  });
});

const zoned = async (options: WorldOptions = {}): Promise<MoveWorld> => {
  const world = makeMoveWorld(shopPlan(), options);
  await world.run(recordStart as never);
  await world.batches(createZone as never);
  return world;
};
const freshRecords = (world: MoveWorld): readonly RecordSet[] => {
  const zone = world.dns.zones.all().find((z) => z.callerReference === "repot-shop-1");
  return zone ? world.dns.zones.records(zone.id) : [];
};

describe("The new zone", () => {
  test("has low TTLs and every record from the start, and no host before it has a balancer", async () => {
    const world = await zoned();
    const seen = freshRecords(world).map((r) => [r.type, r.name, r.ttlSeconds]);
    expect(seen.sort()).toEqual([
      ["MX", "live.example.", 300],
      ["NS", "live.example.", 60],
      ["SOA", "live.example.", 60],
    ]);
    await expect(world.batches(fillZone as never)).rejects.toThrow(/has no name yet/);
  });

  test("leads each host to the target's balancer once that has a name, past balancers of other hosts", async () => {
    const world = await zoned();
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    await root.create({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "a-first", namespace: "shop" },
      spec: { ingressClassName: "alb", rules: [{ host: "other.live.example" }] },
    } as never);
    const cart = shop.find((o) => o.kind === "Service");
    await root.create({ ...cart, spec: { ...(cart?.["spec"] as object), type: "LoadBalancer" } } as never);
    expect((await world.ask(observeBalancers as never, "hosts")).verdict).toBe("unknown");
    world.wait(120);
    expect((await world.ask(observeBalancers as never, "hosts")).verdict).toBe("pass");
    await world.batches(fillZone as never);
    const [www] = freshRecords(world).filter((r) => r.name === "www.live.example.");
    expect([www?.type, www?.ttlSeconds, www?.values?.[0]]).toEqual([
      "CNAME",
      60,
      expect.stringMatching(/elb\.amazonaws\.com\.$/),
    ]);
  });
});

describe("The zone's own name", () => {
  const HOSTED = { host: "live.example", namespace: "shop", service: "cart" };
  /** A balancer of another type: its own zone is no hint of where the new one's name lies. */
  const records: RecordSet[] = [
    {
      name: "live.example.",
      type: "A",
      alias: { hostedZoneId: "Z1", dnsName: "old.eu-central-1.elb.amazonaws.com." },
    },
  ];
  const atApex = async (balancers: (dnsName: string) => readonly BalancerView[]): Promise<MoveWorld> => {
    const names: string[] = [];
    const world = makeMoveWorld(shopPlan(shop, { hosts: [HOSTED] }), {
      records,
      balancers: () => names.flatMap(balancers),
    });
    await world.run(recordStart as never);
    await world.batches(createZone as never);
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    const cart = shop.find((o) => o.kind === "Service");
    await root.create({ ...cart, spec: { ...(cart?.["spec"] as object), type: "LoadBalancer" } } as never);
    world.wait(120);
    const ref = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "cart" };
    const [entry] = (at(world.clusters.target.get(ref), "status", "loadBalancer", "ingress") ?? []) as {
      readonly hostname: string;
    }[];
    names.push(entry?.hostname ?? "");
    return world;
  };
  const view = (name: string, dnsName: string, canonicalZoneId: string): BalancerView => ({
    name,
    dnsName,
    canonicalZoneId,
    type: "network",
    isInternal: false,
    securityGroupIds: [],
    targetGroups: [],
  });

  test("becomes an alias, by the zone of its own balancer and not of the first that there is", async () => {
    const world = await atApex((dnsName) => [
      view("a-first", "other.elb.amazonaws.com", "ZOTHER"),
      view("its-own", dnsName, "ZNLB"),
    ]);
    await world.batches(fillZone as never);
    const [apex] = freshRecords(world).filter((r) => r.name === "live.example." && r.type === "A");
    expect(apex?.alias?.hostedZoneId).toBe("ZNLB");
  });

  test("is not made to lead anywhere by a balancer that AWS doesn't know", async () => {
    const world = await atApex(() => [view("a-first", "other.elb.amazonaws.com", "ZOTHER")]);
    await expect(world.batches(fillZone as never)).rejects.toThrow(/can't become an alias of it/);
  });
});

describe("The end-to-end suite", () => {
  const suite = async (answers: () => number): Promise<MoveWorld> => {
    const records: RecordSet[] = [
      {
        name: "www.live.example.",
        type: "A",
        alias: { hostedZoneId: "Z1", dnsName: "old.elb.amazonaws.com." },
      },
    ];
    const world = await zoned({ answers, records });
    const zone = world.dns.zones.all().find((z) => z.callerReference === "repot-shop-1");
    world.dns.zones.replace(zone?.id ?? "", [...freshRecords(world), ...records]);
    await world.batches(installBundle as never);
    await world.batches(runE2eSuite as never);
    world.wait(300);
    return world;
  };

  test("passes where Jobs end well and hosts answer, and leaves nothing behind", async () => {
    const world = await suite(() => 404);
    expect((await world.ask(observeSuite as never)).verdict).toBe("pass");
    await world.batches(cleanE2eSuite as never);
    world.wait(60);
    expect(world.clusters.target.all().filter((o) => o.kind === "Job")).toEqual([]);
    expect(world.denied()).toEqual([]);
  });

  test("fails where a host answers 503, whatever its Job says", async () => {
    const seen = await (await suite(() => 503)).ask(observeSuite as never);
    expect(seen.verdicts.map((v) => [v.check, v.verdict])).toEqual([
      ["e2e/job", "pass"],
      ["e2e/answer", "fail"],
    ]);
  });
});

describe("Warmth", () => {
  test("placeholders bring up nodes, which stay when they make way, and may go after the cut", async () => {
    const plan = shopPlan(
      [...shop.filter((o) => o.kind !== "Deployment"), deployment("cart", { replicas: 40 })],
      { workloads: [aWorkload({ replicas: 600 })] },
    );
    const world = makeMoveWorld(plan);
    await world.batches(installBundle as never);
    expect((await world.ask(observeWarmth as never)).verdict).toBe("unknown");
    await world.batches(warmTarget as never);
    world.wait(600);
    expect((await world.ask(observeWarmth as never)).verdict).toBe("pass");
    await world.batches(keepWarm as never);
    const target = world.clusters.target;
    const marks = () =>
      target
        .all()
        .filter(
          (o) => o.kind === "Node" && o.metadata.annotations?.["karpenter.sh/do-not-disrupt"] === "true",
        ).length;
    expect([
      target.all().filter((o) => o.metadata.name.startsWith("warm-") && o.kind === "Deployment"),
      marks(),
    ]).toEqual([[], target.nodeNames().length]);
    await world.batches(releaseWarmth as never);
    expect([marks(), world.denied()]).toEqual([0, []]);
  });
});

describe("Links", () => {
  const links = [
    {
      service: "shop/cart",
      on: "target" as const,
      workload: "shop/cart",
      operation: "0099-link-service:shop/cart",
    },
  ];
  const operations = [
    ...shopPlan().operations,
    { id: "0099-link-service:shop/cart", phase: "move-workloads" as const, sentence: "link" },
  ];
  const CART = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "cart" };

  test("the target's Service leads to the source's balancer, once that has a name", async () => {
    const world = makeMoveWorld(shopPlan(shop, { links, operations }));
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    await root.create(shop.find((o) => o.kind === "Service") as never);
    await world.batches(linkServices as never, "balancers");
    expect((await world.ask(observeBalancers as never, "links")).verdict).toBe("unknown");
    await expect(world.batches(linkServices as never, "services")).rejects.toThrow(/has no name yet/);
    world.wait(120);
    expect((await world.ask(observeBalancers as never, "links")).verdict).toBe("pass");
    await world.batches(linkServices as never, "services");
    expect(world.clusters.target.get(CART)?.["spec"]).toMatchObject({
      type: "ExternalName",
      externalName: expect.stringMatching(/elb\.amazonaws\.com$/),
    });
    expect(world.denied()).toEqual([]);
  });

  test("the source's Service turns to the target only for what was handed over", async () => {
    const world = makeMoveWorld(
      shopPlan(shop, { links: links.map((l) => ({ ...l, on: "source" as const })), operations }),
    );
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    await root.create(shop.find((o) => o.kind === "Service") as never);
    await world.batches(linkServices as never, "balancers");
    world.wait(120);
    await world.batches(linkServices as never, "services");
    expect(world.clusters.source.get(CART)?.["spec"]).not.toHaveProperty("externalName");
    const item = { ...aWorkload(), sourceKeeps: 0, operations: {} };
    expect(await world.run(linkService as never, { item: { ...item, name: "other" } })).toEqual({
      linked: [],
    });
    expect(await world.run(linkService as never, { item })).toEqual({ linked: ["shop/cart"] });
    expect(world.clusters.source.get(CART)?.["spec"]).toMatchObject({ type: "ExternalName" });
  });
});

test("stop-load ends Repot's own load on the source and leaves the target's; the probes of both end", async () => {
  const world = makeMoveWorld();
  await world.batches(installBundle as never);
  world.wait(900);
  expect((await world.watch(findDestinations as never)).verdict).toBe("pass");
  await world.batches(installProbes as never);
  await world.run(stopLoad as never);
  const probe = { apiVersion: "batch/v1", kind: "CronJob", namespace: "repot-system", name: "egress-00" };
  for (const side of ["source", "target"] as const)
    expect(world.clusters[side].get(probe)?.["spec"]).toMatchObject({ suspend: true });
  const ref = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace: LOAD_GENERATOR.namespace,
    name: LOAD_GENERATOR.name,
  };
  const replicas = (side: "source" | "target") =>
    (world.clusters[side].get(ref)?.["spec"] as { replicas: number } | undefined)?.replicas;
  expect([replicas("source"), replicas("target")]).toEqual([0, 1]);
});

describe("A comparison", () => {
  const item = { ...aWorkload(), sourceKeeps: 2, operations: {} };
  const [front, back] = [
    aWorkload({ name: "front", services: ["shop/front"], calls: [{ service: "shop/cart", field: "x" }] }),
    aWorkload({ name: "cart" }),
  ];
  const plan = shopPlan(shop, {
    workloads: [front, back],
    hosts: [{ host: "www.live.example", namespace: "shop", service: "front" }],
  });

  test.each<[string, string, readonly string[], RegExp | undefined]>([
    ["of a front whose back isn't there", "shop/front", ["shop/front"], /nothing answers for it/],
    ["of a back that nobody leads to yet", "shop/cart", ["shop/cart"], /nothing that answers a public host/],
    ["of a whole chain", "shop/cart", ["shop/front", "shop/cart"], undefined],
  ])("%s knows whether answers can tell", (_name, who, ready, gap) => {
    const found = gapsOf(plan, new Set(ready))(who);
    expect(gap ? gap.test(found ?? "") : found === undefined).toBe(true);
  });

  test("counts the hosts that lead to a workload: several make another mix of answers", () => {
    expect(
      hostsLeadingTo(
        {
          ...plan,
          hosts: [...plan.hosts, { host: "cart.live.example", namespace: "shop", service: "cart" }],
        },
        "shop/cart",
      ),
    ).toBe(2);
  });

  test("passes on pods alone where neighbours are missing, and holds for the same once everything has to be there", async () => {
    const world = makeMoveWorld(plan);
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    await root.create(deployment("cart"));
    expect((await world.ask(compareWorkload as never, "shop/cart", item)).verdict).toBe("unknown");
    world.wait(120);
    expect((await world.ask(compareWorkload as never, "shop/cart", item)).verdict).toBe("pass");
    expect((await world.ask(compareWhole as never, "shop/cart", item)).verdict).toBe("unknown");
  });

  test("of no workload, or of one without pods, is never a pass", async () => {
    const world = makeMoveWorld(plan);
    await world.as("target", "root").create(scoped("v1", "Namespace", "shop"));
    expect((await world.ask(compareWorkload as never, "nothing")).verdict).toBe("unknown");
    await world.as("target", "root").create(deployment("cart", { replicas: 0 }));
    expect((await world.ask(compareWorkload as never, "shop/cart", item)).verdict).toBe("unknown");
  });

  test.each([
    ["within a datastore's limit", 40, "pass"],
    ["beyond it, because somebody raised the source again", 39, "fail"],
  ])("of two fleets that stand %s", async (_name, connectionsMax, verdict) => {
    const datastores = [
      { name: "db", host: "db.example", port: 5432, connectionsMax, connectionsPerPod: { "shop/cart": 5 } },
    ];
    const world = makeMoveWorld(shopPlan(shop, { settings: { ...plan.settings, datastores } }));
    const seen = await world.ask(compareWhole as never, "shop/cart", item);
    expect(seen.verdicts.find((v) => v.check === "workload/connections")?.verdict).toBe(verdict);
  });

  test("waits for a pod that never becomes ready, and doesn't pass it", async () => {
    const world = makeMoveWorld(plan);
    const root = world.as("target", "root");
    await root.create(scoped("v1", "Namespace", "shop"));
    world.clusters.target.addPodFault((workload) => workload === "shop/cart");
    await root.create(deployment("cart"));
    world.wait(300);
    const seen = await world.ask(compareWorkload as never, "shop/cart", item);
    expect(seen.verdicts.map((v) => [v.check, v.verdict])).toEqual([
      ["workload/pods", "unknown"],
      ["comparison/pod-state", "unknown"],
      ["comparison/restarts", "pass"],
    ]);
  });
});
