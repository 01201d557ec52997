/** HTTP and DNS through the seam: what counts as a change, what a strike answers, and who isn't let through. */

import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../adapters/http.ts";
import type { Needs } from "../../functions/step.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { kubernetesAction, makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";
import { bench, on } from "./seam-bench.ts";

describe("HTTP through the seam", () => {
  const http = (fault?: FaultHook, listens = true) => {
    const base = bench(fault);
    const asked: { request: HttpRequest; may: boolean }[] = [];
    const exchange = makeExchange(base.seam, {
      "api.source.example": {
        service: "kubernetes",
        side: "source",
        listens: () => listens,
        handle: (request, caller) => {
          asked.push({ request, may: caller.mayKubernetes("source", "patch", "deployments/scale") });
          return { status: 200, headers: {}, body: "{}" };
        },
      },
      "metrics.source.example": {
        service: "metrics",
        side: "source",
        handle: () => ({ status: 200, headers: {}, body: "{}" }),
      },
      "slack.example": {
        service: "slack",
        handle: () => ({ status: 200, headers: {}, body: '{"ok":true}' }),
      },
    });
    return { ...base, exchange, asked };
  };
  const scale = "https://api.source.example/apis/apps/v1/namespaces/shop/deployments/cart/scale";
  const request = (method: HttpRequest["method"], url: string): HttpRequest => ({ method, url, headers: {} });

  it.each([
    ["PATCH", scale, true],
    ["GET", scale, false],
    ["POST", "https://api.source.example/api/v1/namespaces/shop/pods?dryRun=All", false],
    ["DELETE", "https://api.source.example/api/v1/namespaces/shop/pods/a", true],
    ["POST", "https://api.source.example/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", false],
    ["POST", "https://metrics.source.example/api/v1/query", false],
    ["POST", "https://slack.example/api/chat.postMessage", true],
  ] as const)("%s %s is mutating: %s", async (method, url, mutating) => {
    const { exchange, start, runAll, observed } = http();
    const needs: Needs = { metrics: ["query"], slack: ["chat.postMessage"] };
    const { ended } = start(() => exchange(request(method, url)), needs);
    await runAll();
    expect(await ended).toMatchObject({ value: { status: 200 } });
    expect(observed.map((call) => call.mutating)).toEqual([mutating]);
  });

  it.each([
    ["PATCH", "/apis/apps/v1/namespaces/shop/deployments/cart/scale", "patch deployments/scale"],
    ["GET", "/api/v1/namespaces/shop/pods", "list pods"],
    ["GET", "/api/v1/namespaces", "list namespaces"],
    ["GET", "/api/v1/namespaces/shop", "get namespaces"],
    ["GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/view", "get clusterroles"],
    ["POST", "/api/v1/namespaces/shop/pods/a/eviction", "create pods/eviction"],
    ["GET", "/version", "get /version"],
  ] as const)("%s %s is '%s'", (method, path, action) => {
    expect(kubernetesAction(method, path)).toBe(action);
  });

  it.each([
    ["throttled", 429],
    ["conflict", 409],
    ["server-error", 500],
  ] as const)("%s is an answer with status %i in the service's own shape", async (kind, status) => {
    const { exchange, start, runAll, asked } = http(on("before", { kind }));
    const { ended } = start(() => exchange(request("PATCH", scale)));
    await runAll();
    const { value } = (await ended) as {
      value: { status: number; body: string; headers: Record<string, string> };
    };
    expect(value.status).toBe(status);
    expect(JSON.parse(value.body)).toMatchObject({ kind: "Status", code: status });
    expect(value.headers["retry-after"]).toBe(status === 429 ? "1" : undefined);
    expect(asked).toEqual([]);
  });

  it("a lost answer, a host that nobody knows and a port where nothing listens reject", async () => {
    const lost = http(on("after", { kind: "answer-lost" }));
    const first = lost.start(() => lost.exchange(request("PATCH", scale)));
    const second = lost.start(() => lost.exchange(request("GET", "https://nowhere.example/")));
    await lost.runAll();
    expect(await first.ended).toMatchObject({ error: { code: "ETIMEDOUT" } });
    expect(lost.asked).toHaveLength(1);
    expect(await second.ended).toMatchObject({ error: { code: "ENOTFOUND" } });
    const deaf = http(undefined, false);
    const third = deaf.start(() => deaf.exchange(request("GET", scale)));
    await deaf.runAll();
    expect(await third.ended).toMatchObject({ error: { code: "ECONNREFUSED" } });
  });

  it("metrics, Slack and DNS that aren't declared are denied; Kubernetes judges by the caller", async () => {
    const { exchange, start, runAll, asked, seam } = http();
    const askDns = makeAskDns(seam, { answer: (_server, message) => message });
    const results = [
      start(() => exchange(request("GET", "https://metrics.source.example/api/v1/query")), {}),
      start(() => exchange(request("POST", "https://slack.example/api/chat.postMessage")), {}),
      start(() => askDns("ns", new Uint8Array([1])), {}),
      start(() => askDns("ns", new Uint8Array([1])), { dns: ["ask"] }),
      start(() => exchange(request("PATCH", scale)), { kubernetes: { source: ["patch deployments/scale"] } }),
      start(() => exchange(request("PATCH", scale)), { kubernetes: { target: ["patch deployments/scale"] } }),
    ];
    await runAll();
    const [metrics, slack, dns, declared] = await Promise.all(results.map((r) => r.ended));
    expect(metrics).toMatchObject({ value: { status: 403 } });
    expect(slack).toMatchObject({ value: { body: expect.stringContaining("missing_scope") } });
    expect(dns).toMatchObject({ error: { code: "EPERM" } });
    expect(declared).toEqual({ value: new Uint8Array([1]) });
    expect(asked.map((a) => a.may).sort()).toEqual([false, true]);
  });
});
