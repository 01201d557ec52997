/** How steps change things: intent, effect, read-back, done; interrupted anywhere and called again; refused once a rollback has begun; and undone. */

import { describe, expect, it } from "vitest";
import { makeRoute53 } from "../../adapters/route53.ts";
import { FenceRaised, OwnedElsewhere } from "../../domain/errors.ts";
import { JournalEntrySchema, keys } from "../../domain/journal.ts";
import { compareWithStart } from "../../functions/compare-with-start.ts";
import { observeSource } from "../../functions/observe-source.ts";
import { observeWorkload } from "../../functions/observe-workload.ts";
import { retireWorkload } from "../../functions/retire-workload.ts";
import { scaleWorkload } from "../../functions/scale-workload.ts";
import { suspendSchedule } from "../../functions/suspend-schedule.ts";
import { takeOwnership } from "../../functions/take-ownership.ts";
import { undoEffectStep } from "../../functions/undo-effect.ts";
import type { FaultHook, Strike } from "../../simulator/services/seam.ts";
import { CART, cronJob, makeStepBench, NIGHTLY, objects, RUN, SCHEDULER, type StepBench } from "./bench.ts";
import { down, fence, forward, once } from "./effect-bench.ts";

const replicas = (bench: StepBench, side: "source" | "target" = "source", ref = CART) =>
  (bench.live(side, ref)?.["spec"] as { readonly replicas: number } | undefined)?.replicas;
const suspended = (bench: StepBench, side: "source" | "target") =>
  (bench.live(side, NIGHTLY)?.["spec"] as { readonly suspend?: boolean } | undefined)?.suspend;
const entry = (bench: StepBench, key = forward(bench)[0] ?? "") => JournalEntrySchema.parse(bench.json(key));
const undo = (bench: StepBench, ...entries: readonly string[]) =>
  bench.run(undoEffectStep, { entry: entries.length > 0 ? entries : forward(bench).reverse() });
const isPatch = (call: { readonly action: string }) => call.action.startsWith("patch");

describe("an effect", () => {
  it("is on record before it is made, with the old value (effect before intent would show the other order)", async () => {
    const bench = makeStepBench();
    await down(bench);
    const order = bench.calls
      .filter((c) => c.mutating)
      .map((c) => (c.service === "s3" ? c.subject.split("/").at(-1) : c.action));
    expect(order).toEqual([
      "forward-1-source-down.json",
      "patch deployments/scale",
      "forward-1-source-down!done.json",
    ]);
    expect(entry(bench).effect).toMatchObject({ before: 4, after: 2 });
  });

  it.each<[string, (call: Parameters<FaultHook>[0]) => boolean, Strike]>([
    [
      "before the intent",
      (c) => c.mutating && c.moment === "before" && c.subject.includes("forward-"),
      { kind: "crash" },
    ],
    [
      "after the intent",
      (c) => c.mutating && c.moment === "after" && c.subject.includes("forward-"),
      { kind: "crash" },
    ],
    ["before the effect", (c) => isPatch(c) && c.moment === "before", { kind: "crash" }],
    ["after the effect", (c) => isPatch(c) && c.moment === "after", { kind: "crash" }],
    ["with a lost answer of the effect", (c) => isPatch(c) && c.moment === "after", { kind: "answer-lost" }],
    [
      "with a lost answer of the intent",
      (c) => c.mutating && c.moment === "after" && c.subject.includes("forward-"),
      { kind: "answer-lost" },
    ],
    [
      "before the mark",
      (c) => c.mutating && c.moment === "before" && c.subject.includes("done"),
      { kind: "crash" },
    ],
    ["throttled", (c) => isPatch(c) && c.moment === "before", { kind: "throttled" }],
    ["after somebody else's write", (c) => isPatch(c) && c.moment === "before", { kind: "conflict" }],
  ])(
    "that is interrupted %s is made exactly once by the retry, and keeps the first old value",
    async (_, where, strike) => {
      const bench = makeStepBench({ fault: once(where, strike) });
      await expect(down(bench)).rejects.toThrow();
      await down(bench);
      await down(bench);
      expect(replicas(bench)).toBe(2);
      expect(bench.changes()).toEqual(["source patch deployments/scale"]);
      expect(forward(bench)).toHaveLength(1);
      expect(entry(bench).effect).toMatchObject({ before: 4, after: 2 });
      await undo(bench);
      expect(replicas(bench)).toBe(4);
    },
  );

  it("that is done is not made again over a later one (a zombie would bring the old number back)", async () => {
    const bench = makeStepBench();
    await down(bench, 2, "0-first");
    await down(bench, 3, "1-second");
    await down(bench, 2, "0-first");
    expect(replicas(bench)).toBe(3);
  });

  it("is refused once a rollback has begun, and nothing is recorded", async () => {
    const bench = makeStepBench();
    fence(bench);
    await expect(down(bench)).rejects.toThrow(FenceRaised);
    expect([replicas(bench), forward(bench)]).toEqual([4, []]);
  });

  it("under a key that is about something else is a Conflict, not an overwrite", async () => {
    const bench = makeStepBench();
    await down(bench, 2);
    await expect(down(bench, 1)).rejects.toThrow(/two steps use one key/);
    expect(replicas(bench)).toBe(2);
  });
});

