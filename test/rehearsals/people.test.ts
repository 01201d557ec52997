/** People and operators at their worst, over whole rehearsals with the real door, queue, worker, rule and reconciler. What they bring to light of mistakes is in the catalogue of planted bugs. */

import { describe, expect, test } from "vitest";
import type { FaultRequest } from "../../simulator/faults/strikes.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { inStep } from "../../simulator/planted/edit.ts";
import { machines as realMachines } from "../../workflows/index.ts";
import { rich, run } from "./small.ts";

const at = (kind: string, step: string, seconds?: number): FaultRequest => ({
  kind,
  step,
  ...(seconds === undefined ? {} : { seconds }),
});

describe("people", () => {
  test.each<[string, FaultRequest, number]>([
    ["who click twice are counted once", at("approval-twice", "ask-people"), 0],
    ["who come too late change nothing any more", at("approval-late", "ask-people"), 5],
    ["of whom one denies are heard", at("approval-contradictory", "ask-people"), 4],
    ["whom nobody named decide nothing", at("approval-by-nobody-entitled", "ask-people"), 0],
    ["are asked again when Slack is back", at("slack-down", "ask-people", 900), 0],
    ["who are never reached keep nothing frozen", at("slack-down", "ask-people"), 5],
  ])("%s", async (_, fault, exitCode) => {
    const ran = await run(rich(), { faults: [fault] });
    expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([exitCode, [], 0]);
  });

  test("who press Roll back on the question about the cut bring everything home, without a quorum", async () => {
    const asks = inStep("ask-people", (right) => (input, context) => {
      const { question } = input as { readonly question: { readonly choices: readonly string[] } };
      // Nobody grants and nobody denies here: the only other way is back.
      return right(
        { ...(input as object), question: { ...question, choices: ["granted", "roll-back"] } },
        context,
      );
    });
    const ran = await run(rich(), { ...asks(RIGHT), approve: "deny" });
    expect([ran.exitCode, ran.summary.violations]).toEqual([4, []]);
    expect(ran.events).toContainEqual(
      expect.objectContaining({ type: "approval", sentence: expect.stringContaining("roll-back") }),
    );
  });
});

describe("an execution", () => {
  test.each<[string, FaultRequest, number]>([
    ["that is aborted before the delegation is taken back", at("execution-aborted", "scale-workload"), 4],
    ["whose end no event told of is found", at("event-lost", "scale-workload"), 4],
    ["whose end is told twice is taken back once", at("event-twice", "scale-workload"), 4],
    [
      "that is aborted after the delegation waits for people",
      at("execution-aborted", "observe-stragglers"),
      5,
    ],
    [
      "that is aborted after the delegation without an event waits for people",
      at("event-lost", "observe-stragglers"),
      5,
    ],
    ["that is started a second time is refused at the door", at("started-twice", "validate-start"), 0],
    ["that is started a second time on the way is refused, too", at("started-twice", "scale-workload"), 0],
  ])("%s", async (_, fault, exitCode) => {
    const ran = await run(rich(), { faults: [fault] });
    expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([exitCode, [], 0]);
    const rollbacks = ran.events.filter(
      (e) => e.type === "execution" && e.machine === "roll-back" && e.status === "started",
    );
    expect(rollbacks.length).toBe(exitCode === 4 ? 1 : 0);
  });

  test("that is aborted in the middle of its own rollback is taken back to the end", async () => {
    const ran = await run(rich(), { approve: "deny", faults: [at("execution-aborted", "undo-effect")] });
    expect(ran.summary.faults[0]?.struck, "struck").toBe(1);
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([4, [], 0]);
    const ends = ran.events.flatMap((e) =>
      e.type === "execution" && e.machine === "roll-back" && e.status !== "started" ? [e.status] : [],
    );
    expect(ends).toEqual(["aborted", "succeeded"]);
  });

  test("that runs out of its time is taken back", async () => {
    const machines = realMachines.map((m) =>
      m.name === "migrate-cluster" ? { ...m, definition: { ...m.definition, TimeoutSeconds: 2_500 } } : m,
    );
    const ran = await run(rich(), { machines });
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([4, [], 0]);
    expect(ran.events).toContainEqual(
      expect.objectContaining({ type: "execution", machine: "migrate-cluster", status: "timed-out" }),
    );
  });

  test.each(["build-target", "freeze", "move-workloads"] as const)(
    "that is redriven while it is rolled back after %s runs into the fence",
    async (rollBackAt) => {
      const ran = await run(rich(), { rollBackAt, faults: [at("redriven-after-rollback", "raise-fence")] });
      expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
      expect([ran.exitCode, ran.summary.violations]).toEqual([4, []]);
    },
  );
});
