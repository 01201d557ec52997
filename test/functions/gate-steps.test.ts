/** Gates that hold a run: none passes on nothing, and each finds what it is there for. */

import { describe, expect, it } from "vitest";
import { ownReference } from "../../adapters/effects/zones.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import { checkRetirement } from "../../functions/check-retirement.ts";
import { comparePlatform } from "../../functions/compare-platform.ts";
import type { GateResult } from "../../functions/gate.ts";
import { observeFloor } from "../../functions/observe-floor.ts";
import { observeLoad } from "../../functions/observe-load.ts";
import { observeOldZone } from "../../functions/observe-old-zone.ts";
import { observeStragglers } from "../../functions/observe-stragglers.ts";
import { observeSuite } from "../../functions/observe-suite.ts";
import { observeWorkload } from "../../functions/observe-workload.ts";
import { validateTarget } from "../../functions/validate-target.ts";
import { anObject, aWorkload } from "../domain/checks.fixture.ts";
import {
  type BenchOptions,
  type Metric,
  makeStepBench,
  objects,
  RUN,
  type StepBench,
  smallPlan,
  ZONE,
} from "./bench.ts";
import { scoped } from "./move-bench.ts";

const ask = (bench: StepBench, gate: Parameters<StepBench["run"]>[0], asked = 1, over: object = {}) =>
  bench.run(gate, {
    phase: "cut-traffic",
    subject: "platform",
    asked,
    watcher: "w",
    ...over,
  }) as Promise<GateResult>;

const OURS = ownReference(RUN.migration);

/** With our own zone beside the old one, as it stands after the cut. */
const withZone = (options: BenchOptions): StepBench => {
  const bench = makeStepBench(options);
  bench.dns.zones.create({ name: `${ZONE}.`, callerReference: OURS, settled: true });
  return bench;
};

describe("evidence", () => {
  it("is what a retry judges by again: a second measurement would let a gate pass that had failed", async () => {
    let rate = 5;
    const bench = withZone({ metrics: () => rate });
    for (const thing of smallPlan().workloads.map(nameOf))
      bench.put(keys.owner(RUN.migration, thing), { thing, owner: "target" });
    const first = await ask(bench, checkRetirement);
    rate = 0;
    expect(await ask(bench, checkRetirement)).toEqual(first);
    expect(first.verdict).toBe("fail");
    const before = bench.calls.length;
    await ask(bench, checkRetirement, 2);
    expect(bench.calls.length, "another question measures anew").toBeGreaterThan(before + 3);
  });
});

describe("observe-stragglers", () => {
  it.each([
    ["unknown without metrics", () => undefined, "unknown"],
    ["unknown where nothing at all arrives (0 of 0 is no small share)", () => 0, "unknown"],
    [
      "unknown where one side is missing",
      (_: string, side: string) => (side === "target" ? undefined : 0),
      "unknown",
    ],
    ["held while the source still has its share", () => 50, "unknown"],
    ["passed once nobody is left", (_: string, side: string) => (side === "source" ? 0 : 100), "pass"],
  ])("is %s", async (_, metrics, verdict) => {
    expect(await ask(makeStepBench({ metrics }), observeStragglers)).toMatchObject({ verdict });
  });

  it("holds for connections that stay open, though no request comes", async () => {
    const bench = makeStepBench({
      metrics: (query, side) => (/connections/.test(query) ? 40 : side === "source" ? 0 : 100),
    });
    expect(await ask(bench, observeStragglers)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringContaining("connections"),
    });
  });
});

