/** The fold of the record: total over every prefix, exact in its counts, bounded in its size. */

import { describe, expect, test } from "vitest";
import type { Effect } from "../../domain/effects.ts";
import type { RunEvent } from "../../domain/events.ts";
import { PHASES } from "../../domain/phases.ts";
import { summarize } from "../../domain/summary.ts";
import { makeView, type ViewModel, viewOf } from "../../domain/view.ts";
import { effectSentence, ROWS_MAX } from "../../domain/view-effects.ts";
import { POINTS_MAX } from "../../domain/view-series.ts";
import { sampleRecord } from "./sample-record.ts";

const record = sampleRecord(true);

const sum = (of: (event: Extract<RunEvent, { type: "traffic" }>) => number): number =>
  record.reduce((total, event) => total + (event.type === "traffic" ? of(event) : 0), 0);

const effect = (
  key: string,
  direction: "forward" | "undo",
  status: "intended" | "done",
  at = 1,
): RunEvent => ({
  at,
  type: "effect",
  key: `migrations/m/journal/${key.replace("/", `/${direction}-`)}.json`,
  step: "scale-workload",
  direction,
  status,
  effect: { kind: "set-owner", thing: `thing of ${key}`, before: "source", after: "target" },
});

const traffic = (at: number, served: number): RunEvent => {
  const side = { served, failed: 0, paused: 0, statuses: { "204": served }, p99Ms: at, p995Ms: at };
  return {
    at,
    type: "traffic",
    served: 2 * served,
    failed: 0,
    paused: 0,
    failedAnyway: 0,
    source: side,
    target: side,
    dnsTargetShare: { capped: at / 1e6 },
  };
};

describe("the fold", () => {
  test("every prefix of a run folds, and its model is data", () => {
    const view = makeView();
    for (const [i, event] of record.entries()) {
      view.add(event);
      if (i % 25 === 0) expect(JSON.parse(JSON.stringify(view.model()))).toEqual(view.model());
    }
  });

  test("a model that was handed out doesn't change when the run goes on", () => {
    const view = makeView();
    for (const event of record.slice(0, 500)) view.add(event);
    const model = view.model();
    const before = JSON.stringify(model);
    for (const event of record.slice(500)) view.add(event);
    expect(JSON.stringify(model)).toBe(before);
  });

  test("a type of line from a newer Repot changes nothing but the time", () => {
    const view = makeView();
    for (const event of record.slice(0, 200)) view.add(event);
    const before = view.model();
    view.add({ at: before.at, type: "hovercraft", full: "of eels" } as unknown as RunEvent);
    view.add({ at: before.at, type: "toString" } as unknown as RunEvent);
    expect(view.model()).toEqual(before);
  });

  test("nothing yet: all phases are to come", () => {
    const model = viewOf([]);
    expect(model.phases.map((p) => [p.phase, p.status])).toEqual(PHASES.map((phase) => [phase, "to-come"]));
    expect(model.run).toBeNull();
  });
});

describe("the counts", () => {
  test("each is the sum over the lines", () => {
    const counts = summarize(record);
    expect(counts.requests).toEqual({
      served: sum((e) => e.served),
      failed: sum((e) => e.failed),
      paused: sum((e) => e.paused),
      failedAnyway: sum((e) => e.failedAnyway),
    });
    expect(counts.transitions).toBe(record.filter((e) => e.type === "transition").length);
    expect(counts.workloads).toBe(record.filter((e) => e.type === "workload").length);
    expect(counts.freezeMinutes).toBe(192);
    expect(counts.historyEventsMax).toBe(210);
    expect(counts.violations).toHaveLength(1);
    expect(counts.faults).toEqual([{ kind: "timeout-though-applied", step: "scale-workload", struck: 1 }]);
    expect(counts.virtualSeconds).toBe(record.at(-1)?.at);
  });

  test("a fault that strikes twice is one fault, struck twice", () => {
    const fault: RunEvent = {
      at: 1,
      type: "fault",
      kind: "throttled",
      step: "pin-autoscaler",
      sentence: "429",
    };
    expect(summarize([fault, { ...fault, at: 2 }]).faults).toEqual([
      { kind: "throttled", step: "pin-autoscaler", struck: 2 },
    ]);
  });
});

