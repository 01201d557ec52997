/**
 * The contract of a metrics base: the shapes and refusals of the Prometheus HTTP API that Repot's adapter relies on. Run against the
 * simulated one always, and against a real one where REPOT_TEST_PROMETHEUS names its base URL (it has to scrape itself).
 */

import { describe, expect, test } from "vitest";
import type { Exchange } from "../../adapters/http.ts";
import { makeMetrics } from "../../adapters/metrics.ts";
import { AnswerLost, Forbidden, Invalid, NotFound, Throttled, Transient } from "../../domain/errors.ts";
import { makeMetricsService } from "../../simulator/services/metrics.ts";
import type { MetricsWorld } from "../../simulator/world/metrics.ts";
import type { Caller } from "../../simulator/world/types.ts";

const caller: Caller = { name: "test", kind: "step", user: "test", groups: [], mayKubernetes: () => true };
const BASE = "https://metrics.example";
const NOW = Date.UTC(2026, 2, 3, 2);

/** One counter and one histogram, scraped every 15 s for an hour: 2 requests a second, latencies even between 0 and 1 s. */
const world: MetricsWorld = {
  scraped: (_, name, matches, from, to) => {
    const series = (labels: Readonly<Record<string, string>>, perSecond: number) => ({
      labels: { __name__: name, job: "self", ...labels },
      samples: Array.from({ length: 241 }, (_, i) => NOW - 3_600_000 + i * 15_000)
        .filter((at) => at > from && at <= to)
        .map((at) => ({ at, value: name === "up" ? 1 : 5_000 + ((at - NOW) / 1000 + 3_600) * perSecond })),
    });
    const all: Record<string, ReturnType<typeof series>[]> = {
      up: [series({}, 0)],
      requests_total: [series({ code: "200" }, 1.5), series({ code: "500" }, 0.5)],
      seconds_bucket: ["0.25", "0.5", "1", "+Inf"].map((le) =>
        series({ le }, 2 * Math.min(1, Number(le.replace("+Inf", "1")))),
      ),
    };
    return (all[name] ?? []).filter((s) => matches(s.labels));
  },
  strike: () => {},
  heal: () => {},
};
const service = makeMetricsService("source", world, () => NOW);
const simulated: Exchange = async (request) => service(request, caller);