describe("compare-platform", () => {
  const before = { subject: "before the cut" };
  /** What is asked of one side: `samples` requests, a share of errors, a share of slow ones. */
  const answers =
    (errors: number, slow: number, samples: number) =>
    (query: string): Metric => {
      if (/timestamp/.test(query)) return Date.UTC(2026, 2, 3, 2, 2) / 1000;
      if (/by \(le\)/.test(query))
        return {
          label: "le",
          values: {
            "0.05": 0,
            "0.1": samples * (1 - slow),
            "0.2": samples * (1 - slow),
            "0.5": samples * (1 - slow),
            "2": samples * (1 - slow),
            "4": samples,
            "+Inf": samples,
          },
        };
      if (/by \(code\)/.test(query))
        return {
          label: "code",
          values: { "200": (samples * (1 - errors)) / 300, "500": (samples * errors) / 300 },
        };
      if (/vector\(0\)/.test(query)) return errors;
      return /quantile/.test(query) ? (slow > 0.01 ? 4 : 0.1) : samples;
    };

  it("keeps no baseline on too few samples, and compares with none", async () => {
    const bench = makeStepBench({ metrics: answers(0.01, 0.001, 1) });
    expect(await ask(bench, comparePlatform, 1, before)).toMatchObject({ verdict: "unknown" });
    expect([...bench.stored.keys()].filter((k) => k.includes("baseline"))).toEqual([]);
    expect(
      await ask(makeStepBench({ metrics: answers(0.01, 0.001, 10_000) }), comparePlatform, 1, {
        subject: "after the cut",
      }),
    ).toMatchObject({ verdict: "unknown" });
  });

  it.each([
    ["passes on the same figures", 0.01, 0.001, "pass"],
    ["fails on more errors", 0.2, 0.001, "fail"],
    ["fails on a p99 many times higher", 0.01, 0.3, "fail"],
  ])("%s", async (_, errors, slow, verdict) => {
    let now: (query: string) => Metric = answers(0.01, 0.001, 10_000);
    const bench = makeStepBench({ metrics: (query) => now(query) });
    expect(await ask(bench, comparePlatform, 1, before)).toMatchObject({ verdict: "pass" });
    now = answers(errors, slow, 10_000);
    expect(await ask(bench, comparePlatform, 2, { subject: "after the cut" })).toMatchObject({ verdict });
  });
});

describe("check-retirement", () => {
  const volume = (policy: string): KubeObject =>
    scoped("v1", "PersistentVolume", "pv-1", {
      spec: {
        persistentVolumeReclaimPolicy: policy,
        claimRef: { namespace: "shop", name: "data-db-0" },
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        hostPath: { path: "/d" },
      },
    });
  const set = (whenDeleted: string): KubeObject =>
    anObject("apps/v1", "StatefulSet", "db", {
      spec: {
        replicas: 0,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled: "Retain" },
        template: {
          metadata: { labels: { app: "db" } },
          spec: { containers: [{ name: "main", image: "registry.example/db:1" }] },
        },
      },
    });
  const world = (more: readonly KubeObject[], rate: number | undefined = 0, owner = "target") => {
    const bench = withZone({
      plan: smallPlan({ objects: [...objects, ...more] as never }),
      metrics: () => rate,
    });
    for (const thing of ["shop/scheduler", "shop/nightly"])
      bench.put(keys.owner(RUN.migration, thing), { thing, owner });
    return bench;
  };

  it.each([
    ["passes where nobody comes and everything is handed over", world([]), "pass"],
    ["fails while requests come", world([], 3), "fail"],
    ["is unknown without metrics", world([], Number.NaN), "unknown"],
    ["fails while the source owns something exclusive", world([], 0, "source"), "fail"],
    [
      "fails where retiring a StatefulSet would destroy its disk",
      world([volume("Delete"), set("Delete")]),
      "fail",
    ],
    ["passes where the volume is retained", world([volume("Retain"), set("Delete")]), "pass"],
    ["passes where the claims are kept", world([volume("Delete"), set("Retain")]), "pass"],
  ])("%s", async (_, bench, verdict) => {
    expect(await ask(bench, checkRetirement)).toMatchObject({ verdict });
    expect(bench.denied()).toEqual([]);
  });

  describe("a record that isn't a public host's", () => {
    const BALANCED = anObject("v1", "Service", "legacy", {
      spec: { type: "LoadBalancer", selector: { app: "legacy" }, ports: [{ port: 80 }] },
    });
    const LEGACY = `legacy.${ZONE}.`;
    const alias = (dnsName: string) => ({ alias: { hostedZoneId: "Z1", dnsName } });
    const name = (value: string) => ({ ttlSeconds: 300, values: [value] });
    const keeping: Partial<Plan> = {
      workloads: [aWorkload({ name: "legacy", move: "keep-on-source", services: ["shop/legacy"] })] as never,
    };

    it.each<[string, string, "old" | "fresh", (balancer: string) => object, string, Partial<Plan>]>([
      ["leads to the source in the new zone", "fail", "fresh", name, "CNAME", {}],
      ["leads to the source in the old zone", "fail", "old", name, "CNAME", {}],
      ["is an alias, in another spelling", "fail", "fresh", (b) => alias(b.toUpperCase()), "A", {}],
      ["leads elsewhere", "pass", "fresh", () => name("elsewhere.example."), "CNAME", {}],
      ["leads to what stays on the source", "pass", "fresh", name, "CNAME", keeping],
    ])("%s: %s", async (_, verdict, zone, value, type, over) => {
      const bench = withZone({
        plan: smallPlan({ objects: [...objects, BALANCED] as never, ...over }),
        metrics: () => 0,
      });
      for (const thing of ["shop/scheduler", "shop/nightly"])
        bench.put(keys.owner(RUN.migration, thing), { thing, owner: "target" });
      bench.wait(300);
      const service = bench.live("source", {
        apiVersion: "v1",
        kind: "Service",
        namespace: "shop",
        name: "legacy",
      });
      const [{ hostname = "" } = {}] = at(service, "status", "loadBalancer", "ingress") as {
        hostname?: string;
      }[];
      expect(hostname).toMatch(/elb/);
      const record = { name: LEGACY, type, ...value(`${hostname}.`) } as RecordSet;
      const found = bench.dns.zones
        .all()
        .find((z) => z.name === `${ZONE}.` && (z.callerReference === OURS) === (zone === "fresh"));
      bench.dns.zones.replace(found?.id ?? "", [...bench.dns.zones.records(found?.id ?? ""), record]);
      const seen = await ask(bench, checkRetirement);
      expect(seen).toMatchObject({ verdict });
      if (verdict === "fail")
        expect(seen.sentence).toMatch(/1 records still lead to the source: .* legacy\.live\.example/);
    });
  });
});

