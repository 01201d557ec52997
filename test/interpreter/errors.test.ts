/**
 * Retry, Catch, timeouts and quotas, from the documentation: "Handling errors in Step Functions workflows"
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html) unless a test says otherwise.
 */

import { describe, expect, it } from "vitest";
import { type Json, Payload } from "../../simulator/interpreter/engine.ts";
import { account, failure, invoke, machine, outcome } from "./harness.ts";

/** A function that throws these in turn, and then succeeds; and the times at which it was called, in seconds. */
const throwing = (...names: readonly string[]) => {
  const calledAt: number[] = [];
  return {
    calledAt,
    flaky: (_: unknown, clock: { elapsedSeconds(): number }): Json => {
      calledAt.push(clock.elapsedSeconds());
      const name = names[calledAt.length - 1];
      if (name) throw failure(name, "as told");
      return { calls: calledAt.length };
    },
  };
};

describe("Retry", () => {
  it("waits 3 and then 4.5 seconds with an interval of 3 and a rate of 1.5", async () => {
    const { calledAt, flaky } = throwing("Busy", "Busy");
    const Retry = [{ ErrorEquals: ["Busy"], IntervalSeconds: 3, MaxAttempts: 2, BackoffRate: 1.5 }];
    const { execution } = await outcome({ A: invoke("flaky", { Retry }) }, {}, { flaky });
    expect(calledAt).toEqual([0, 3, 7.5]);
    expect(execution.status).toBe("SUCCEEDED");
  });

  it("defaults to three retries after 1, 2 and 4 seconds, and then fails with the error", async () => {
    const { calledAt, flaky } = throwing("Busy", "Busy", "Busy", "Busy", "Busy");
    const { execution } = await outcome(
      { A: invoke("flaky", { Retry: [{ ErrorEquals: ["States.ALL"] }] }) },
      {},
      { flaky },
    );
    expect(calledAt).toEqual([0, 1, 3, 7]);
    expect(execution).toMatchObject({ status: "FAILED", error: "Busy" });
  });

  it("never waits longer than MaxDelaySeconds", async () => {
    const { calledAt, flaky } = throwing("Busy", "Busy", "Busy");
    const Retry = [
      { ErrorEquals: ["Busy"], IntervalSeconds: 3, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 5 },
    ];
    await outcome({ A: invoke("flaky", { Retry }) }, {}, { flaky });
    expect(calledAt).toEqual([0, 3, 8, 13]);
  });

  it("with FULL jitter waits between nothing and the delay, the same for the same seed", async () => {
    const delays = async () => {
      const { calledAt, flaky } = throwing(...Array.from({ length: 50 }, () => "Busy"));
      const Retry = [
        {
          ErrorEquals: ["Busy"],
          IntervalSeconds: 8,
          BackoffRate: 1,
          MaxAttempts: 50,
          JitterStrategy: "FULL",
        },
      ];
      await outcome({ A: invoke("flaky", { Retry }) }, {}, { flaky });
      return calledAt.slice(1).map((at, i) => at - (calledAt[i] ?? 0));
    };
    const first = await delays();
    expect(await delays()).toEqual(first);
    expect(first.every((delay) => delay >= 0 && delay <= 8)).toBe(true);
    expect(Math.max(...first)).toBeGreaterThan(6);
    expect(Math.min(...first)).toBeLessThan(2);
  });

  it("counts for each retrier by itself, across all visits within one entry of the state", async () => {
    const { calledAt, flaky } = throwing("ErrorA", "ErrorB", "ErrorC", "ErrorB");
    const Retry = [
      { ErrorEquals: ["ErrorA", "ErrorB"], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 2 },
      { ErrorEquals: ["ErrorC"], IntervalSeconds: 5 },
    ];
    const Catch = [{ ErrorEquals: ["States.ALL"], Next: "Z" }];
    const { execution } = await outcome(
      { X: invoke("flaky", { Retry, Catch }), Z: { Type: "Succeed" } },
      {},
      { flaky },
    );
    expect(calledAt).toEqual([0, 1, 3, 8]);
    expect(execution.output).toMatchObject({ Error: "ErrorB" });
  });

  it("MaxAttempts 0 never retries", async () => {
    const { calledAt, flaky } = throwing("Busy");
    const Retry = [{ ErrorEquals: ["Busy"], MaxAttempts: 0 }, { ErrorEquals: ["States.ALL"] }];
    await outcome({ A: invoke("flaky", { Retry }) }, {}, { flaky });
    expect(calledAt).toEqual([0]);
  });

  it("says how often in $states.context.State.RetryCount, and counts as a state transition", async () => {
    const seen: Json[] = [];
    const flaky = ({ payload }: { readonly payload: Json }): Json => {
      seen.push(payload);
      if (seen.length < 3) throw failure("Busy");
      return null;
    };
    const Arguments = { FunctionName: "${flaky}", Payload: "{% $states.context.State.RetryCount %}" };
    const { execution } = await outcome(
      { A: invoke("flaky", { Arguments, Retry: [{ ErrorEquals: ["Busy"] }] }) },
      {},
      { flaky },
    );
    expect(seen).toEqual([0, 1, 2]);
    expect(execution.transitionCount).toBe(3);
  });
});

