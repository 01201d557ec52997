/** The example platform has everything that makes a migration hard, and what its settings say of it is true. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { peakDemands, podsForDemand } from "../../domain/capacity.ts";
import { gather, readSources } from "../../domain/intake.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { nameOf } from "../../domain/plan.ts";
import { buildPlan } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";

const DIRECTORY = fileURLToPath(new URL("../../examples/streaming/", import.meta.url));
const read = (name: string): string => readFileSync(`${DIRECTORY}${name}`, "utf8");
const manifests = readdirSync(DIRECTORY)
  .filter((name) => name !== "repot.yaml")
  .sort();
const objects = gather(manifests.flatMap((name) => readSources(read(name), name)));
const plan = buildPlan(objects, readSettings(read("repot.yaml"), "repot.yaml"));
const { settings } = plan;

const kinds = (kind: string): readonly KubeObject[] => objects.filter((object) => object.kind === kind);
const workload = (name: string) => {
  const found = plan.workloads.find((w) => nameOf(w) === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};

test("needs no flag: nothing is open, nothing is assumed", () => {
  expect(plan.open).toEqual([]);
  expect(plan.assumptions).toEqual([]);
});

test.each([
  ["ingress-nginx/ingress-nginx-controller", "core", "start-on-target"],
  ["kube-system/coredns", "core", "start-on-target"],
  ["monitoring/vmsingle", "core", "start-on-target"],
  ["monitoring/vector", "core", "start-on-target"],
  ["external-dns/external-dns", "cloud-controller", "hand-over-controller"],
  ["accounts/nightly-invoices", "cron", "hand-over-schedule"],
  ["catalog/catalog-cache", "stateful", "start-on-target"],
  ["catalog/search-index", "stateful", "keep-on-source"],
  ["playback/session-counter", "group-member", "shift-group"],
  ["playback/usage-meter", "group-member", "shift-group"],
  ["media/thumbnailer", "queue-worker", "shift-workers"],
  ["media/transcode-planner", "singleton", "stop-then-start"],
  ["catalog/catalog", "stateless", "half-and-half"],
  ["playback/play-events", "stateless", "half-and-half"],
])("%s is %s and moves by %s", (name, is, move) => {
  expect(workload(name)).toMatchObject({ class: is, move });
});

test("about two dozen workloads with two to six replicas, where they aren't single for a reason", () => {
  expect(plan.workloads.length).toBeGreaterThanOrEqual(20);
  const single = plan.workloads
    .filter((w) => w.replicas < 2 && w.class !== "cron" && w.kind !== "DaemonSet")
    .map(nameOf);
  expect(single).toEqual([
    "external-dns/external-dns",
    "keda/keda-operator",
    "media/transcode-planner",
    "monitoring/vmsingle",
  ]);
  for (const { replicas } of plan.workloads) expect(replicas).toBeLessThanOrEqual(6);
});

describe("what is hard about it", () => {
  test.each([
    ["HorizontalPodAutoscaler", 1],
    ["ScaledObject", 1],
    ["Lease", 1],
    ["StorageClass", 1],
    ["DaemonSet", 1],
    ["CronJob", 1],
  ])("it has a %s", (kind, count) => {
    expect(kinds(kind)).toHaveLength(count);
  });

  test("several hosts, each with an Ingress, a load and a Service behind it", () => {
    expect(kinds("Ingress").length).toBeGreaterThanOrEqual(5);
    expect(settings.load.map((l) => l.host).sort()).toEqual(plan.hosts.map((h) => h.host).sort());
  });

  test("half of the normal answers of one application are 204 and 404", () => {
    const resume = settings.load.find((l) => l.host.startsWith("resume."));
    expect((resume?.statuses["204"] ?? 0) + (resume?.statuses["404"] ?? 0)).toBeCloseTo(0.5);
  });

  test("the shares of answers sum to one", () => {
    for (const { statuses } of settings.load)
      expect(Object.values(statuses).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  });

  test("one group has static ids, one has not, and one workload produces for both", () => {
    expect(settings.groups.map((g) => g.staticIdPrefix)).toEqual([undefined, "usage-meter"]);
    expect(plan.workloads.filter((w) => w.producer).map(nameOf)).toEqual(["playback/play-events"]);
  });

  test("a partner's firewall lets our addresses in, and the target has the same", () => {
    const [drm] = settings.thirdParties;
    expect(settings.target.egressAddresses).toEqual(settings.source.egressAddresses);
    expect(drm?.allows).toEqual(settings.source.egressAddresses);
  });

  test("the database carries one fleet and a half, and not two for long", () => {
    const database = settings.datastores.find((d) => d.name === "accounts-db");
    // A run of a cron job is one pod, on one side.
    const podsOf = (name: string, pods: "replicas" | "half") =>
      workload(name).class === "cron" ? 1 : workload(name)[pods];
    const connections = (pods: "replicas" | "half") =>
      Object.entries(database?.connectionsPerPod ?? {}).reduce(
        (sum, [name, each]) => sum + each * podsOf(name, pods),
        0,
      );
    const [fleet, half, limit] = [
      connections("replicas"),
      connections("half"),
      database?.connectionsMax ?? 0,
    ];
    expect(fleet + half).toBeLessThanOrEqual(settings.policy.connectionShareMax * limit);
    expect(2 * fleet).toBeGreaterThan(limit);
    const peaks = peakDemands(plan);
    for (const name of Object.keys(database?.connectionsPerPod ?? {}))
      expect(podsForDemand(plan, workload(name), peaks.get(name) ?? 0)).toBeLessThanOrEqual(
        Math.max(1, workload(name).half),
      );
  });

  test("pipelines deploy often enough to hit a night", () => {
    expect(settings.pipelines.reduce((sum, p) => sum + p.deploysPerDay, 0)).toBeGreaterThan(10);
  });
});

test("the connections that the settings count are those that the pods' pools hold", () => {
  for (const { connectionsPerPod } of settings.datastores)
    for (const [name, connections] of Object.entries(connectionsPerPod)) {
      const { namespace, name: own } = workload(name);
      const texts = objects
        .filter((o) => o.metadata.namespace === namespace && o.metadata.name === own)
        .map((o) => JSON.stringify(o));
      const pools = texts.flatMap((text) =>
        [...text.matchAll(/"DB_POOL_SIZE"(?::|,"value":)"(\d+)"/g)].map(([, size]) => Number(size)),
      );
      expect([name, pools]).toEqual([name, [connections]]);
    }
});

test("every workload that the settings name is there", () => {
  const named = [
    ...settings.capacity.map((c) => c.workload).filter((name) => name !== "*"),
    ...settings.datastores.flatMap((d) => Object.keys(d.connectionsPerPod)),
    ...settings.groups.map((g) => g.workload),
    ...settings.queues.map((q) => q.workload),
    ...settings.pipelines.flatMap((p) => p.deploys),
    ...settings.thirdParties.flatMap((t) => t.calledBy),
  ];
  for (const name of named) expect(workload(name)).toBeDefined();
});

test("its secrets hold nothing but words that say so", () => {
  for (const secret of kinds("Secret")) {
    const data = secret.data as Readonly<Record<string, string>>;
    for (const value of Object.values(data))
      expect(Buffer.from(value, "base64").toString()).toMatch(/^example-only-/);
  }
});