describe("observe-floor", () => {
  it.each([
    ["passes where each shared workload wants what its floor is", 1, "pass"],
    ["passes where one wants fewer", 0, "pass"],
    ["holds where somebody raised one again", 2, "unknown"],
  ])("%s", async (_, replicas, verdict) => {
    const bench = makeStepBench();
    bench.meanwhile("source", "PATCH", "/apis/apps/v1/namespaces/shop/deployments/cart/scale", {
      spec: { replicas },
    });
    expect(await ask(bench, observeFloor)).toMatchObject({ verdict });
  });

  it("passes by the plan, and says so, where nothing is shared: no verdict at all would be unknown", async () => {
    const plan = smallPlan();
    const alone = { ...plan, workloads: plan.workloads.filter((w) => w.move !== "half-and-half") };
    const bench = makeStepBench({ plan: alone });
    expect(await ask(bench, observeFloor)).toMatchObject({ verdict: "pass" });
    const [evidence] = [...bench.stored].filter(([key]) => key.includes("observe-floor"));
    expect(evidence?.[1]).toContain("No workload is shared between both sides.");
  });
});

describe("a platform without public hosts", () => {
  it.each([
    ["observe-suite", observeSuite],
    ["observe-stragglers", observeStragglers],
    ["observe-load", observeLoad],
    ["observe-old-zone", observeOldZone],
    ["compare-platform", comparePlatform],
  ])("has no clients to ask about: %s passes by the plan and asks nobody", async (_, which) => {
    const bench = makeStepBench({ plan: { ...smallPlan(), hosts: [] } });
    expect(await ask(bench, which)).toMatchObject({ verdict: "pass" });
    expect(bench.calls.filter(({ service }) => service !== "s3")).toEqual([]);
  });
});

describe("observe-workload", () => {
  const look = (bench: StepBench, replicas: number) =>
    bench.run(observeWorkload, { item: bench.item("shop/cart"), side: "source", replicas });

  it.each([
    ["stands with as many ready pods as asked", 4, "pass"],
    ["doesn't with one fewer", 5, "unknown"],
    ["isn't gone while a pod is left", 0, "unknown"],
  ])("%s", async (_, replicas, verdict) => {
    const bench = makeStepBench();
    bench.wait(300);
    expect(await look(bench, replicas)).toMatchObject({ verdict });
  });
});

it("validate-target is no pass before there is a zone to ask", async () => {
  await expect(ask(makeStepBench(), validateTarget)).rejects.toThrow(/does not exist yet/);
});
