/** Faults between functions and services: reads that lag, a side that nobody reaches, clocks that differ, processes that are deployed anew. */

import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Context } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeFaults } from "../../simulator/faults/strikes.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { inStep } from "../../simulator/planted/edit.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeDeployment } from "../../simulator/rehearsal/deployment.ts";
import { type Call, type Invocation, makeSeam, withInvocation } from "../../simulator/services/seam.ts";
import { makeMemory } from "../../simulator/services/seam-memory.ts";
import { broken, planned, run } from "../rehearsals/small.ts";

const get = (over: Partial<Call> = {}): Call => ({
  service: "kubernetes",
  action: "get deployments",
  mutating: false,
  side: "source",
  subject: "/web",
  ...over,
});

describe("a stale read", () => {
  it("is the last other answer to the same question, of some seconds ago", async () => {
    const clock = new Clock(0);
    const memory = makeMemory(clock);
    const ask = (answer: string, call = get()) => memory.olderThan(call, {}, answer)?.value;
    expect([ask("1"), ask("1"), ask("2"), ask("2"), ask("3")]).toEqual([undefined, undefined, "1", "1", "2"]);
    expect(ask("2", get({ side: "target" })), "of the other side nothing was known").toBeUndefined();
    clock.after(11_000, () => {});
    await clock.run(() => false);
    expect(ask("4"), "no cache is that old").toBeUndefined();
  });

  it.each(["s3", "dns", "metrics"] as const)(
    "never comes from %s, which is strongly consistent or judged by its own time",
    (service) => {
      const memory = makeMemory(new Clock(0));
      memory.olderThan(get({ service }), {}, "1");
      expect(memory.olderThan(get({ service }), {}, "2")).toBeUndefined();
    },
  );
});

const invocationOf = (step: string): Invocation => ({ step, needs: {}, execution: "arn", crash: () => {} });

describe("a side that nobody reaches", () => {
  it("loses every call of its API server for a minute, and no other", async () => {
    const clock = new Clock(0);
    const world = () => ({ "source-unreachable": { turn: () => {} } });
    const faults = makeFaults([{ kind: "source-unreachable", step: "scale-workload" }], {
      clock,
      emit: () => {},
      world,
    });
    const seam = makeSeam({ clock, random: makeRandom(1), fault: faults.hook });
    const seen: string[] = [];
    const call = (side: "source" | "target") =>
      withInvocation(invocationOf("scale-workload"), () =>
        seam
          .pass<string>({
            call: get({ side }),
            input: {},
            permission: undefined,
            run: () => "answer",
            deny: () => "",
            strike: () => "",
            lost: () => new Error("lost"),
            refusal: () => undefined,
            isAnswer: () => false,
          })
          .catch((error: Error) => error.message)
          .then((what) => seen.push(`${side} ${what}`)),
      );
    clock.task("test", async () => {
      await call("source");
      faults.stepBegins("scale-workload");
      await call("source");
      await call("target");
      await clock.sleep(60_000);
      await call("source");
    });
    await clock.run(() => false);
    expect(seen).toEqual(["source answer", "source lost", "target answer", "source answer"]);
    expect(faults.tally()).toMatchObject([{ struck: 1 }]);
  });
});

describe("functions as they are deployed", () => {
  it("have clocks that differ by seconds while they do", () => {
    const { skewMs, faults } = makeDeployment(makeRandom(1));
    const ofSteps = () =>
      ["lower-ttls", "observe-ttls", "delegate-zone"].map((step) =>
        withInvocation(invocationOf(step), skewMs),
      );
    expect(ofSteps()).toEqual([0, 0, 0]);
    let felt = 0;
    faults["clock-skew"]?.turn(true, () => {
      felt += 1;
    });
    const off = ofSteps();
    expect(new Set(off).size).toBe(3);
    expect(Math.max(...off.map(Math.abs))).toBeLessThanOrEqual(5_000);
    expect([ofSteps(), felt]).toEqual([off, 6]);
    faults["clock-skew"]?.turn(false, () => {});
    expect(ofSteps()).toEqual([0, 0, 0]);
  });

  it("forget what they kept in memory when they are deployed anew", () => {
    const { of, faults } = makeDeployment(makeRandom(1));
    let made = 0;
    const context = of(() => ({ bucket: `${++made}` }) as Context);
    expect([context().bucket, context().bucket]).toEqual(["1", "1"]);
    faults["redeployed"]?.turn(true, () => {});
    expect([context().bucket, context().bucket]).toEqual(["2", "2"]);
  });
});

const Suspending = z.object({ item: z.object({ name: z.string() }), suspend: z.boolean() });

/** Resumes only what it remembers having suspended, and takes everything else for somebody else's: right for as long as the process lives. */
const remembering = () => {
  const suspended = new WeakMap<Context, Set<string>>();
  return inStep("suspend-schedule", (right) => async (input, context) => {
    const { item, suspend } = Suspending.parse(input);
    const known = suspended.get(context) ?? new Set<string>();
    suspended.set(context, known);
    if (suspend) known.add(item.name);
    return known.has(item.name) ? right(input, context) : { suspended: true };
  })(RIGHT);
};

it("a program that relies on its memory is found out by a deployment alone", async () => {
  const faults = [{ kind: "redeployed", step: "take-ownership" }];
  expect(broken(await run(planned(), { ...remembering() }))).toEqual([]);
  expect(broken(await run(planned(), { ...remembering(), faults }))).toEqual(["cron-jobs"]);
  expect(broken(await run(planned(), { faults }))).toEqual([]);
});
