/** What makes a request fail, and what doesn't: each way once, with the figures that it must give. */

import { expect, test } from "vitest";
import { fill, shop, type Trial, trial, workload } from "./traffic.fixture.ts";

const failing = (t: Trial) => t.events.filter((e) => e.type === "failing");
const reasons = (t: Trial) => failing(t).map((e) => (e.type === "failing" ? e.reason : ""));

/** Stops one pod of the source as it should be: first no more requests, then the end. */
const retire = (t: Trial, name: string) => {
  t.source.alter(name, { ready: false, terminating: true, listed: false });
  t.pass(5);
  t.source.alter(name, { accepting: false });
};

test("a platform that nobody touches fails nothing but its own errors, and the lines add up to the totals", () => {
  const t = trial();
  t.pass(3_600);
  t.traffic.flush();
  const totals = t.traffic.totals();
  expect(totals.failed).toBe(0);
  expect(totals.paused).toBe(0);
  expect(totals.served + totals.failedAnyway).toBeGreaterThan(3_600 * 95);
  expect(totals.failedAnyway / totals.served).toBeCloseTo(0.01 / 0.99, 4);
  const lines = t.events.flatMap((e) => (e.type === "traffic" ? [e] : []));
  expect(lines.reduce((n, l) => n + l.served, 0)).toBe(totals.served);
  expect(lines.every((l) => l.served === l.source.served + l.target.served)).toBe(true);
  expect(lines.length).toBeGreaterThanOrEqual(4);
  expect(Object.keys(lines[0]?.source.statuses ?? {})).toEqual(["200", "204", "404", "500"]);
});

test("a service further in without a ready endpoint fails every request, until it is back", () => {
  const t = trial();
  t.pass(60);
  t.source.scale("shop/redis", 0);
  t.pass(10);
  t.source.scale("shop/redis", 1);
  t.pass(60);
  const { failed } = t.traffic.totals();
  expect(failed).toBeGreaterThan(940);
  expect(failed).toBeLessThan(1_060);
  expect(reasons(t)).toEqual(["no ready endpoint of shop/redis in the source cluster"]);
  expect(failing(t)[0]).toMatchObject({
    cluster: "source",
    host: "shop.platform.example",
    workload: "shop/redis",
  });
  expect(failing(t)[0]?.at).toBeLessThanOrEqual(61);
});

test("what monitoring doesn't answer fails nobody's request", () => {
  const t = trial();
  t.source.scale("ops/collector", 0);
  t.pass(600);
  expect(t.traffic.totals().failed).toBe(0);
});

test("beyond the capacity of its pods the excess fails, and long before it requests take longer", () => {
  const t = trial();
  t.pass(600);
  t.traffic.flush();
  retire(t, "shop/web");
  t.pass(600);
  t.traffic.flush();
  const lines = t.events.flatMap((e) => (e.type === "traffic" ? [e] : []));
  const [roomy, tight] = [lines[0]?.source.p99Ms ?? 0, lines.at(-1)?.source.p99Ms ?? 0];
  expect(tight).toBeGreaterThan(roomy);
  expect(t.traffic.totals().failed).toBe(0);

  const small = trial(shop({}, { capacity: [{ workload: "*", requestsPerSecondPerPod: 60 }] }));
  small.pass(100);
  expect(small.traffic.totals().failed).toBe(0);
  retire(small, "shop/web");
  small.pass(100);
  const { failed } = small.traffic.totals();
  expect(failed).toBeGreaterThan(100 * 35);
  expect(failed).toBeLessThan(100 * 45);
  expect(reasons(small)[0]).toMatch(
    /^overload at shop\/web in the source cluster: the demand is \d+ requests a second, 1 ready pods carry 60$/,
  );
});

test("clients follow DNS to a cluster that isn't ready for them", () => {
  const t = trial();
  t.pass(60);
  t.dns.point({ target: 1 });
  t.pass(60);
  expect(t.traffic.totals().failed).toBeGreaterThan(60 * 90);
  expect(reasons(t)).toContain("no ready endpoint of shop/web in the target cluster");
});

