/** What the metrics base says of the world: true figures, honest gaps, and the four ways in which it can be made to lie. */

import { expect, test } from "vitest";
import { type Metrics, makeMetrics } from "../../adapters/metrics.ts";
import { Invalid } from "../../domain/errors.ts";
import * as queries from "../../domain/queries.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeMetricsService } from "../../simulator/services/metrics.ts";
import { METRIC_FAULTS, type MetricsWorld, makeMetricsWorld } from "../../simulator/world/metrics.ts";
import type { Caller } from "../../simulator/world/types.ts";
import { fill, shop, type Trial, trial } from "./traffic.fixture.ts";

const caller: Caller = { name: "test", kind: "step", user: "test", groups: [], mayKubernetes: () => true };

const metricsOf = (t: Trial): { metrics: Metrics; world: MetricsWorld } => {
  const world = makeMetricsWorld({ ...t, random: makeRandom(7) });
  const services = {
    source: makeMetricsService("source", world, () => t.clock.now()),
    target: makeMetricsService("target", world, () => t.clock.now()),
  };
  const metrics = makeMetrics({
    http: async (request) =>
      services[request.url.includes("//source") ? "source" : "target"](request, caller),
    endpoints: {
      metrics: { source: "https://source.metrics.example", target: "https://target.metrics.example" },
    },
    now: () => new Date(t.clock.now()),
  });
  return { metrics, world };
};

const web = { cluster: "old", namespace: "shop", workload: "web" };
const webThere = { ...web, cluster: "new" };

test("before anything moved the base knows the day before", async () => {
  const { metrics } = metricsOf(
    trial(
      shop(
        {},
        { load: [{ host: "shop.platform.example", requestsPerSecond: 100, peakFactor: 2, peakHour: 20 }] },
      ),
    ),
  );
  const peak = await metrics.query("source", queries.peakRequestRate(web));
  const now = await metrics.query("source", queries.requestRate(web));
  expect(peak).toMatchObject({ stale: false });
  if (peak === "missing" || now === "missing") throw new Error("There is no history.");
  expect(peak.value).toBeGreaterThan(190);
  expect(peak.value).toBeLessThan(210);
  expect(now.value).toBeLessThan(100);
});

test("rate, error share, status mix and percentiles are those of the traffic", async () => {
  const t = trial();
  const { metrics } = metricsOf(t);
  t.pass(900);
  const value = async (text: string) => {
    const answer = await metrics.query("source", text);
    return answer === "missing" ? Number.NaN : answer.value;
  };
  const rate = await value(queries.requestRate(web));
  expect(rate / t.traffic.arriving("source").requestsPerSecond).toBeCloseTo(1, 1);
  expect(await value(queries.errorShare(web))).toBeCloseTo(0.01, 6);
  expect(await value(queries.requestCount(web))).toBeCloseTo(rate * 300, 0);
  const mix = await metrics.queryBy("source", queries.statusRates(web), "code");
  if (mix === "missing") throw new Error("There is no mix.");
  expect(Object.keys(mix).sort()).toEqual(["200", "204", "404", "500"]);
  expect((mix["204"] ?? 0) / rate).toBeCloseTo(0.3, 6);
  t.traffic.flush();
  const line = t.events.findLast((e) => e.type === "traffic");
  const p99 = (await value(queries.latencyQuantile(0.99, web))) * 1000;
  // Buckets are a quarter wide each.
  const ratio = p99 / (line?.type === "traffic" ? (line.source.p99Ms ?? 0) : 0);
  expect(Math.abs(ratio - 1)).toBeLessThan(0.125);
  expect(await value(queries.latencyQuantile(0.995, web))).toBeGreaterThan(p99 / 1000);
});

test("a failing callee shows in the caller's error share on that side only", async () => {
  const t = trial();
  fill(t);
  const { metrics } = metricsOf(t);
  t.dns.point({ source: 0.5, target: 0.5 });
  t.target.scale("shop/redis", 0);
  t.pass(600);
  const there = await metrics.query("target", queries.errorShare(webThere));
  const here = await metrics.query("source", queries.errorShare(web));
  expect(there).toMatchObject({ value: 1 });
  expect(here).not.toBe("missing");
  if (here !== "missing") expect(here.value).toBeCloseTo(0.01, 4);
});

