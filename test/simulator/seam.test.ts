/** The seam: who calls is known, what isn't declared is denied, faults strike where they say, time passes, and crashes end a step. */

import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../adapters/http.ts";
import type { Needs } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import {
  Crashed,
  endInvocation,
  type FaultHook,
  type Invocation,
  makeSeam,
  type Observed,
  type Strike,
  withInvocation,
} from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { kubernetesAction, makeAskDns, makeExchange } from "../../simulator/services/seam-wire.ts";

const NEEDS: Needs = { s3: ["PutObject", "GetObject", "ListBucket"] };
const BUCKET = "memory";

const bench = (fault?: FaultHook) => {
  const clock = new Clock(0);
  const observed: Observed[] = [];
  const permissions: string[] = [];
  const seam = makeSeam({
    clock,
    random: makeRandom(3),
    onCall: (call) => observed.push(call),
    onPermission: (step, service, action, allowed) =>
      permissions.push(`${step} ${service}:${action} ${allowed}`),
    isPlanned: (resource) => resource === "deployments",
    ...(fault ? { fault } : {}),
  });
  const s3 = makeS3({ bucket: BUCKET, clock, random: makeRandom(1) });
  const aws = makeAwsClients(seam, { s3: s3.handlers });
  const crashes: Crashed[] = [];
  /** Starts a step; `run` the clock afterwards. */
  const start = <T>(run: () => Promise<T>, needs = NEEDS, step = "a-step") => {
    const state: { outcome?: T | unknown; invocation: Invocation } = {
      invocation: { step, needs, execution: "e", crash: (reason) => crashes.push(reason) },
    };
    const { promise: crashed, resolve } = Promise.withResolvers<"crashed">();
    const invocation = {
      ...state.invocation,
      crash: (reason: Crashed) => (crashes.push(reason), resolve("crashed")),
    };
    state.invocation = invocation;
    const ended = clock
      .task(step, () => withInvocation(invocation, () => Promise.race([run(), crashed])))
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error: error as Error & { $metadata?: { httpStatusCode?: number } } }),
      );
    return { ended, invocation };
  };
  const runAll = () => clock.run(() => false);
  return { clock, seam, s3, aws, observed, permissions, crashes, start, runAll };
};

const put = (Key: string) => new PutObjectCommand({ Bucket: BUCKET, Key, Body: "1", IfNoneMatch: "*" });
const get = (Key: string) => new GetObjectCommand({ Bucket: BUCKET, Key });

const on =
  (moment: "before" | "after", strike: Strike): FaultHook =>
  (call) =>
    call.mutating && call.moment === moment ? strike : undefined;

describe("a strike on a call", () => {
  it.each([
    ["answer-lost", "before", "TimeoutError", false],
    ["answer-lost", "after", "TimeoutError", true],
    ["throttled", "before", "SlowDown", false],
    ["conflict", "before", "ConditionalRequestConflict", false],
    ["server-error", "before", "InternalError", false],
  ] as const)("%s %s the effect gives %s", async (kind, moment, name, applied) => {
    const { start, runAll, aws, s3 } = bench(on(moment, { kind }));
    const { ended } = start(() => aws.s3.send(put("a")));
    await runAll();
    expect((await ended) as { error: Error }).toMatchObject({ error: { name } });
    expect(s3.get("a") !== undefined).toBe(applied);
  });

  it.each([
    ["before", false],
    ["after", true],
  ] as const)(
    "a crash %s the effect ends the step, and no catch of its can see it",
    async (moment, applied) => {
      const { start, runAll, aws, s3, crashes } = bench(on(moment, { kind: "crash" }));
      const seen: string[] = [];
      const { ended } = start(async () => {
        try {
          await aws.s3.send(put("a"));
          seen.push("answered");
        } catch {
          seen.push("caught");
        } finally {
          seen.push("finally");
        }
      });
      await runAll();
      expect(await ended).toEqual({ value: "crashed" });
      expect(seen).toEqual([]);
      expect(crashes).toHaveLength(1);
      expect(crashes[0]).toBeInstanceOf(Crashed);
      expect(s3.get("a") !== undefined).toBe(applied);
    },
  );

  it("what a crashed step would have sent afterwards is never sent; what was under way arrives", async () => {
    let count = 0;
    const { start, runAll, aws, s3 } = bench((call) => {
      if (call.moment === "after") count += 1;
      return count === 1 && call.moment === "after" ? { kind: "crash" } : undefined;
    });
    const { ended } = start(async () => {
      await Promise.all([
        aws.s3.send(put("first")),
        aws.s3.send(put("under-way")),
        aws.s3.send(get("nothing")).catch(() => aws.s3.send(put("too-late"))),
      ]);
    });
    await runAll();
    expect(await ended).toEqual({ value: "crashed" });
    expect([...s3.keys("")].sort()).toEqual(["first", "under-way"]);
  });

  it("an answer instead of the effect can't come after the effect", async () => {
    const { start, runAll, aws } = bench(on("after", { kind: "throttled" }));
    const { ended } = start(() => aws.s3.send(put("a")));
    await runAll();
    expect(await ended).toMatchObject({ error: { message: expect.stringContaining("can't strike after") } });
  });

  it("strikes only what the hook names: reads go through", async () => {
    const { start, runAll, aws, s3 } = bench(on("before", { kind: "crash" }));
    s3.put("a", "1");
    const { ended } = start(async () => (await aws.s3.send(get("a"))).Body?.transformToString());
    await runAll();
    expect(await ended).toEqual({ value: "1" });
  });

  it("a lost answer takes as long as a client waits", async () => {
    const { start, runAll, aws, clock } = bench(on("after", { kind: "answer-lost" }));
    const { ended } = start(() => aws.s3.send(put("a")));
    await runAll();
    await ended;
    expect(clock.now()).toBeCloseTo(5_000, 0);
  });
});

