/**
 * Parallel (https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html) and the inline Map
 * (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html).
 */

import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { body, fails, failure, invoke, outcome, wait } from "./harness.ts";

describe("Parallel", () => {
  it("gives every branch the same input and collects their outputs in order, as slow as the slowest", async () => {
    const { execution, elapsedSeconds, types } = await outcome(
      {
        P: {
          Type: "Parallel",
          Branches: [
            body({ Slow: wait(3) }),
            body({ Quick: { Type: "Pass", Output: "{% $states.input.n + 1 %}", End: true } }),
          ],
          End: true,
        },
      },
      { n: 1 },
    );
    expect(execution.output).toEqual([{ n: 1 }, 2]);
    expect(elapsedSeconds).toBe(3);
    expect(types(execution)).toEqual([
      "ExecutionStarted",
      "ParallelStateEntered",
      "ParallelStateStarted",
      "WaitStateEntered",
      "PassStateEntered",
      "PassStateExited",
      "WaitStateExited",
      "ParallelStateSucceeded",
      "ParallelStateExited",
      "ExecutionSucceeded",
    ]);
  });

  it("Arguments take the place of the input", async () => {
    const { execution } = await outcome(
      {
        P: {
          Type: "Parallel",
          Arguments: { m: "{% $states.input.n * 2 %}" },
          Branches: [body({ A: { Type: "Succeed" } })],
          End: true,
        },
      },
      { n: 4 },
    );
    expect(execution.output).toEqual([{ m: 8 }]);
  });

  it("a branch that fails stops the others and fails the state, at once", async () => {
    const stopped: string[] = [];
    const { execution, elapsedSeconds, types } = await outcome(
      {
        P: {
          Type: "Parallel",
          Branches: [
            body({ Slow: invoke("slow", { Next: "After" }), After: invoke("after") }),
            body({ W: { Type: "Wait", Seconds: 1, Next: "F" }, F: fails("Broken") }),
          ],
          End: true,
        },
      },
      {},
      {
        slow: async (_, clock) => {
          await clock.sleep(60_000);
          return 1;
        },
        after: () => {
          stopped.push("after");
          return 1;
        },
      },
    );
    expect(execution).toMatchObject({ status: "FAILED", error: "Broken" });
    expect(elapsedSeconds).toBe(1);
    expect(types(execution).slice(-3)).toEqual([
      "TaskStateAborted",
      "ParallelStateFailed",
      "ExecutionFailed",
    ]);
    expect(stopped).toEqual([]);
  });

  it("is retried and caught as a whole", async () => {
    let calls = 0;
    const { execution, types } = await outcome(
      {
        P: {
          Type: "Parallel",
          Branches: [body({ A: invoke("f") }), body({ B: { Type: "Pass", End: true } })],
          Retry: [{ ErrorEquals: ["Down"], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "C" }],
          End: true,
        },
        C: { Type: "Succeed" },
      },
      {},
      {
        f: () => {
          calls += 1;
          throw failure("Down");
        },
      },
    );
    expect(calls).toBe(2);
    expect(execution).toMatchObject({ status: "SUCCEEDED", output: { Error: "Down" } });
    expect(types(execution).filter((type) => type === "ParallelStateStarted")).toHaveLength(2);
    expect(types(execution)).toContain("ParallelStateExited");
  });

  it("runs branches within branches", async () => {
    const inner = { Type: "Parallel", Branches: [body({ X: wait(1) }), body({ Y: wait(2) })], End: true };
    const { execution } = await outcome(
      { P: { Type: "Parallel", Branches: [body({ I: inner }), body({ Z: wait(1) })], End: true } },
      5,
    );
    expect(execution.output).toEqual([[5, 5], 5]);
  });
});

describe("Map in inline mode", () => {
  const map = (
    more: { readonly [field: string]: Json },
    states: { readonly [name: string]: Json } = { W: wait(1) },
  ): Json => ({
    Type: "Map",
    ItemProcessor: body(states),
    ...more,
    End: true,
  });

  it("runs at most MaxConcurrency at once", async () => {
    for (const [MaxConcurrency, seconds] of [
      [1, 5],
      [2, 3],
      [0, 1],
      ["{% 5 %}", 1],
    ] as const) {
      const { elapsedSeconds } = await outcome({ M: map({ Items: [1, 2, 3, 4, 5], MaxConcurrency }) });
      expect([MaxConcurrency, elapsedSeconds]).toEqual([MaxConcurrency, seconds]);
    }
  });

  it("without MaxConcurrency runs forty at once", async () => {
    const { elapsedSeconds } = await outcome({ M: map({ Items: Array.from({ length: 81 }, (_, i) => i) }) });
    expect(elapsedSeconds).toBe(3);
  });

  it("ItemSelector makes the input of each from $states.context.Map.Item and the state's own input", async () => {
    const ItemSelector = {
      at: "{% $states.context.Map.Item.Index %}",
      item: "{% $states.context.Map.Item.Value %}",
      all: "{% $states.input.common %}",
    };
    const { execution } = await outcome(
      { M: map({ Items: "{% $states.input.list %}", ItemSelector }) },
      { common: "c", list: ["a", "b"] },
    );
    expect(execution.output).toEqual([
      { at: 0, item: "a", all: "c" },
      { at: 1, item: "b", all: "c" },
    ]);
  });

  it("keeps the order of the items whatever ends first", async () => {
    const { execution } = await outcome({ M: map({ Items: [3, 1, 2] }, { W: wait("{% $states.input %}") }) });
    expect(execution.output).toEqual([3, 1, 2]);
  });

  it("an iteration that fails stops the others and fails the state", async () => {
    const states = {
      C: { Type: "Choice", Choices: [{ Condition: "{% $states.input = 2 %}", Next: "F" }], Default: "W" },
      F: fails("Broken"),
      W: wait(9),
    };
    const { execution, types, elapsedSeconds } = await outcome({ M: map({ Items: [1, 2, 3] }, states) });
    expect(execution.error).toBe("Broken");
    expect(elapsedSeconds).toBe(0);
    expect(types(execution).slice(-7)).toEqual([
      "MapIterationFailed",
      "WaitStateAborted",
      "MapIterationAborted",
      "WaitStateAborted",
      "MapIterationAborted",
      "MapStateFailed",
      "ExecutionFailed",
    ]);
  });
});