test("what isn't there is missing, not zero: no pods, no requests, another cluster's name", async () => {
  const t = trial();
  const { metrics } = metricsOf(t);
  t.pass(600);
  expect(await metrics.query("target", queries.requestRate(webThere))).toBe("missing");
  expect(await metrics.query("source", queries.requestRate(webThere))).toBe("missing");
  fill(t);
  t.pass(600);
  expect(await metrics.query("target", queries.requestRate(webThere))).toMatchObject({ value: 0 });
  expect(await metrics.query("target", queries.errorShare(webThere))).toBe("missing");
  expect(await metrics.query("target", queries.latencyQuantile(0.99, webThere))).toBe("missing");
});

test("Repot's own load gives the target samples before any client is there, and is no client", async () => {
  const t = trial();
  fill(t);
  const { metrics } = metricsOf(t);
  t.target.scale("repot/load-generator", 1);
  t.pass(600);
  const count = await metrics.query("target", queries.requestCount(webThere));
  expect(count === "missing" ? 0 : count.value).toBeCloseTo(600, -1);
  expect(await metrics.query("target", queries.edgeRequestRate("new"))).toMatchObject({ value: 0 });
  expect(t.traffic.arriving("target").requestsPerSecond).toBe(0);
});

test("edge requests and connections follow the clients", async () => {
  const t = trial();
  fill(t);
  const { metrics } = metricsOf(t);
  t.dns.point({ target: 1 });
  t.pass(120);
  const open = await metrics.query("source", queries.openConnections("old"));
  const fresh = await metrics.query("source", queries.newConnectionRate("old"));
  expect(open === "missing" ? 0 : open.value).toBeGreaterThan(2);
  expect(fresh === "missing" ? -1 : fresh.value).toBeCloseTo(0, 6);
  t.pass(7_200);
  expect(await metrics.query("source", queries.openConnections("old"))).toMatchObject({ value: 0 });
  expect(await metrics.query("source", queries.edgeRequestRate("old"))).toMatchObject({ value: 0 });
});

const samplesOf = (measured: { readonly samples?: number } | "missing"): number =>
  measured === "missing" ? 0 : (measured.samples ?? 0);

test.each(METRIC_FAULTS)(
  "with the fault %s a gate has no fresh value, or too few samples, to pass on",
  async (fault) => {
    const t = trial();
    const { metrics, world } = metricsOf(t);
    t.pass(600);
    const question = {
      value: queries.requestRate(web, "30m"),
      samples: queries.requestCount(web),
      newest: queries.newestSample(web),
      staleAfterSeconds: 180,
    };
    const before = await metrics.measure("source", question);
    expect(before).toMatchObject({ stale: false });
    world.strike("source", fault, 3_600);
    const during = await metrics.measure("source", question);
    if (fault === "late") expect(during).toMatchObject({ stale: true, samples: 0 });
    else if (fault === "sparse") expect(samplesOf(during)).toBeLessThan(samplesOf(before) / 1_000);
    else expect(during).toBe("missing");
    world.heal("source");
    expect(await metrics.measure("source", question)).toEqual(before);
  },
);

test("the age of the newest scrape is told", async () => {
  const t = trial();
  const { metrics } = metricsOf(t);
  t.pass(600);
  const newest = await metrics.query("source", queries.newestSample(web));
  const age = newest === "missing" ? Number.NaN : t.clock.now() / 1000 - newest.value;
  expect(age).toBeGreaterThanOrEqual(0);
  expect(age).toBeLessThan(31);
});

test("a query that isn't PromQL is an error of ours", async () => {
  const { metrics } = metricsOf(trial());
  await expect(metrics.query("source", "sum(rate(x[5m])")).rejects.toThrow(Invalid);
  await expect(metrics.query("source", "predict_linear(x[5m], 60)")).rejects.toThrow(/unknown function/);
});

test("scrapes are missed now and then, and rates survive it", () => {
  const t = trial();
  const { world } = metricsOf(t);
  t.pass(86_400);
  const [series] = world.scraped(
    "source",
    "http_requests_total",
    (l) => l["workload"] === "web",
    t.clock.now() - 86_400_000,
    t.clock.now(),
  );
  const missed = 5_760 - (series?.samples.length ?? 0);
  expect(missed).toBeGreaterThan(2);
  expect(missed).toBeLessThan(40);
});