describe("the series", () => {
  const allPoints = (model: ViewModel) => model.traffic.flatMap((segment) => segment.points);

  test("stays bounded however long a phase lasts, and loses no request", () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => traffic((i + 1) * 30, i % 7));
    const model = viewOf(lines);
    const points = allPoints(model);
    expect(points.length).toBeLessThan(POINTS_MAX);
    expect(points.length).toBeGreaterThan(POINTS_MAX / 4);
    expect(points.reduce((n, p) => n + p.source.served, 0)).toBe(lines.reduce((n, _, i) => n + (i % 7), 0));
    expect(points.map((p) => p.fromSeconds).slice(1)).toEqual(points.map((p) => p.toSeconds).slice(0, -1));
    expect(Math.max(...points.map((p) => p.source.p99Ms ?? 0))).toBe(300_000);
  });

  test("irregular lines are merged all the same", () => {
    const lines = Array.from({ length: 1_000 }, (_, i) => traffic(i < 500 ? i : i * 1_000, 1));
    expect(allPoints(viewOf(lines)).length).toBeLessThan(POINTS_MAX);
  });

  test("each phase has its own, also on the way back", () => {
    const model = viewOf([
      traffic(1, 1),
      { at: 2, type: "phase", phase: "freeze", status: "started" },
      traffic(3, 1),
      { at: 4, type: "phase", phase: "freeze", status: "rolling-back" },
      traffic(5, 1),
    ]);
    expect(model.traffic.map(({ phase, direction }) => [phase, direction])).toEqual([
      [null, "forward"],
      ["freeze", "forward"],
      ["freeze", "undo"],
    ]);
  });
});

test("stretches follow one another without a gap, and an undo turns the run around", () => {
  const model = viewOf([
    traffic(1, 1),
    { at: 2, type: "phase", phase: "freeze", status: "started" },
    { at: 5, type: "phase", phase: "freeze", status: "completed" },
    { at: 5, type: "phase", phase: "move-workloads", status: "started" },
    { at: 7, type: "phase", phase: "move-workloads", status: "failed" },
    effect("0001-a/1-0", "undo", "intended", 8),
    traffic(9, 1),
  ]);
  expect(model.stretches).toEqual([
    { phase: null, direction: "forward", from: 0, to: 2 },
    { phase: "freeze", direction: "forward", from: 2, to: 5 },
    { phase: "move-workloads", direction: "forward", from: 5, to: 8 },
    { phase: "move-workloads", direction: "undo", from: 8, to: 9 },
  ]);
  expect(model.traffic.at(-1)).toMatchObject({ phase: "move-workloads", direction: "undo" });
});

