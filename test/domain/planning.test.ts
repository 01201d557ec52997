/** From manifests to a plan: moves, halves, waves, numbered operations, decisions, what is assumed and what can't be done. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BadInput, Refused } from "../../domain/errors.ts";
import { gather, readSources } from "../../domain/intake.ts";
import { operationOf } from "../../domain/operations.ts";
import { PHASES } from "../../domain/phases.ts";
import { nameOf, type Plan, planSchema } from "../../domain/plan.ts";
import { buildPlan, parsePlan, planHash, planText, reasonsNotToStart } from "../../domain/planning/build.ts";
import { previewOf } from "../../domain/preview.ts";
import { readSettings } from "../../domain/settings.ts";
import { env, objectsOf, only, planOf, service, workload } from "./platform.ts";

const CLAIM = "volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]";
const BROKERS = env("KAFKA_BROKERS", "bus:9092");
const CRON = `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {containers: [{name: main}]}}}}}
`;
const PLATFORM = [
  workload("front", { service: 80, replicas: 5, container: env("CART_ADDR", "cart:80") }),
  workload("cart", { service: 80, replicas: 2, container: env("CACHE_ADDR", "cache:6379") }),
  workload("cache", { image: "redis", service: 6379 }),
  workload("bus", { service: 9092, container: env("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://bus:9092") }),
  workload("mailer", { container: BROKERS }),
  workload("lock", { spec: "strategy: {type: Recreate}" }),
  CRON,
];
const REBUILD = { decide: {}, decideAll: "rebuild" } as const;

describe("how things move", () => {
  const plan = planOf(PLATFORM, undefined, REBUILD);

  test.each([
    ["front", "half-and-half", 5, 3, 1],
    ["cart", "half-and-half", 2, 1, 1],
    ["cache", "start-on-target", 1, 1, 1],
    // Its brokers are rebuilt: the target's group is another one.
    ["mailer", "start-on-target", 1, 1, 1],
    ["lock", "stop-then-start", 1, 1, 1],
    ["nightly", "hand-over-schedule", 0, 0, 0],
  ])("%s moves by %s", (name, move, replicas, half, floor) => {
    expect(only(plan, name)).toMatchObject({ move, replicas, half, floor });
  });

  test("core and state first, callees before callers, exclusive things last", () => {
    const wave = (name: string) => only(plan, name).wave ?? Number.NaN;
    expect([wave("cache"), wave("bus"), wave("mailer")]).toEqual([0, 0, 0]);
    expect(wave("cart")).toBeLessThan(wave("front"));
    for (const name of ["lock", "nightly"]) expect(wave(name)).toBeGreaterThan(wave("front"));
  });

  test("only what stops first pauses: grace, start and readiness, with a margin", () => {
    const slow = workload("slow", {
      spec: "strategy: {type: Recreate}",
      pod: "terminationGracePeriodSeconds: 90",
      container: "readinessProbe: {initialDelaySeconds: 540}",
    });
    const it = only(planOf([slow]), "slow");
    expect(it.readySecondsExpected).toBe(540);
    expect(it.pauseSecondsMax).toBeGreaterThan(90 + 540);
    expect(it.pauseSecondsMax).toBeLessThan(90 + 540 + 300);
    expect(only(plan, "front").pauseSecondsMax).toBeNull();
  });

  test("a workload without pods is restored and not started", () => {
    expect(only(planOf([workload("a", { replicas: 0, service: 80 })]), "a")).toMatchObject({
      move: "none",
      wave: null,
    });
  });

  test("pods that are killed at once don't drain", () => {
    expect(
      only(planOf([workload("a", { pod: "terminationGracePeriodSeconds: 1", service: 80 })]), "a").drains,
    ).toBe(false);
    expect(
      only(planOf([workload("a", { pod: "terminationGracePeriodSeconds: 5", service: 80 })]), "a").drains,
    ).toBe(true);
  });

  test("an exclusive workload that others call states whom its pause hits, and leads them to the target", () => {
    const called = planOf([
      workload("lock", { spec: "strategy: {type: Recreate}", service: 80 }),
      workload("front", { service: 80, container: env("LOCK_ADDR", "lock:80") }),
    ]);
    expect(called.limits.join("\n")).toMatch(
      /shop\/lock \(singleton\) pauses for at most \d+ s .* shop\/front gets no answer/,
    );
    expect(called.links).toEqual([
      {
        service: "shop/lock",
        on: "source",
        workload: "shop/lock",
        operation: operationOf(called, "link-service", "shop/lock"),
      },
    ]);
  });
});

describe("operations", () => {
  const plan = planOf(PLATFORM, undefined, REBUILD);

  test("are numbered in the order of the phases, each id once", () => {
    const ids = plan.operations.map((o) => o.id);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    const order = plan.operations.map((o) => PHASES.indexOf(o.phase));
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(ids[0]).toBe("0001-lower-ttls");
  });

  test("each workload that moves has its own, and for each half also the raise and the lowering", () => {
    for (const w of plan.workloads) {
      expect(w.operation === null).toBe(w.wave === null);
      if (w.move !== "half-and-half") continue;
      expect(w.operation).toBe(operationOf(plan, "shift", nameOf(w)));
      expect(operationOf(plan, "raise-target", nameOf(w)) < operationOf(plan, "delegate-zone")).toBe(true);
      expect(operationOf(plan, "delegate-zone") < operationOf(plan, "lower-source", nameOf(w))).toBe(true);
    }
  });

  test("what isn't in the plan has none", () => {
    expect(() => operationOf(plan, "shift", "shop/nobody")).toThrow(/no operation shift:shop\/nobody/);
  });
});

describe("decisions", () => {
  const state = (...flags: readonly string[]) =>
    planOf(
      [
        workload("db", { image: "postgres", service: 5432, pod: CLAIM }),
        workload("cache", { image: "redis", service: 6379 }),
      ],
      undefined,
      {
        decide: Object.fromEntries(flags.map((f) => f.split("=") as [string, "rebuild"])),
      },
    );

  test("are asked, one line each, and keep the plan from starting", () => {
    const plan = state();
    expect(plan.open.map((o) => [o.workload, o.offered])).toEqual([
      ["shop/cache", ["keep-on-source", "rebuild"]],
      ["shop/db", ["keep-on-source", "copy-with-pause"]],
    ]);
    expect(reasonsNotToStart(plan)).toHaveLength(2);
    expect(only(plan, "cache").move).toBe("none");
  });

  test("--decide-all applies wherever it is offered, the rest stays open", () => {
    const plan = planOf(
      PLATFORM.concat(workload("db", { image: "mysql", service: 3306, pod: CLAIM })),
      undefined,
      REBUILD,
    );
    expect(plan.open.map((o) => o.workload)).toEqual(["shop/db"]);
    expect(only(plan, "cache")).toMatchObject({ decision: "rebuild", move: "start-on-target" });
  });

  test("flags go before repot.yaml, and that before --decide-all", () => {
    const settings = "decisions: {shop/cache: keep-on-source}";
    const of = (decide: Record<string, "rebuild">) =>
      planOf(PLATFORM, settings, { decide, decideAll: "rebuild" });
    expect(only(of({}), "cache").decision).toBe("keep-on-source");
    expect(only(of({ cache: "rebuild" }), "cache").decision).toBe("rebuild");
  });

  test("what stays on the source is reached through its Service, and listed as a change", () => {
    const plan = state("cache=keep-on-source", "db=keep-on-source");
    expect(plan.open).toEqual([]);
    expect(plan.links?.map((l) => [l.service, l.on])).toEqual([
      ["shop/cache", "target"],
      ["shop/db", "target"],
    ]);
    expect(plan.changes.map((c) => c.object)).toContain("Service shop/cache");
  });

  test.each([
    ["nope=rebuild", BadInput, /no workload is called "nope"/],
    ["db=rebuild", Refused, /rebuild isn't offered for shop\/db/],
  ])("%s is refused", (flag, type, says) => {
    expect(() => state(flag)).toThrow(type);
    expect(() => state(flag)).toThrow(says);
  });

  test("a name that two namespaces have must be written in full", () => {
    const two = [
      workload("cache", { image: "redis", service: 1 }),
      workload("cache", { image: "redis", namespace: "bank" }),
    ];
    expect(() => planOf(two, undefined, { decide: { cache: "rebuild" } })).toThrow(
      /could be bank\/cache or shop\/cache/,
    );
    expect(only(planOf(two, undefined, { decide: { "bank/cache": "rebuild" } }), "cache").namespace).toBe(
      "bank",
    );
  });

  test("copying with a pause is a decision like the others: what is copied and for how long it may be away stand in the plan", () => {
    const plan = state("db=copy-with-pause", "cache=rebuild");
    expect(plan.open).toEqual([]);
    const db = plan.workloads.find((w) => w.name === "db");
    expect(db?.move).toBe("copy-with-pause");
    expect(db?.copy?.claims).not.toEqual([]);
    expect(db?.pauseSecondsMax).toBe(plan.settings.policy.pauseSecondsMax);
    expect(plan.limits.join()).toContain("shop/db (stateful) pauses for at most 1800 s");
  });

  test.each([
    ["an address of the pod", "PLAINTEXT://$(POD_IP):9092", false],
    ["its own Service", "PLAINTEXT://bus:9092", true],
    ["its own Service in full", "PLAINTEXT://bus.shop.svc.cluster.local:9092", true],
    ["this host", "PLAINTEXT://localhost:9092", false],
    ["a name of the world", "SSL://bus.acme.com:9092", true],
    ["one that resolves and one that doesn't", "A://bus:9092,B://bus-0.inner:9093", false],
  ])("a broker that advertises %s may stay: only where the target resolves it", (_, listeners, may) => {
    const plan = planOf([
      workload("bus", { service: 9092, container: env("KAFKA_ADVERTISED_LISTENERS", listeners) }),
    ]);
    expect(plan.open[0]?.offered.includes("keep-on-source")).toBe(may);
  });

  test("a kind that runs pods and that isn't known keeps the plan from starting", () => {
    const rollout =
      "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r, namespace: shop}\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
    expect(reasonsNotToStart(planOf([...PLATFORM, rollout], undefined, REBUILD))[0]).toMatch(
      /Rollout shop\/r .* runs pods/,
    );
  });
});

describe("public hosts", () => {
  const ingress = (host: string) =>
    `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop}\nspec: {rules: [{host: ${host}, http: {paths: [{path: /, backend: {service: {name: front}}}, {path: /cart, backend: {service: {name: cart}}}]}}]}\n`;
  const balancer = service("front", 80)
    .replace("name: front,", "name: outside,")
    .replace("spec:", "spec:\n  type: LoadBalancer");
  const generator = workload("load", { container: env("LOCUST_HOST", "http://front") });
  const hosts = (...more: readonly string[]) =>
    planOf([...PLATFORM, ...more]).hosts.map((h) => `${h.host} ${h.service}`);

  test.each([
    [
      "Ingresses first, each path's Service",
      [ingress("www.acme.example"), balancer, generator],
      ["www.acme.example cart", "www.acme.example front"],
    ],
    ["else LoadBalancer Services", [balancer, generator], ["outside.platform.example outside"]],
    ["else what a load generator aims at", [generator], ["front.platform.example front"]],
    ["else what nobody calls", [], ["front.platform.example front"]],
  ])("are %s", (_, more, expected) => expect(hosts(...more)).toEqual(expected));

  test("are names of DNS", () => {
    expect(() => hosts(ingress("www.bücher.example"))).toThrow(BadInput);
    expect(hosts(ingress("www.xn--bcher-kva.example"))).toHaveLength(2);
  });
});

describe("the same platform gives the same bytes", () => {
  test("whatever the order of documents and files", () => {
    const expected = planHash(planText(planOf(PLATFORM)));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(PLATFORM, { minLength: PLATFORM.length }),
        fc.nat(PLATFORM.length),
        (order, cut) => {
          const sources = [order.slice(0, cut), order.slice(cut)].filter((part) => part.length > 0);
          const objects = gather(sources.flatMap((part, i) => readSources(part.join("---\n"), `f${i}.yaml`)));
          expect(planHash(planText(buildPlan(objects)))).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("a change of the platform changes the migration's name and the hash", () => {
    const [a, b] = [planOf(PLATFORM), planOf([...PLATFORM, workload("more")])];
    expect(a.migration).not.toBe(b.migration);
  });

  test("a plan is read back as it was written, and is what its schema says", () => {
    const plan = planOf(PLATFORM, undefined, REBUILD);
    const back: Plan = parsePlan(planText(plan), "plan.json");
    expect(planSchema().parse(back)).toEqual(plan);
    expect(planText(back)).toBe(planText(plan));
    expect(() => parsePlan('{"format": 1}', "plan.json")).toThrow(/plan\.json is no plan of this version/);
  });

  test("the preview names every object, operation, assumption and question, and the hash", () => {
    const plan = planOf(PLATFORM);
    const preview = previewOf(plan, "abc123");
    for (const text of [
      "abc123",
      ...plan.operations.map((o) => o.id),
      ...plan.assumptions,
      ...plan.open.map((o) => o.question),
    ])
      expect(preview).toContain(text);
    for (const o of plan.objects) expect(preview).toContain((o["metadata"] as { name: string }).name);
  });

  test("no workload at all is refused", () => {
    expect(() => planOf([service("a", 80)])).toThrow(/no workload in these manifests/);
  });
});

test.each([
  ["CronJob", "singleton", /line 1: classes\.shop\/it: it's a CronJob/],
  ["DaemonSet", "singleton", /can only be core or stateless/],
  ["DaemonSet", "stateless", undefined],
  ["StatefulSet", "singleton", undefined],
])("a %s that a person calls %s", (kind, said, refusal) => {
  const manifest = kind === "CronJob" ? CRON.replaceAll("nightly", "it") : workload("it", { kind });
  const settings = readSettings(JSON.stringify({ classes: { "shop/it": said } }), "repot.yaml");
  const build = () => buildPlan(objectsOf(manifest), settings);
  if (refusal) expect(build).toThrow(refusal);
  else expect(build().workloads[0]?.class).toBe(said);
});
