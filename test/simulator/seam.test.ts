/** The seam: who calls is known, what isn't declared is denied, faults strike where they say, time passes, and crashes end a step. */

import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, it, vi } from "vitest";
import type { Needs } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import {
  Crashed,
  endInvocation,
  type Invocation,
  makeSeam,
  withInvocation,
} from "../../simulator/services/seam.ts";
import { makeAwsClients } from "../../simulator/services/seam-aws.ts";
import { makeExchange } from "../../simulator/services/seam-wire.ts";
import { BUCKET, bench, on } from "./seam-bench.ts";

const put = (Key: string) => new PutObjectCommand({ Bucket: BUCKET, Key, Body: "1", IfNoneMatch: "*" });
const get = (Key: string) => new GetObjectCommand({ Bucket: BUCKET, Key });

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

describe("mistakes of the rehearsal itself", () => {
  const broken = (error: Error) => {
    const clock = new Clock(0);
    const mistakes: unknown[] = [];
    const seam = makeSeam({ clock, random: makeRandom(1), onMistake: (mistake) => mistakes.push(mistake) });
    const aws = makeAwsClients(seam, {
      sts: {
        GetCallerIdentity: () => {
          throw error;
        },
      },
    });
    const exchange = makeExchange(seam, {
      "api.example": {
        service: "kubernetes",
        handle: () => {
          throw error;
        },
      },
    });
    return { clock, aws, exchange, mistakes };
  };
  const run = async (made: ReturnType<typeof broken>, call: () => Promise<unknown>) => {
    const needs: Needs = { sts: ["GetCallerIdentity"] };
    const invocation: Invocation = { step: "s", needs, execution: "e", crash: () => {} };
    const ended = made.clock
      .task("s", () => withInvocation(invocation, call))
      .catch((error: unknown) => error);
    await made.clock.run(() => false);
    return ended;
  };

  it("a service that throws what is no refusal is told to the rehearsal, so that nobody takes it for an answer", async () => {
    const bug = new TypeError("undefined is not a function");
    const made = broken(bug);
    expect(await run(made, () => made.aws.sts.send(new GetCallerIdentityCommand({})))).toBe(bug);
    expect(
      await run(made, () => made.exchange({ method: "GET", url: "https://api.example/", headers: {} })),
    ).toBe(bug);
    expect(made.mistakes).toEqual([bug, bug]);
  });

  it("a refusal, and a server that isn't there, are no mistakes", async () => {
    const refusal = Object.assign(new Error("no"), { name: "NoAnswer", $metadata: { httpStatusCode: 400 } });
    const made = broken(refusal);
    await run(made, () => made.aws.sts.send(new GetCallerIdentityCommand({})));
    await run(made, () => made.exchange({ method: "GET", url: "https://api.example/", headers: {} }));
    expect(made.mistakes).toEqual([]);
  });

  it("a service runs outside of the step that calls: what it calls in turn isn't the step's", async () => {
    const clock = new Clock(0);
    const seam = makeSeam({ clock, random: makeRandom(1) });
    const inner: unknown[] = [];
    const aws = makeAwsClients(seam, {
      sts: {
        GetCallerIdentity: () => {
          aws.sts.send(new GetCallerIdentityCommand({})).catch((error: unknown) => inner.push(error));
          return {};
        },
      },
    });
    const made = { clock, aws, exchange: makeExchange(seam, {}), mistakes: [] };
    await run(made, () => aws.sts.send(new GetCallerIdentityCommand({})));
    expect(inner).toEqual([
      expect.objectContaining({ message: expect.stringContaining("outside of a step") }),
    ]);
  });
});

describe("the clients", () => {
  it("take region, credentials and attempts from nobody but us", async () => {
    vi.stubEnv("AWS_REGION", "us-gov-west-1");
    vi.stubEnv("AWS_MAX_ATTEMPTS", "9");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "of-the-machine");
    const { aws } = bench();
    vi.unstubAllEnvs();
    for (const client of Object.values(aws)) {
      expect(await client.config.region()).toBe("eu-central-1");
      expect(await client.config.maxAttempts()).toBe(1);
      expect((await client.config.credentials()).accessKeyId).toBe("rehearsal");
    }
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
    expect(new Set(times.map((t, i) => t - (times[i - 1] ?? 0))).size).toBeGreaterThan(2);
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