test("a ready target serves those who come, while open connections stay on the source and drain", () => {
  const t = trial();
  fill(t);
  t.pass(60);
  t.dns.point({ target: 1 });
  t.pass(1);
  const open = t.traffic.arriving("source");
  expect(open.openConnections).toBeGreaterThan(4);
  expect(open.requestsPerSecond).toBeCloseTo(open.openConnections, 6);
  t.pass(300);
  expect(t.traffic.arriving("source").openConnections / open.openConnections).toBeCloseTo(0.5, 1);
  t.pass(3_600);
  expect(t.traffic.arriving("source")).toEqual({ requestsPerSecond: 0, openConnections: 0 });
  expect(t.traffic.totals().failed).toBe(0);
});

test("open connections end with the pods that hold them, and their clients look the name up again", () => {
  const t = trial();
  fill(t);
  t.dns.point({ target: 1 });
  t.pass(1);
  const open = t.traffic.arriving("source").openConnections;
  retire(t, "shop/web");
  t.pass(1);
  expect(t.traffic.arriving("source").openConnections / open).toBeCloseTo(0.5, 1);
  expect(t.traffic.totals().failed).toBe(0);
});

test("a name that doesn't resolve fails its clients in no cluster", () => {
  const t = trial();
  t.pass(60);
  t.dns.point({ source: 0.5, nowhere: 0.5 });
  t.pass(20);
  t.traffic.flush();
  const lines = t.events.flatMap((e) => (e.type === "traffic" ? [e] : []));
  expect(lines.at(-1)?.failed).toBeGreaterThan(20 * 40);
  expect(lines.at(-1)?.source.failed).toBe(0);
  expect(reasons(t)).toEqual(["the name shop.platform.example doesn't resolve"]);
});

test("a pod that the balancer still sends to after it stopped loses its share", () => {
  const t = trial();
  t.pass(60);
  t.source.alter("shop/web", { ready: false, terminating: true });
  t.pass(1);
  expect(t.traffic.totals().failed).toBe(0);
  t.source.alter("shop/web", { accepting: false });
  t.pass(2);
  t.source.alter("shop/web", { listed: false });
  t.pass(10);
  const { failed } = t.traffic.totals();
  expect(failed).toBeGreaterThan(90);
  expect(failed).toBeLessThan(112);
});

test("a pod that is killed without notice takes the requests in its hands with it, one that drained takes none", () => {
  const killed = trial();
  killed.pass(60);
  killed.source.scale("shop/web", 1);
  killed.pass(60);
  expect(killed.traffic.totals().failed).toBe(1);

  const drained = trial();
  drained.pass(60);
  retire(drained, "shop/web");
  drained.pass(60);
  expect(drained.traffic.totals().failed).toBe(0);
});

test("a Service that leads to the source is served there, as long as its load balancer's name exists", () => {
  const t = trial();
  fill(t);
  t.target.scale("shop/redis", 0);
  t.source.put({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "redis", namespace: "shop" },
    status: { loadBalancer: { ingress: [{ hostname: "redis-1.elb.example" }] } },
  });
  t.target.leadTo("shop/redis", "redis-1.elb.example");
  t.dns.point({ target: 1 });
  t.pass(600);
  expect(t.traffic.totals().failed).toBe(0);
  t.target.leadTo("shop/redis", "redis-9.elb.example");
  t.pass(10);
  expect(t.traffic.totals().failed).toBeGreaterThan(10 * 90);
  expect(reasons(t)[0]).toContain("redis-9.elb.example, a name at which nothing answers");
});

test("two full fleets together exceed a database's limit, and it refuses the excess", () => {
  const stores = [
    { name: "orders", host: "orders.db.example", connectionsMax: 60, connectionsPerPod: { "shop/cart": 20 } },
  ];
  const t = trial(shop({}, { datastores: stores }));
  t.pass(60);
  t.target.scale("shop/cart", 1);
  t.pass(60);
  expect(t.traffic.totals().failed).toBe(0);
  t.target.scale("shop/cart", 2);
  t.pass(10);
  const { failed } = t.traffic.totals();
  expect(failed).toBeGreaterThan(10 * 23);
  expect(failed).toBeLessThan(10 * 27);
  expect(reasons(t)).toEqual(["orders refuses connections: 80 are wanted and its limit is 60"]);
});