const real: Exchange = async (request) => {
  const response = await fetch(request.url, {
    method: request.method,
    headers: request.headers,
    ...(request.body === undefined ? {} : { body: request.body }),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
};
const realBase = process.env["REPOT_TEST_PROMETHEUS"];

const form = { "content-type": "application/x-www-form-urlencoded" };

describe.each<[string, Exchange, string | undefined]>([
  ["the simulated metrics base", simulated, BASE],
  ["a real metrics base (REPOT_TEST_PROMETHEUS)", real, realBase],
])("%s", (_, http, base) => {
  const it = test.skipIf(base === undefined);
  const get = (query: string) =>
    http({ method: "GET", url: `${base}/api/v1/query?query=${encodeURIComponent(query)}`, headers: {} });

  it("answers GET and a POSTed form alike: a vector of labels, a time in seconds and a value as text", async () => {
    const body = new URLSearchParams({ query: "up == 1" }).toString();
    const posted = await http({ method: "POST", url: `${base}/api/v1/query`, headers: form, body });
    for (const response of [await get("up == 1"), posted]) {
      expect(response.status).toBe(200);
      const { status, data } = JSON.parse(response.body);
      expect([status, data.resultType]).toEqual(["success", "vector"]);
      expect(data.result[0].metric["__name__"]).toBe("up");
      expect(data.result[0].value).toEqual([expect.any(Number), "1"]);
    }
  });

  it("answers a scalar and an empty vector in their own shapes", async () => {
    expect(JSON.parse((await get("1 + 2 * 3")).body).data).toEqual({
      resultType: "scalar",
      result: [expect.any(Number), "7"],
    });
    expect(JSON.parse((await get("sum(no_such_metric)")).body).data).toEqual({
      resultType: "vector",
      result: [],
    });
    expect(JSON.parse((await get("vector(0) / vector(0)")).body).data.result[0].value[1]).toBe("NaN");
  });

  it("puts series of several questions side by side, each with a label of its own", async () => {
    const marked = (query: string, mark: string) => `label_replace(${query}, "question", "${mark}", "", "")`;
    const { data } = JSON.parse(
      (await get(`${marked("vector(1)", "a")} or ${marked("vector(2)", "b")}`)).body,
    );
    const found = data.result.map((r: { metric: Record<string, string>; value: readonly string[] }) => [
      r.metric["question"],
      r.value[1],
    ]);
    expect(found.sort()).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });

  it("answers a range as a matrix", async () => {
    const { data } = JSON.parse((await get("up[2m]")).body);
    expect(data.resultType).toBe("matrix");
    expect(data.result[0].values.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    "sum(",
    "rate(up)",
    "up{job=}",
    "up[5x]",
    "no_such_function(up)",
    "sum(rate(up[5m])",
    "up offset 5m foo",
  ])("refuses %s with status and reason", async (query) => {
    const response = await get(query);
    expect([400, 422]).toContain(response.status);
    expect(JSON.parse(response.body)).toMatchObject({
      status: "error",
      errorType: expect.any(String),
      error: expect.any(String),
    });
  });
});

const value = async (query: string): Promise<number> => {
  const body = new URLSearchParams({ query }).toString();
  const response = await simulated({ method: "POST", url: `${BASE}/api/v1/query`, headers: form, body });
  const { data } = JSON.parse(response.body);
  return Number(data.resultType === "scalar" ? data.result[1] : data.result[0]?.value[1]);
};

test.each([
  ["sum(rate(requests_total[5m]))", 2],
  ["sum(increase(requests_total[10m]))", 1_200],
  ['sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))', 0.25],
  ['(sum(rate(requests_total{code="418"}[5m])) or vector(0)) / sum(rate(requests_total[5m]))', 0],
  ['sum(rate(requests_total{code!~"5.."}[5m]))', 1.5],
  ["histogram_quantile(0.99, sum by (le) (rate(seconds_bucket[5m])))", 0.99],
  ["histogram_quantile(0.1, sum(rate(seconds_bucket[5m])) by (le))", 0.1],
  ["max(count_over_time(requests_total[5m]))", 20],
  ["max(timestamp(requests_total))", NOW / 1000],
  ["max_over_time(sum(rate(requests_total[5m]))[30m:5m])", 2],
  ["count(requests_total > 5000)", 2],
  ["2 - 3 - 4", -5],
  ["-(2 + 3) * 2", -10],
  ['count(label_replace(requests_total, "class", "$1xx", "code", "(.)..") or requests_total)', 4],
  [
    'sum(label_replace(requests_total, "code", "200", "code", "200") or requests_total) - sum(requests_total)',
    0,
  ],
  ["time()", NOW / 1000],
])("%s is %d", async (query, expected) => {
  expect(await value(query)).toBeCloseTo(expected, 6);
});

test.each([
  ["requests_total + on (code) requests_total", 400],
  ["sum without (code) (requests_total)", 400],
  ["requests_total offset 5m", 400],
  ["topk(1, requests_total)", 400],
  ["requests_total[5m] + 1", 422],
  ["rate(requests_total)", 422],
  ['requests_total{code=~"("}', 422],
  ['label_replace(requests_total, "code", "1", "", "")', 422],
  ['label_replace(requests_total, "a b", "1", "", "")', 422],
  ['label_replace(requests_total, "a", "1", "code", "(")', 422],
  ["label_replace(requests_total, 1, 2, 3, 4)", 422],
  ['"text"', 422],
])("what isn't computed here is refused, not guessed: %s", async (query, status) => {
  expect(
    (
      await simulated({
        method: "GET",
        url: `${BASE}/api/v1/query?query=${encodeURIComponent(query)}`,
        headers: {},
      })
    ).status,
  ).toBe(status);
});

describe("the adapter", () => {
  const metricsOver = (http: Exchange) =>
    makeMetrics({
      http,
      endpoints: { metrics: { source: BASE, target: `${BASE}/target` } },
      now: () => new Date(NOW),
    });

  test.each([
    [400, Invalid],
    [422, Invalid],
    [401, Forbidden],
    [403, Forbidden],
    [404, NotFound],
    [429, Throttled],
    [500, Transient],
    [503, Transient],
  ])("turns status %d into an error of the domain", async (status, error) => {
    const http: Exchange = async () => ({ status, headers: {}, body: "no" });
    await expect(metricsOver(http).query("source", "up")).rejects.toBeInstanceOf(error);
  });

  test("says that no answer came", async () => {
    const lost = metricsOver(async () => Promise.reject(new Error("reset")));
    await expect(lost.query("source", "up")).rejects.toBeInstanceOf(AnswerLost);
  });

  test("doesn't take a page that isn't an answer for data", async () => {
    const http: Exchange = async () => ({ status: 200, headers: {}, body: "<html>" });
    await expect(metricsOver(http).query("source", "up")).rejects.toBeInstanceOf(Transient);
  });

  test.each(["NaN", "+Inf"])("takes %s for missing", async (text) => {
    const data = { resultType: "vector", result: [{ metric: {}, value: [NOW / 1000, text] }] };
    const http: Exchange = async () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({ status: "success", data }),
    });
    expect(await metricsOver(http).query("source", "up")).toBe("missing");
    expect(await metricsOver(http).queryBy("source", "up", "code")).toBe("missing");
  });

  test("asks what is asked of one side at the same moment in one request, and each question gets its own series", async () => {
    const sent: string[] = [];
    const metrics = metricsOver(async (request) => {
      sent.push(request.url);
      return simulated(request);
    });
    const codes = metrics.queryBy("source", "sum by (code) (rate(requests_total[5m]))", "code");
    const counted = metrics.measure("source", {
      value: "sum(up)",
      samples: "sum(up)",
      newest: "max(timestamp(up))",
    });
    const [none, elsewhere] = [metrics.query("source", "sum(nothing)"), metrics.query("target", "sum(up)")];
    expect(await codes).toEqual({ "200": expect.closeTo(1.5), "500": expect.closeTo(0.5) });
    expect(await counted).toMatchObject({ value: 1, samples: 1, stale: false });
    expect([await none, await elsewhere]).toEqual(["missing", expect.objectContaining({ value: 1 })]);
    expect(sent).toEqual([`${BASE}/api/v1/query`, `${BASE}/target/api/v1/query`]);
    await metrics.query("source", "sum(up)");
    expect(sent).toHaveLength(3);
  });

  test("a question that is refused spoils no other, and is named (one request for all would fail them all)", async () => {
    const metrics = metricsOver(simulated);
    const asked = ["sum(up)", "sum(up", "max(up)"].map((query) => metrics.query("source", query));
    const [sum, bad, most] = await Promise.allSettled(asked);
    expect([sum, most]).toMatchObject([{ value: { value: 1 } }, { value: { value: 1 } }]);
    expect(bad).toMatchObject({
      reason: { name: "Invalid", message: expect.stringContaining("to sum(up:") },
    });
  });

  test("sends many questions in several requests: a base bounds the length of a query", async () => {
    let requests = 0;
    const metrics = metricsOver(async (request) => {
      requests += 1;
      return simulated(request);
    });
    const numbers = Array.from({ length: 25 }, (_, i) => i);
    const answers = await Promise.all(numbers.map((i) => metrics.query("source", `vector(${i})`)));
    expect(answers.map((a) => (a === "missing" ? a : a.value))).toEqual(numbers);
    expect(requests).toBe(3);
  });

  test("refuses several series where one value was wanted", async () => {
    await expect(metricsOver(simulated).query("source", "requests_total")).rejects.toThrow(/2 series/);
  });
});