describe("Names of errors", () => {
  const caughtBy = async (name: string, pattern: string): Promise<boolean> => {
    const { execution } = await outcome(
      {
        A: invoke("f", { Catch: [{ ErrorEquals: [pattern], Next: "Caught" }] }),
        Caught: { Type: "Succeed" },
      },
      {},
      {
        f: () => {
          throw failure(name, "as told");
        },
      },
    );
    return execution.status === "SUCCEEDED";
  };

  it.each([
    ["Custom", "States.ALL", true],
    ["Custom", "States.TaskFailed", true],
    ["Custom", "Custom", true],
    ["Custom", "custom", false],
    ["Custom", "Other", false],
    ["States.Timeout", "States.TaskFailed", false],
    ["States.Timeout", "States.Timeout", true],
    ["States.Timeout", "States.HeartbeatTimeout", false],
    ["States.DataLimitExceeded", "States.ALL", false],
    ["States.DataLimitExceeded", "States.TaskFailed", false],
    ["States.DataLimitExceeded", "States.DataLimitExceeded", true],
    ["States.Runtime", "States.ALL", false],
    ["States.Runtime", "States.Runtime", false],
  ])("%s against %s: %s", async (name, pattern, caught) => {
    expect(await caughtBy(name, pattern)).toBe(caught);
  });

  it("a function's error keeps its name; its cause is Lambda's JSON", async () => {
    const { execution, types } = await outcome(
      { A: invoke("f") },
      {},
      {
        f: () => {
          throw failure("GateClosed", "p99 is 900 ms");
        },
      },
    );
    expect(execution.error).toBe("GateClosed");
    expect(JSON.parse(execution.cause ?? "")).toMatchObject({
      errorType: "GateClosed",
      errorMessage: "p99 is 900 ms",
    });
    expect(types(execution)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskFailed",
      "ExecutionFailed",
    ]);
  });

  it("no matching choice without a Default is States.NoChoiceMatched", async () => {
    const { execution } = await outcome({
      A: { Type: "Choice", Choices: [{ Condition: "{% false %}", Next: "B" }] },
      B: { Type: "Succeed" },
    });
    expect(execution).toMatchObject({ status: "FAILED", error: "States.NoChoiceMatched" });
  });
});

describe("Catch", () => {
  it("assigns and outputs from $states.errorOutput, and shows the variables as they were", async () => {
    const { execution } = await outcome(
      {
        Set: { Type: "Pass", Assign: { n: 1 }, Next: "A" },
        A: invoke("f", {
          Catch: [
            {
              ErrorEquals: ["Bad"],
              Assign: { n: "{% $n + 1 %}" },
              Output: { error: "{% $states.errorOutput.Error %}", before: "{% $n %}" },
              Next: "B",
            },
          ],
        }),
        B: { Type: "Pass", Output: { caught: "{% $states.input %}", after: "{% $n %}" }, End: true },
      },
      {},
      {
        f: () => {
          throw failure("Bad");
        },
      },
    );
    expect(execution.output).toEqual({ caught: { error: "Bad", before: 1 }, after: 2 });
  });

  it("catches an evaluation that failed", async () => {
    const { execution, types } = await outcome(
      {
        A: invoke("f", {
          Output: "{% $nothing %}",
          Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "B" }],
        }),
        B: { Type: "Succeed" },
      },
      {},
      { f: () => 1 },
    );
    expect(execution.status).toBe("SUCCEEDED");
    expect(types(execution)).toContain("EvaluationFailed");
  });
});

