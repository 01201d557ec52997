/** The guard's steps: what it looks at, how often, and who listens to it. */

import { describe, expect, test } from "vitest";
import { endGuard } from "../../functions/end-guard.ts";
import { guardKey } from "../../functions/guard.ts";
import { guardPlatform } from "../../functions/guard-platform.ts";
import { bucketOf } from "../../functions/run.ts";
import { scaleWorkload } from "../../functions/scale-workload.ts";
import { aWorkload } from "../domain/checks.fixture.ts";
import { eventsOf, planned, run } from "../rehearsals/small.ts";
import { type MoveWorld, makeMoveWorld, RUN } from "./move-bench.ts";

/** Writes what a look would have written. */
const holds = (world: MoveWorld, held: boolean) =>
  world.run(
    {
      ...guardPlatform,
      run: (_input: unknown, context: Parameters<typeof guardPlatform.run>[1]) =>
        bucketOf(context).putNew(guardKey(RUN), {
          held,
          sentence: "No node is left.",
          compared: [],
          nodes: [],
        }),
    } as never,
    { asked: 0, watcher: "w" },
  );

const scale = (world: MoveWorld, move: string, replicas: number, over: object = {}) =>
  world.run(scaleWorkload as never, {
    item: { ...aWorkload(), sourceKeeps: 2, operations: {}, ...over },
    side: "side" in over ? over.side : "source",
    replicas,
    operation: "0040-shift:shop/cart",
    move,
  });

const SWAPPED = {
  group: "carts",
  topic: "orders",
  workload: "shop/cart",
  policy: "swap",
  members: 4,
  partitions: 4,
  membersMin: 3,
  membersMax: 4,
  ordinals: false,
  heartbeatSeconds: 3,
  commitSeconds: 5,
  messagesPerSecond: 10,
};

describe("while the guard holds", () => {
  test.each(["0-target-up", "1-source-down"])("%s isn't begun, and says why", async (move) => {
    const world = makeMoveWorld();
    await holds(world, true);
    await expect(scale(world, move, 2)).rejects.toMatchObject({
      name: "Held",
      message: expect.stringMatching(/shop\/cart was not begun.*No node is left\..*Nothing was changed/),
    });
    expect(
      world.clusters.source.get({
        apiVersion: "apps/v1",
        kind: "Deployment",
        namespace: "shop",
        name: "cart",
      })?.["spec"],
    ).toMatchObject({ replicas: 4 });
  });

  test("what was stopped is started all the same", async () => {
    const world = makeMoveWorld();
    await holds(world, true);
    const swapped = { move: "shift-group", groups: [SWAPPED], side: "target" };
    // Past the guard, and on to what is there: no such Deployment on this target, no ownership by it.
    await expect(scale(world, "000-1-target-up", 3, swapped)).rejects.toMatchObject({ name: "NotFound" });
    const exclusive = { move: "stop-then-start", side: "target" };
    await expect(scale(world, "2-target-start", 3, exclusive)).rejects.toMatchObject({
      name: "OwnedElsewhere",
    });
  });

  test.each([
    ["a live group's", { move: "shift-group" }, "000-1-target-up", "target"],
    ["a live group's", { move: "shift-group" }, "000-2-source-down", "source"],
    ["a swapped group's", { move: "shift-group" }, "000-0-source-down", "source"],
    ["workers'", { move: "shift-workers" }, "000-1-source", "source"],
    ["a controller's", { move: "hand-over-controller" }, "2-source-stop", "source"],
  ])("%s %s begins something, whatever its number", async (_, over, move, side) => {
    const world = makeMoveWorld();
    await holds(world, true);
    await expect(scale(world, move, 2, { ...over, side })).rejects.toMatchObject({ name: "Held" });
  });

  test("and once it doesn't, everything begins", async () => {
    const world = makeMoveWorld();
    await holds(world, false);
    expect(await scale(world, "0-target-up", 2)).toMatchObject({ outcome: "made" });
  });
});

test("end-guard tells once, however often it is called", async () => {
  const world = makeMoveWorld();
  await world.run(endGuard as never);
  await world.run(endGuard as never);
  expect([...world.stored().keys()].filter((k) => k.endsWith("guard-ended.json"))).toHaveLength(1);
});

test("a look without metrics is no pass: guard-platform says that they gave no answer", async () => {
  const world = makeMoveWorld();
  await expect(world.run(guardPlatform as never, { asked: 0, watcher: "w" })).rejects.toMatchObject({
    name: "AnswerLost",
  });
});

describe("in a migration the guard", () => {
  test("looks at least every five minutes from the first move to the thaw, at every application and at the whole", async () => {
    const ran = await run(planned());
    const looks = eventsOf(ran, "verdict").filter((v) => v.gate === "guard-platform");
    const phase = (name: string, status: string) =>
      eventsOf(ran, "phase").find((p) => p.phase === name && p.status === status)?.at ?? Number.NaN;
    const [begun, over] = [phase("move-workloads", "started"), phase("thaw", "completed")];
    const times = [begun, ...looks.map((v) => v.at)];
    expect(Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? 0)))).toBeLessThan(320);
    expect(times.at(-1)).toBeGreaterThan(over);
    const checks = new Set(looks.flatMap((v) => v.verdicts.map((one) => one.check)));
    expect([...checks].sort()).toEqual([
      "cluster/addresses",
      "cluster/nodes",
      "cluster/nodes-lost",
      "cluster/refused-pods",
      "cluster/unschedulable",
      "comparison/error-share",
      "comparison/p99",
      "comparison/p99.5",
      "comparison/restarts",
      "workload/crashes",
    ]);
    // Both applications that requests reach, while the target has no client yet.
    const before = looks.findLast(
      (v) => v.phase === "move-workloads" && v.verdicts.some((o) => o.check === "comparison/p99"),
    );
    expect(before?.verdicts.find((v) => v.check === "comparison/p99")).toMatchObject({
      verdict: "pass",
      sentence: expect.stringMatching(/^2 pass/),
    });
  });

  test("holds the cut where the target gets worse after its own gates have passed", async () => {
    const ran = await run(planned({}, { gates: { continuousSeconds: 60 } }), {
      faults: [{ kind: "metrics-missing", step: "validate-target", seconds: 600 }],
    });
    expect([ran.exitCode, ran.summary.requests.failed, ran.summary.violations]).toEqual([0, 0, []]);
    const unknown = eventsOf(ran, "verdict").filter(
      (v) => v.gate === "guard-platform" && v.verdicts.some((o) => o.verdict === "unknown"),
    );
    expect(unknown.length).toBeGreaterThan(5);
    const cut = eventsOf(ran, "effect").find((e) => e.step === "delegate-zone" && e.status === "done");
    expect(cut?.at).toBeGreaterThan(unknown.at(-1)?.at ?? Number.POSITIVE_INFINITY);
  });
});
