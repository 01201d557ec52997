/** The queries that Repot sends, and whose answers they are about. */

import { expect, test } from "vitest";
import * as queries from "../../domain/queries.ts";
import { parse } from "../../simulator/services/promql/parse.ts";
import { shop, workload } from "../simulator/traffic.fixture.ts";

const subject = { cluster: 'the "old" one', namespace: "shop", workload: "web" };

test.each([
  queries.requestRate(subject),
  queries.errorShare(subject),
  queries.statusRates(subject, "30m"),
  queries.latencyQuantile(0.995, subject),
  queries.requestCount(subject),
  queries.scrapeCount(subject),
  queries.newestSample(subject),
  queries.peakRequestRate(subject),
  queries.edgeRequestRate("old", "shop.platform.example"),
  queries.openConnections("old"),
  queries.newConnectionRate("old"),
  queries.datastoreConnections("old", "orders"),
  queries.groupLag("old", "readers"),
  queries.queueDepth("old", "mail"),
])("is PromQL, and names its cluster: %s", (query) => {
  expect(() => parse(query)).not.toThrow();
  expect(query).toContain("cluster=");
});

test("a request needs what its workloads call, round and round, but no telemetry, no load generator and nothing that never runs", () => {
  const base = shop();
  const [web, ...rest] = base.workloads;
  if (!web) throw new Error("The shop has no workload.");
  const calls = ["shop/idle", "shop/loader", "shop/nowhere"].map((service) => ({ service, field: "env" }));
  const plan = {
    ...base,
    workloads: [
      { ...web, calls: [...web.calls, ...calls] },
      ...rest,
      workload("shop/idle", { replicas: 0 }),
      workload("shop/loader", { loadGenerator: true }),
      workload("shop/worker", { services: [], calls: [{ service: "shop/cart", field: "env" }] }),
    ],
  };
  expect(queries.neededCalls(plan).get("shop/web")).toEqual(["shop/cart"]);
  expect(queries.neededCalls(plan).get("shop/cart")).toEqual(["shop/redis", "shop/web"]);
  expect([...queries.receivesRequests(plan)].sort()).toEqual(["shop/cart", "shop/redis", "shop/web"]);
});