describe("permissions", () => {
  it("an undeclared call is denied as the service denies it, and changes nothing", async () => {
    const { start, runAll, aws, s3, seam, permissions, observed } = bench();
    const { ended } = start(() => aws.s3.send(put("a")), { s3: ["GetObject"] });
    await runAll();
    expect(await ended).toMatchObject({
      error: {
        name: "AccessDenied",
        message: expect.stringContaining("is not authorized to perform: s3:PutObject"),
        $metadata: { httpStatusCode: 403 },
      },
    });
    expect(s3.keys("")).toEqual([]);
    expect(seam.permissions.denied.get("a-step")).toEqual(new Set(["s3:PutObject"]));
    expect(permissions).toEqual(["a-step s3:PutObject false"]);
    expect(observed.map((call) => call.outcome)).toEqual(["denied"]);
  });

  it("lists what was declared and never used, by step", async () => {
    const { start, runAll, aws, seam } = bench();
    const needs: Needs = {
      s3: ["PutObject", "GetObject"],
      kubernetes: { target: ["patch deployments/scale", "get planned"] },
    };
    const { ended, invocation } = start(() => aws.s3.send(put("a")), needs);
    await runAll();
    await ended;
    expect(seam.permissions.mayKubernetes(invocation, "target", "get", "deployments")).toBe(true);
    expect(seam.permissions.mayKubernetes(invocation, "target", "get", "secrets")).toBe(false);
    expect(seam.permissions.mayKubernetes(invocation, "source", "get", "deployments")).toBe(false);
    expect(
      seam.permissions.unused([
        { name: "a-step", needs },
        { name: "b-step", needs: { sts: ["GetCallerIdentity"] } },
      ]),
    ).toEqual({
      "a-step": ["kubernetes:target:patch deployments/scale", "s3:GetObject"],
      "b-step": ["sts:GetCallerIdentity"],
    });
  });

  it("a call outside of any step is a mistake", async () => {
    const { aws } = bench();
    await expect(aws.s3.send(get("a"))).rejects.toThrow("outside of a step");
  });

  it("a service without a simulation refuses clearly", async () => {
    const { start, runAll, aws } = bench();
    const needs = { sts: ["GetCallerIdentity"], route53: ["ChangeResourceRecordSets"] };
    const { ended } = start(() => aws.sts.send(new GetCallerIdentityCommand({})), needs);
    const other = start(
      () =>
        aws.route53.send(
          new ChangeResourceRecordSetsCommand({ HostedZoneId: "Z", ChangeBatch: { Changes: [] } }),
        ),
      needs,
    );
    await runAll();
    expect(await ended).toMatchObject({
      error: { message: expect.stringContaining("doesn't simulate sts:GetCallerIdentity") },
    });
    expect(await other.ended).toMatchObject({ error: { name: "NotSimulated" } });
  });
});

describe("time and order", () => {
  it("the same seed gives the same latencies, and two services don't share a stream", async () => {
    const run = async () => {
      const { start, runAll, aws, clock } = bench();
      const { ended } = start(async () => {
        const times: number[] = [];
        for (let i = 0; i < 5; i += 1) {
          await aws.s3.send(put(`k${i}`));
          times.push(clock.now());
        }
        return times;
      });
      await runAll();
      return ended;
    };
    const first = await run();
    expect(first).toEqual(await run());
    const times = (first as { value: number[] }).value;
    expect(new Set(times.map((t, i) => t - (times[i - 1] ?? 0))).size).toBe(5);
  });

  it("an invocation that was ended gets no answer any more", async () => {
    const { start, clock, aws, s3 } = bench();
    let answered = false;
    const { invocation } = start(async () => {
      await aws.s3.send(put("a"));
      answered = true;
    });
    clock.after(1, () => endInvocation(invocation));
    await clock.run(() => clock.now() > 10_000).catch(() => {});
    expect(answered).toBe(false);
    expect(s3.get("a")).toBe("1");
  });

  it("makes tens of thousands of calls a second", async () => {
    const { start, runAll, aws, s3 } = bench();
    s3.put("a", "1");
    const calls = 5_000;
    const began = performance.now();
    const { ended } = start(async () => {
      for (let i = 0; i < calls; i += 1) await aws.s3.send(get("a"));
    });
    await runAll();
    await ended;
    // Generous: the figure that matters is in the bench; this catches a real timer or a thread-pool hop.
    expect((performance.now() - began) / calls).toBeLessThan(1);
  });
});

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