describe("undo-effect", () => {
  it("is idempotent on every prefix, newest first, each under a call and an entry of its own", async () => {
    const bench = makeStepBench();
    await down(bench, 2, "1-source-down");
    await down(bench, 1, "2-lower");
    const before = bench.changes().length;
    for (let k = 0; k < 3; k += 1) await undo(bench);
    expect(replicas(bench)).toBe(4);
    expect(bench.changes().length - before).toBe(2);
    expect([...bench.stored.keys()].filter((k) => /\/undo-[^!]*\.json$/.test(k))).toHaveLength(2);
  });

  it("of an intent whose effect never happened changes nothing", async () => {
    const bench = makeStepBench({
      fault: once((c) => isPatch(c) && c.moment === "before", { kind: "crash" }),
    });
    await expect(down(bench)).rejects.toThrow();
    expect(await undo(bench)).toMatchObject({ outcomes: ["stood"] });
    expect(bench.changes()).toEqual([]);
  });

  it("leaves what a developer has changed since, and the comparison at the end agrees", async () => {
    const bench = makeStepBench();
    await down(bench);
    await bench.as("source", "developer").scale(CART, 7);
    expect(await undo(bench)).toMatchObject({ outcomes: ["left"] });
    expect(replicas(bench)).toBe(7);
    expect(await bench.run(compareWithStart, { watcher: "w" })).toMatchObject({ verdict: "pass" });
  });

  it("that was not done is found by the comparison with the start, by name", async () => {
    const bench = makeStepBench();
    await down(bench);
    expect(await bench.run(compareWithStart, { watcher: "w" })).toMatchObject({
      verdict: "fail",
      sentence: expect.stringContaining("shop/cart spec.replicas"),
    });
  });

  it("of capacity that failed keeps the source from being called whole (its workload wants the low number, and has it)", async () => {
    const bench = makeStepBench();
    await down(bench);
    bench.wait(300);
    expect(await bench.run(observeSource)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringContaining("not undone"),
    });
    await undo(bench);
    bench.wait(300);
    expect(await bench.run(observeSource)).toMatchObject({ verdict: "pass" });
  });
});

describe("what must not exist twice", () => {
  const item = (bench: StepBench) => bench.item("shop/scheduler");
  const HAND = "0004-hand-over:shop/scheduler";
  const scale = (bench: StepBench, side: "source" | "target", n: number, move: string) =>
    bench.run(scaleWorkload, { item: item(bench), side, replicas: n, operation: HAND, move });
  /** With none of it running on the target. */
  const fresh = () =>
    makeStepBench({
      onTarget: objects.map((o) =>
        o.metadata.name === "scheduler" ? { ...o, spec: { ...(o["spec"] as object), replicas: 0 } } : o,
      ),
    });
  const handOver = async (bench: StepBench) => {
    await scale(bench, "source", 0, "0-source-stop");
    bench.wait(120);
    await bench.run(takeOwnership, { item: item(bench), owner: "target", move: "1-owner" });
    await scale(bench, "target", 1, "2-target-start");
    bench.wait(120);
  };

  it("is not started on a side that doesn't own it", async () => {
    const bench = fresh();
    await expect(scale(bench, "target", 1, "2-target-start")).rejects.toThrow(OwnedElsewhere);
    expect(replicas(bench, "target", SCHEDULER)).toBe(0);
  });

  it("is proved gone only when its last pod is (a count that is set to zero proves nothing)", async () => {
    const bench = fresh();
    await scale(bench, "source", 0, "0-source-stop");
    const look = () => bench.run(observeWorkload, { item: item(bench), side: "source", replicas: 0 });
    expect(await look()).toMatchObject({ verdict: "unknown" });
    bench.wait(120);
    expect(await look()).toMatchObject({ verdict: "pass" });
  });

  it("goes back to the source only after none of it is left on the target; until then the source's stays stopped", async () => {
    const bench = fresh();
    await handOver(bench);
    const [stop = "", own = "", start = ""] = forward(bench).sort();
    await expect(undo(bench, own)).rejects.toThrow(/pods on the target/);
    await expect(
      undo(bench, stop),
      "the next entry of the list, though the owner could not be passed back",
    ).rejects.toThrow(OwnedElsewhere);
    expect(replicas(bench, "source", SCHEDULER)).toBe(0);
    await undo(bench, start);
    bench.wait(120);
    await undo(bench, own, stop);
    expect([replicas(bench, "target", SCHEDULER), replicas(bench, "source", SCHEDULER)]).toEqual([0, 1]);
    expect(bench.json(keys.owner(RUN.migration, "shop/scheduler"))).toMatchObject({ owner: "source" });
  });

  it("waits for a person, named with the command, where its pod hangs on the target; a late one is waited for", async () => {
    const bench = fresh();
    await handOver(bench);
    const [, own = "", start = ""] = forward(bench).sort();
    bench.clusters.target.addHang(() => true);
    await undo(bench, start);
    await expect(undo(bench, own)).rejects.toMatchObject({ name: "Transient" });
    bench.wait(300);
    await expect(undo(bench, own)).rejects.toMatchObject({
      name: "PodStuck",
      message: expect.stringMatching(/kubectl --context target -n shop delete pod scheduler-\S+ .*--force/),
    });
    expect(bench.json(keys.owner(RUN.migration, "shop/scheduler"))).toMatchObject({ owner: "target" });
  });
});

