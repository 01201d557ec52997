/** Every fault at every step where it is listed: it strikes, fails no request, breaks no invariant, and the run ends as it should. */

import { describe, expect, it } from "vitest";
import { FAULTS, faultOf } from "../../simulator/faults/catalogue.ts";
import { broken, example, type Ran, rich, run } from "./small.ts";

/** Struck on the example platform only: what the small one has nothing for. */
const ON_THE_EXAMPLE = new Set(["complete-restore"]);

const calls = FAULTS.filter((f) => f.scope === "call");
const unstruck = ({ summary }: Ran) =>
  summary.faults.filter((f) => f.struck === 0).map((f) => `${f.kind}@${f.step}`);
const ending = (ran: Ran) => ({
  exitCode: ran.exitCode,
  failed: ran.summary.requests.failed,
  broken: broken(ran),
  unstruck: unstruck(ran),
});

/** Where nothing was made, the retry has its effect still before it: these strike one after another. The others each need a run of their own. */
const NOTHING_MADE = ["crash-before-effect", "throttled", "conflict", "server-error"];
const GROUPS = [
  NOTHING_MADE,
  // The undo alone reads back what a replica may not know yet.
  ["stale-read", "crash-before-return"],
  ...["crash-after-effect", "timeout-though-applied", "duplicate", "zombie"].map((kind) => [kind]),
];

describe("faults of calls are passing: every step survives its own", () => {
  it.each(calls.map((f) => f.kind))("%s, once at each step of one migration", async (kind) => {
    const steps = (faultOf(kind)?.steps ?? []).filter((step) => !ON_THE_EXAMPLE.has(step));
    // Reads are of clusters and zones; some steps only write into the bucket, and most know of their change by its own answer: those ask nothing again.
    expect(steps.length).toBeGreaterThan(kind === "stale-read" ? 13 : 40);
    const ran = await run(rich(), { faults: steps.map((step) => ({ kind, step })) });
    expect(ending(ran), ran.sentence).toEqual({ exitCode: 0, failed: 0, broken: [], unstruck: [] });
  });

  it.each(GROUPS.map((kinds) => ({ kinds })))("$kinds, at each step of a rollback", async ({ kinds }) => {
    const faults = kinds.flatMap((kind) =>
      (faultOf(kind)?.rollbackSteps ?? []).map((step) => ({ kind, step })),
    );
    expect(faults.length).toBeGreaterThan(2);
    const ran = await run(rich(), { rollBackAt: "cut-traffic", faults });
    expect(ending(ran), ran.sentence).toEqual({ exitCode: 4, failed: 0, broken: [], unstruck: [] });
  });

  it("the undo three times in a row", async () => {
    const faults = calls.map(({ kind }) => ({ kind, step: "undo-effect", count: 3 }));
    expect(ending(await run(rich(), { rollBackAt: "thaw", faults }))).toEqual({
      exitCode: 4,
      failed: 0,
      broken: [],
      unstruck: [],
    });
  });

  it("strike on the example platform where the small one has nothing to strike at", async () => {
    const faults = [...ON_THE_EXAMPLE].map((step) => ({ kind: "crash-after-effect", step }));
    const ran = await run(await example(), { faults, rollBackAt: "move-workloads" });
    expect(ending(ran), ran.sentence).toEqual({ exitCode: 4, failed: 0, broken: [], unstruck: [] });
  });
});