describe("the journal", () => {
  test("an entry that a retry finds again is one row with its first times", () => {
    const model = viewOf([
      effect("0001-a/1-0", "forward", "intended", 1),
      effect("0001-a/1-0", "forward", "intended", 5),
      effect("0001-a/1-0", "forward", "done", 6),
      effect("0001-a/1-0", "forward", "done", 9),
    ]).effects;
    expect(model.forward).toEqual({ intended: 1, done: 1 });
    expect(model.rows.map((r) => [r.intendedAt, r.doneAt])).toEqual([[1, 6]]);
  });

  test("what a rollback would undo: what was intended and not put back, newest first", () => {
    const model = viewOf([
      effect("0001-a/1-0", "forward", "done"),
      effect("0002-b/1-0", "forward", "done"),
      effect("0003-c/1-0", "forward", "intended"),
      effect("0002-b/1-0", "undo", "intended"),
      effect("0002-b/1-0", "undo", "done"),
      effect("0001-a/1-0", "undo", "intended"),
    ]).effects;
    expect(model.undoable).toEqual([
      "owner of thing of 0003-c/1-0: source → target",
      "owner of thing of 0001-a/1-0: source → target",
    ]);
  });

  test("is bounded and says how much it leaves out", () => {
    const lines = Array.from({ length: ROWS_MAX + 7 }, (_, i) => effect(`${i}-a/1-0`, "forward", "done"));
    const model = viewOf(lines).effects;
    expect([model.rows.length, model.more, model.forward.done]).toEqual([ROWS_MAX, 7, ROWS_MAX + 7]);
  });

  const object = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
  const record = { name: "a.example", type: "NS", ttlSeconds: 60, values: ["ns-1", "ns-2"] };
  const sentences: readonly (readonly [Effect, string])[] = [
    [
      { kind: "set-field", cluster: "target", object, path: ["spec", "replicas"], before: null, after: 3 },
      "target: Deployment shop/cart, spec.replicas: absent → 3",
    ],
    [
      {
        kind: "create-object",
        cluster: "source",
        object: { kind: "Lease", metadata: { name: "l", namespace: "n" } },
      },
      "source: Lease n/l is created",
    ],
    [{ kind: "delete-object", cluster: "source", before: {} }, "source: (no kind) (no name) is deleted"],
    [
      { kind: "set-record", zoneId: "Z1", before: { ...record, ttlSeconds: 172_800 }, after: record },
      "zone Z1: a.example NS: ns-1 ns-2, TTL 172800 s → ns-1 ns-2, TTL 60 s",
    ],
    [{ kind: "set-record", zoneId: "Z1", before: null, after: null }, "zone Z1: a record: absent → absent"],
    [{ kind: "create-zone", name: "a.example", callerReference: "r" }, "zone a.example is created"],
    [
      { kind: "create-cluster", name: "c", version: "1.33", clientToken: "t", roleArn: "r", subnetIds: [] },
      "cluster c (Kubernetes 1.33) is created",
    ],
    [
      { kind: "set-owner", thing: "cron a/b", before: "nobody", after: "target" },
      "owner of cron a/b: nobody → target",
    ],
  ];
  test.each(sentences)("tells of %j", (data, sentence) => {
    expect(effectSentence(data)).toBe(sentence);
  });
});

describe("the rest of the model", () => {
  const model = viewOf(record);

  test("phases know when they began and ended, and what they did", () => {
    const freeze = model.phases.find((p) => p.phase === "freeze");
    expect(freeze).toMatchObject({
      status: "completed",
      startedAt: 49.1 * 3_600,
      endedAt: 49.4 * 3_600,
      effects: 5,
      transitions: 40,
    });
  });

  test("a gate counts how often it held, and shows what didn't pass first", () => {
    const cut = model.gates.find((g) => g.phase === "cut-traffic");
    expect(cut).toMatchObject({ verdict: "unknown", judged: 2, held: 2 });
    const mixed = viewOf([
      {
        at: 1,
        type: "verdict",
        phase: "freeze",
        gate: "g",
        verdicts: [
          { check: "a", subject: "s", verdict: "pass", sentence: "", evidence: [] },
          { check: "b", subject: "s", verdict: "fail", sentence: "", evidence: [] },
        ],
      },
    ]).gates[0];
    expect(mixed?.verdicts.first.map((v) => v.check)).toEqual(["b", "a"]);
  });

  test("a gate over nothing is unknown, never a pass", () => {
    expect(
      viewOf([{ at: 1, type: "verdict", phase: "freeze", gate: "g", verdicts: [] }]).gates[0]?.verdict,
    ).toBe("unknown");
  });

  test("approvals, freezes, others and permissions are there", () => {
    expect(model.approvals.map((a) => [a.question, a.status, a.entries.length])).toEqual([
      ["cut-traffic", "granted", 2],
    ]);
    expect(model.freezes).toEqual([{ from: 49.1 * 3_600, to: 52.3 * 3_600 }]);
    expect(model.actorsRefused).toBe(1);
    expect(model.permissionsUsed).toEqual({ "scale-workload": ["kubernetes:patch deployments/scale"] });
  });

  test("pods are counted in hours, and so is the time in which both fleets run", () => {
    const ready = (at: number, cluster: "source" | "target", pods: number): RunEvent => ({
      at,
      type: "ready",
      cluster,
      workload: "a/b",
      ready: pods,
      wanted: pods,
    });
    const fleet = viewOf([
      ready(0, "source", 4),
      ready(3_600, "target", 2),
      ready(7_200, "source", 0),
      { at: 10_800, type: "freeze", status: "ended", minutes: 0 },
    ]).fleet;
    expect(fleet).toEqual({
      ready: { source: 0, target: 2 },
      podHours: { source: 8, target: 4 },
      doubleRunningHours: 1,
    });
  });
});