describe("Timeouts", () => {
  const slow = async (_: unknown, clock: { sleep(milliseconds: number): Promise<void> }): Promise<Json> => {
    await clock.sleep(10_000);
    return "late";
  };

  it("a task that takes longer than TimeoutSeconds fails with States.Timeout after them", async () => {
    const { execution, events, elapsedSeconds } = await outcome(
      { A: invoke("slow", { TimeoutSeconds: 2 }) },
      {},
      { slow },
    );
    expect(execution).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect(elapsedSeconds).toBe(2);
    expect(events(execution).map(({ type }) => type)).toContain("TaskTimedOut");
    expect(events(execution)[2]).toMatchObject({ taskScheduledEventDetails: { timeoutInSeconds: 2 } });
  });

  it("what a task returns after its timeout changes nothing", async () => {
    const { execution, types, run } = await outcome(
      {
        A: invoke("slow", { TimeoutSeconds: 2, Catch: [{ ErrorEquals: ["States.Timeout"], Next: "B" }] }),
        B: { Type: "Wait", Seconds: 60, End: true },
      },
      {},
      { slow },
    );
    await run();
    expect(types(execution).filter((type) => type === "TaskSucceeded")).toEqual([]);
    expect(execution.status).toBe("SUCCEEDED");
  });

  it("TimeoutSeconds may be an expression, and must be a positive integer", async () => {
    const state = invoke("slow", { TimeoutSeconds: "{% $states.input.t %}" });
    expect((await outcome({ A: state }, { t: 4 }, { slow })).elapsedSeconds).toBe(4);
    expect((await outcome({ A: state }, { t: 0 }, { slow })).execution.error).toBe(
      "States.QueryEvaluationError",
    );
  });

  it("an execution that exceeds its own TimeoutSeconds is TIMED_OUT whatever it catches", async () => {
    const states = {
      A: invoke("slow", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }] }),
      B: { Type: "Succeed" },
    };
    const { start, run, types, clock } = account({ main: machine(states, { TimeoutSeconds: 3 }) }, { slow });
    const execution = start();
    await run();
    expect(execution.status).toBe("TIMED_OUT");
    expect(types(execution).at(-1)).toBe("ExecutionTimedOut");
    expect(clock.elapsedSeconds()).toBe(3);
  });

  it("a wait of thirty days costs no more than one of a second", async () => {
    const wait = async (Seconds: number) => {
      const { execution, elapsedSeconds } = await outcome({ A: { Type: "Wait", Seconds, End: true } });
      return { events: execution.eventCount, elapsedSeconds };
    };
    expect(await wait(2_592_000)).toEqual({ ...(await wait(1)), elapsedSeconds: 2_592_000 });
  });
});

describe("Quotas (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)", () => {
  // https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html
  it("an execution fails at 25,000 events", async () => {
    const { execution, types } = await outcome({
      A: { Type: "Pass", Next: "B" },
      B: { Type: "Pass", Next: "A" },
    });
    expect(execution).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
      eventCount: 25_000,
    });
    expect(types(execution).at(-1)).toBe("ExecutionFailed");
  });

  it("an execution whose event 25,000 is ExecutionSucceeded succeeds", async () => {
    const states = { A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", End: true } };
    const { execution } = await outcome(states, {}, {}, { eventsMax: 6 });
    expect(execution).toMatchObject({ status: "SUCCEEDED", eventCount: 6 });
    expect((await outcome(states, {}, {}, { eventsMax: 5 })).execution).toMatchObject({
      status: "FAILED",
      eventCount: 5,
    });
  });

  const text = (bytes: number) => "x".repeat(bytes - 2);

  it.each([
    [262_144, "SUCCEEDED"],
    [262_145, "FAILED"],
  ])("an output of %i bytes: %s", async (bytes, status) => {
    const { execution } = await outcome({ A: { Type: "Pass", Output: text(bytes), End: true } });
    expect(execution.status).toBe(status);
    if (status === "FAILED") expect(execution.error).toBe("States.DataLimitExceeded");
  });

  it("counts bytes, not characters", async () => {
    const { execution } = await outcome({ A: { Type: "Pass", Output: "é".repeat(140_000), End: true } });
    expect(execution.error).toBe("States.DataLimitExceeded");
  });

  it.each([
    ["the result of a task", { A: invoke("big") }],
    [
      "the arguments of a task",
      { A: invoke("big", { Arguments: { FunctionName: "${big}", Payload: text(262_200) } }) },
    ],
    ["a variable", { A: { Type: "Pass", Assign: { big: text(262_145) }, Output: 1, End: true } }],
  ])("%s is held to 256 KiB, which States.ALL doesn't catch", async (_, states) => {
    const { execution } = await outcome(states as never, {}, { big: () => text(262_145) });
    expect(execution).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });

  it("a larger input is refused by StartExecution", () => {
    const { start } = account({ main: machine({ A: { Type: "Succeed" } }) });
    expect(() => start(text(262_145))).toThrow(expect.objectContaining({ name: "InvalidExecutionInput" }));
    expect(new Payload(text(262_144)).text).toHaveLength(262_144);
  });
});