/** How a run ends that has a fault of the world from a step on: done, back, waiting for a person; refused before anything was changed. */
const ENDS: Readonly<Record<string, readonly number[]>> = {
  "pod-never-ready": [4],
  "pod-crashes": [4],
  "approval-never": [5],
  // They pass, or do no harm.
  "clusters-cut-off": [0],
  "source-unreachable": [0],
  "target-unreachable": [0],
  "clock-skew": [0],
  redeployed: [0],
  "metrics-missing@check-metrics": [3],
  "metrics-missing@compare-workload": [4],
  "metrics-missing@compare-platform": [4],
  // After the delegation a failure holds and pages: the target serves, the source stands.
  "metrics-missing@observe-stragglers": [5],
  "resolver-ignores-ttl": [0],
  ...Object.fromEntries(
    ["metrics-late", "metrics-nan", "metrics-of-the-wrong-cluster"].flatMap((kind) => [
      [`${kind}@check-metrics`, [3]],
      [`${kind}@compare-platform`, [4]],
      [`${kind}@observe-stragglers`, [5]],
    ]),
  ),
  // The source starts again, people are asked three times, and then it goes back.
  "volume-snapshot-fails": [4],
  "volume-snapshot-slow": [4],
  "sparse-metrics@check-metrics": [3],
  "sparse-metrics": [4],
  "node-lost": [0],
  "webhook-down": [4],
  "quota-exceeded": [4],
  // Found before any traffic moves; nobody mends it, so it goes back.
  "firewall-drops": [4],
  "security-group-drops": [4],
  "flow-logs-late": [4],
  // The move gets by; retiring waits for the person who lets something raise the source again and again.
  "hpa-fights": [0, 5],
  "insync-late": [0],
  "approval-late": [5],
  "approval-twice": [0],
  "approval-contradictory": [4],
  "approval-by-nobody-entitled": [0],
  // Without an end nobody can be asked: the question expires.
  "slack-down": [5],
  "execution-aborted": [4],
  "event-lost": [4],
  "event-twice": [4],
  // The target serves already: people are told, and decide.
  "execution-aborted@observe-stragglers": [5],
  "event-lost@observe-stragglers": [5],
  "event-twice@observe-stragglers": [5],
  "started-twice": [0],
  // They pass: the next member waits until they have.
  "rebalance-storm": [0],
  "static-member-clash": [0],
  "lag-spike": [0],
  "members-late": [0],
  // Nothing more is stopped; the source's workers come back and the target's go.
  // A pod that never goes keeps its StatefulSet from starting another: where the way back meets one, it waits for the person who is paged.
  "terminating-hangs": [4],
  "broker-unreachable": [4],
  "controller-both-sides": [4],
  // A queue that doesn't run empty is a person's to judge, and nobody does in time.
  "unacked-stuck": [4],
  "publisher-reappears": [4],
  "parent-late": [0],
  "balancer-late": [0],
  "policy-late": [0],
  "restore-slow": [0],
  "bucket-late": [0],
  // Nobody puts secrets back, or carries them over, but people.
  "secrets-left-out": [4],
  "secret-renewed": [4],
  "object-added": [4],
  // Carried to the other zone, or in it from the start.
  "record-added": [0],
  "record-removed": [0],
  // Carried over, field by field.
  "break-glass-deploy": [0],
  "edge-closed": [4],
  "target-errs": [4],
  // The target serves already, and the source stands: people decide.
  "target-slow": [5],
  "address-pinned": [5],
};

describe("faults of the world last, and end as the design says", () => {
  const pairs = FAULTS.filter((f) => f.scope === "world").flatMap((f) =>
    f.steps.map((step) => [f.kind, step] as const),
  );
  it.each(pairs)("%s from %s on", async (kind, step) => {
    const ran = await run(rich(), { faults: [{ kind, step }] });
    const { exitCode, ...rest } = ending(ran);
    expect(rest, ran.sentence).toEqual({ failed: 0, broken: [], unstruck: [] });
    expect(ENDS[`${kind}@${step}`] ?? ENDS[kind], ran.sentence).toContain(exitCode);
  });

  it("metrics that are missing during a rollback don't stop it", async () => {
    const ran = await run(rich(), {
      rollBackAt: "cut-traffic",
      faults: [{ kind: "metrics-missing", step: "observe-target-traffic" }],
    });
    expect(ending(ran), ran.sentence).toEqual({ exitCode: 4, failed: 0, broken: [], unstruck: [] });
  });

  it("a fault that ends in time is waited out", async () => {
    const faults = [
      { kind: "pod-never-ready", step: "scale-workload", seconds: 120 },
      { kind: "metrics-missing", step: "compare-platform", seconds: 300 },
    ];
    expect(ending(await run(rich(), { faults }))).toEqual({
      exitCode: 0,
      failed: 0,
      broken: [],
      unstruck: [],
    });
  });
});