describe("suspend-schedule", () => {
  const OWNER = keys.owner(RUN.migration, "shop/nightly");
  const suspend = (bench: StepBench, side: "source" | "target", to: boolean) =>
    bench.run(suspendSchedule, {
      item: bench.item("shop/nightly"),
      side,
      suspend: to,
      move: to ? `0-${side}-suspend` : `2-${side}-resume`,
    });
  const idle = (deadline?: number) =>
    makeStepBench({
      onTarget: objects.map((o) =>
        o.metadata.name === "nightly"
          ? cronJob("nightly", {
              suspend: true,
              ...(deadline === undefined
                ? { startingDeadlineSeconds: 3_600 }
                : { startingDeadlineSeconds: deadline }),
            })
          : o,
      ),
    });
  /** The jobs that a side has started. */
  const jobs = async (bench: StepBench, side: "source" | "target") =>
    (await bench.within({}, () => bench.as(side, "reader").list({ apiVersion: "batch/v1", kind: "Job" })))
      .length;

  it("suspends nothing while the side that takes over has no such schedule, or doesn't answer", async () => {
    const without = makeStepBench({ onTarget: objects.filter((o) => o.metadata.name !== "nightly") });
    await expect(suspend(without, "source", true)).rejects.toThrow(
      /isn't on the target.*nothing was changed/,
    );
    const silent = makeStepBench({
      fault: (call) =>
        call.side === "target" && call.moment === "before" ? { kind: "answer-lost" } : undefined,
    });
    await expect(suspend(silent, "source", true)).rejects.toMatchObject({ name: "AnswerLost" });
    expect([suspended(without, "source"), suspended(silent, "source")]).toEqual([false, false]);
  });

  it("doesn't resume where the ledger says that the other side owns it", async () => {
    const bench = idle();
    await expect(suspend(bench, "target", false)).rejects.toThrow(OwnedElsewhere);
    expect(suspended(bench, "target")).toBe(true);
  });

  it.each([60, 3_600])(
    "hands over right after a tick without running it again (deadline %d s)",
    async (deadline) => {
      const bench = idle(deadline);
      bench.wait(600 - 120 + 20);
      const ran = await jobs(bench, "source");
      expect(ran).toBeGreaterThan(0);
      await suspend(bench, "source", true);
      bench.put(OWNER, { thing: "shop/nightly", owner: "target" });
      await suspend(bench, "target", false);
      bench.wait(30);
      expect(
        await jobs(bench, "target"),
        "resuming blindly makes the controller run the tick that it thinks it missed",
      ).toBe(0);
      bench.wait(600);
      expect([await jobs(bench, "target"), await jobs(bench, "source")]).toEqual([1, ran]);
    },
  );

  it("is the source's own again after the undo, which doesn't run the target's last tick a second time", async () => {
    const bench = idle();
    await suspend(bench, "source", true);
    await bench.run(takeOwnership, { item: bench.item("shop/nightly"), owner: "target", move: "1-owner" });
    await suspend(bench, "target", false);
    bench.wait(700);
    const [there, here] = [await jobs(bench, "target"), await jobs(bench, "source")];
    expect(there).toBeGreaterThan(0);
    bench.wait(120);
    for (const key of forward(bench).sort().reverse()) await undo(bench, key);
    bench.wait(30);
    expect([suspended(bench, "source") ?? false, suspended(bench, "target")]).toEqual([false, true]);
    expect([await jobs(bench, "target"), await jobs(bench, "source")]).toEqual([there, here]);
  });
});

it("retire-workload stops, then deletes, once; an object that is gone is no error", async () => {
  const bench = makeStepBench();
  const retire = () => bench.run(retireWorkload, { item: bench.item("shop/cart") });
  expect([await retire(), await retire()]).toEqual([{ retired: true }, { retired: false }]);
  expect(bench.changes()).toEqual(["source patch deployments/scale", "source delete deployments"]);
  expect(bench.live("target", CART)).toBeDefined();
});

it("no step of these calls what it doesn't declare", async () => {
  const bench = makeStepBench();
  await down(bench);
  await undo(bench);
  await bench.run(compareWithStart, { watcher: "w" });
  await bench.within({ route53: ["ListHostedZonesByName"] }, () =>
    makeRoute53(bench.context.aws.route53).zonesByName("live.example"),
  );
  expect(bench.denied()).toEqual([]);
});
