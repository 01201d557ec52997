/**
 * A metrics base in front of the simulated world: the instant queries of the Prometheus HTTP API, one endpoint for each cluster.
 * https://prometheus.io/docs/prometheus/latest/querying/api/
 */

import type { HttpRequest, HttpResponse } from "../../adapters/http.ts";
import type { Side } from "../../domain/phases.ts";
import type { MetricsWorld } from "../world/metrics.ts";
import type { HttpService } from "../world/types.ts";
import { evaluateQuery, type Result } from "./promql/evaluate.ts";
import { ExecutionError } from "./promql/failures.ts";
import { ParseError, parse } from "./promql/parse.ts";

/** Answers GET and POST of `…/api/v1/query` for one side; refuses what isn't PromQL or isn't supported, with the reason. */
export const makeMetricsService =
  (side: Side, world: MetricsWorld, now: () => number): HttpService =>
  (request) => {
    const url = new URL(request.url);
    if (!url.pathname.endsWith("/api/v1/query")) {
      return failure(
        404,
        "not_found",
        `there is nothing at ${url.pathname}; instant queries are at /api/v1/query`,
      );
    }
    if (request.method !== "GET" && request.method !== "POST")
      return failure(405, "bad_data", "use GET or POST");
    const parameters = parametersOf(request, url);
    if (!parameters) return failure(400, "bad_data", "a POST carries application/x-www-form-urlencoded");
    const at = timeOf(parameters.get("time"), now());
    if (at === undefined)
      return failure(400, "bad_data", `invalid parameter "time": ${parameters.get("time")}`);
    return answer(parameters.get("query") ?? "", at, (name, matches, from, to, equal) =>
      world.scraped(side, name, matches, from, to, equal),
    );
  };

const parametersOf = (request: HttpRequest, url: URL): URLSearchParams | undefined => {
  if (request.method === "GET") return url.searchParams;
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) return undefined;
  return new URLSearchParams([...new URLSearchParams(request.body ?? ""), ...url.searchParams]);
};

/** Unix seconds or RFC 3339, in milliseconds; the present where nothing is said. */
const timeOf = (text: string | null, now: number): number | undefined => {
  if (text === null) return now;
  const at = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(at) ? at : undefined;
};

const answer = (query: string, at: number, scraped: Parameters<typeof evaluateQuery>[1]): HttpResponse => {
  try {
    return success(evaluateQuery(parse(query), scraped, at), at / 1000);
  } catch (error) {
    if (error instanceof ParseError)
      return failure(400, "bad_data", `invalid parameter "query": ${error.message}`);
    if (error instanceof ExecutionError) return failure(422, "execution", error.message);
    throw error;
  }
};

const success = (result: Result, at: number): HttpResponse => {
  if ("range" in result) {
    const series = result.range.map(({ labels, samples }) => ({
      metric: labels,
      values: samples.map((s) => [s.at / 1000, text(s.value)]),
    }));
    return reply(200, { status: "success", data: { resultType: "matrix", result: series } });
  }
  const data =
    "scalar" in result
      ? { resultType: "scalar", result: [at, text(result.scalar)] }
      : {
          resultType: "vector",
          result: result.vector.map((e) => ({ metric: e.labels, value: [at, text(e.value)] })),
        };
  return reply(200, { status: "success", data });
};

const text = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);

const failure = (status: number, errorType: string, error: string): HttpResponse =>
  reply(status, { status: "error", errorType, error });

const reply = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