test("a database that each cluster has for itself counts each side alone", () => {
  const stores = [
    { name: "orders", host: "redis:6379", connectionsMax: 60, connectionsPerPod: { "shop/cart": 20 } },
  ];
  const t = trial(shop({}, { datastores: stores }));
  fill(t);
  t.pass(60);
  expect(t.traffic.totals().failed).toBe(0);
});

test.each([
  ["its list lacks the target's addresses", ["198.51.100.1"], true],
  ["its list has the network of both", ["198.51.100.0/24"], false],
  ["it has no list", [], false],
])("a third party drops requests where %s", (_, allows, drops) => {
  const plan = shop(
    {},
    { thirdParties: [{ name: "payments", host: "pay.example", allows, calledBy: ["shop/cart"] }] },
  );
  const t = trial({
    ...plan,
    settings: { ...plan.settings, target: { ...plan.settings.target, egressAddresses: ["198.51.100.9"] } },
  });
  fill(t);
  t.dns.point({ target: 1 });
  t.pass(10);
  expect(t.traffic.totals().failed > 0).toBe(drops);
  if (drops) expect(reasons(t)[0]).toContain("the firewall of payments drops 198.51.100.9");
});

test("inside an announced pause attempts count as paused, and after it as failed", () => {
  const t = trial();
  t.pass(60);
  t.traffic.announcePause("shop/redis", 20);
  t.source.scale("shop/redis", 0);
  t.pass(30);
  t.source.scale("shop/redis", 1);
  t.pass(60);
  const { paused, failed } = t.traffic.totals();
  expect(paused).toBeGreaterThan(20 * 94);
  expect(paused).toBeLessThan(20 * 106);
  expect(failed).toBeGreaterThan(10 * 94);
  expect(failed).toBeLessThan(10 * 106);
});

test("a pause excuses only what the paused workload fails", () => {
  const t = trial();
  t.pass(60);
  t.traffic.announcePause("shop/redis", 60);
  t.source.scale("shop/cart", 0);
  t.pass(10);
  expect(t.traffic.totals().paused).toBe(0);
  expect(t.traffic.totals().failed).toBeGreaterThan(10 * 94);
});

test("what the control run fails as well is not the move's doing", () => {
  const rate = 30;
  const from = trial().clock.now() + 60_000;
  const control = {
    failing: (_: string, a: number, b: number) => {
      const [start, end] = [Math.max(a, from), Math.min(b, from + 10_000)];
      return start < end ? [{ from: start, to: end, requestsPerSecond: rate }] : [];
    },
  };
  const t = trial(shop(), control);
  t.pass(60);
  t.source.scale("shop/redis", 0);
  t.pass(20);
  t.source.scale("shop/redis", 1);
  t.pass(10);
  const { failed, failedAnyway } = t.traffic.totals();
  expect(failed).toBeGreaterThan(20 * 95 - 300);
  expect(failed).toBeLessThan(20 * 105 - 300);
  expect(failedAnyway).toBeGreaterThan(300);
});

test("hosts that come from an Ingress go through the controller's pods, and only where the Ingress is", () => {
  const ingress = {
    metadata: { name: "shop", namespace: "shop" },
    spec: { rules: [{ host: "shop.platform.example" }] },
  };
  const object = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", ...ingress };
  const controller = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "edge", namespace: "edge" },
    spec: {
      template: { spec: { containers: [{ image: "registry.k8s.io/ingress-nginx/controller:v1.12.0" }] } },
    },
  };
  const base = shop();
  const plan = {
    ...base,
    objects: [object, controller],
    workloads: [...base.workloads, workload("edge/edge", { class: "core" })],
  };
  const t = trial(plan);
  t.source.put(object);
  t.pass(60);
  expect(t.traffic.totals().failed).toBe(0);
  fill(t);
  t.dns.point({ target: 1 });
  t.pass(10);
  expect(reasons(t)[0]).toBe(
    "shop.platform.example resolves to the target cluster, which has no Ingress for it",
  );
  t.target.put(object);
  const before = t.traffic.totals().failed;
  t.pass(10);
  expect(t.traffic.totals().failed).toBe(before);
  t.target.scale("edge/edge", 0);
  t.pass(10);
  expect(t.traffic.totals().failed).toBeGreaterThan(before + 10 * 90);
  expect(reasons(t).at(-1)).toBe("no ready endpoint of edge/edge in the target cluster");
});
