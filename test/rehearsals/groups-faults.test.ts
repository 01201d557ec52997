/** Storms, clashes and spikes while a consumer group moves: held, waited out or rolled back, and nothing lost. */

import { describe, expect, test } from "vitest";
import { groupOf } from "./reader.ts";
import { run } from "./small.ts";

const LIVE = () => groupOf({ policy: "live", assignor: "cooperative" });
const STATIC = () => groupOf({ staticIdPrefix: "reader" }, "StatefulSet");

const CASES = [
  { kind: "rebalance-storm", step: "plan-move", plan: LIVE },
  { kind: "rebalance-storm", step: "observe-group", plan: STATIC },
  { kind: "static-member-clash", step: "plan-move", plan: STATIC },
  { kind: "static-member-clash", step: "hand-over-static-id", plan: STATIC },
  { kind: "lag-spike", step: "plan-move", plan: LIVE },
  { kind: "lag-spike", step: "observe-group", plan: LIVE },
  { kind: "members-late", step: "plan-move", plan: LIVE },
  { kind: "members-late", step: "observe-group", plan: STATIC },
] as const;

describe.each(CASES)("$kind at $step", ({ kind, step, plan }) => {
  test("strikes, is waited out, and loses nothing", async () => {
    const { summary } = await run(plan(), { faults: [{ kind, step }] });
    expect(summary.faults[0]?.struck).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      outcome: "completed",
      violations: [],
      requests: { failed: 0 },
      kafka: { lost: 0 },
    });
  });

  test("strikes while it is rolled back, and everything is as it was", async () => {
    const { summary } = await run(plan(), { faults: [{ kind, step }], rollBackAt: "move-workloads" });
    expect(summary.faults[0]?.struck).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      outcome: "rolled-back",
      violations: [],
      requests: { failed: 0 },
      kafka: { lost: 0 },
    });
  });
});

test("a storm in which no pod gets ready asks people, and without an answer the run goes back", async () => {
  const faults = [
    { kind: "rebalance-storm", step: "plan-move" },
    { kind: "pod-never-ready", step: "plan-move" },
  ];
  const { summary } = await run(LIVE(), { faults, approve: "never" });
  expect(["rolled-back", "waiting"]).toContain(summary.outcome);
  expect(summary).toMatchObject({ violations: [], requests: { failed: 0 }, kafka: { lost: 0 } });
});
