/** The operations of the API, from its reference (https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html). */

import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { account, body, failure, invoke, machine } from "./harness.ts";

const apiError = (name: string) => expect.objectContaining({ name });
const waits = machine({ W: { Type: "Wait", Seconds: 10, End: true } });

describe("StartExecution (API_StartExecution.html)", () => {
  it("is idempotent for the name and input of a running execution", () => {
    const { start, engine } = account({ main: waits });
    expect(start({ a: 1 })).toBe(start({ a: 1 }));
    expect(engine.list()).toHaveLength(1);
  });

  it("refuses another input for that name, and any input once the execution has ended", async () => {
    const { start, run } = account({ main: waits });
    start({ a: 1 });
    expect(() => start({ a: 2 })).toThrow(apiError("ExecutionAlreadyExists"));
    await run();
    expect(() => start({ a: 1 })).toThrow(apiError("ExecutionAlreadyExists"));
  });

  it("refuses a machine that isn't there, and names that the service refuses", () => {
    const { engine, start } = account({ main: waits });
    expect(() => engine.start({ machine: "other", name: "n", input: {} })).toThrow(
      apiError("StateMachineDoesNotExist"),
    );
    for (const name of ["", "with space", "a/b", "a:b", "x".repeat(81)]) {
      expect(() => start({}, name)).toThrow(apiError("InvalidName"));
    }
    expect(start({}, "x".repeat(80)).status).toBe("RUNNING");
  });

  it("finds a machine by name, placeholder and ARN", () => {
    const { engine } = account({ main: waits });
    for (const [i, name] of ["main", "${main}", engine.machineArn("main")].entries()) {
      expect(engine.start({ machine: name, name: `n${i}`, input: {} }).machine).toBe("main");
    }
  });
});

describe("StopExecution (API_StopExecution.html)", () => {
  it("ends the execution where it is, with error and cause and no Catch", async () => {
    const states = {
      A: invoke("slow", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }] }),
      B: { Type: "Succeed" },
    };
    const { start, run, engine, types, clock } = account(
      { main: machine(states) },
      {
        slow: async (_, time) => {
          await time.sleep(5000);
          return 1;
        },
      },
    );
    const execution = start();
    clock.after(1000, () => engine.stop(execution.arn, "Aborted", "by hand"));
    await run();
    expect(execution).toMatchObject({
      status: "ABORTED",
      error: "Aborted",
      cause: "by hand",
      stoppedAt: clock.now(),
    });
    expect(types(execution).at(-1)).toBe("ExecutionAborted");
    const before = execution.eventCount;
    await run(() => clock.elapsedSeconds() >= 5);
    expect(execution.eventCount).toBe(before);
  });

  it("leaves an ended execution as it is, and doesn't know others", async () => {
    const { start, run, engine } = account({ main: waits });
    const execution = start();
    await run();
    engine.stop(execution.arn);
    expect(execution.status).toBe("SUCCEEDED");
    expect(() => engine.stop("nobody")).toThrow(apiError("ExecutionDoesNotExist"));
  });

  it("stops before the first state as well", async () => {
    const { start, run, engine, types } = account({ main: waits });
    const execution = start();
    engine.stop(execution.arn);
    await run();
    expect(types(execution)).toEqual(["ExecutionStarted", "ExecutionAborted"]);
  });
});

describe("RedriveExecution (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html)", () => {
  const recovering = (failures: number) => {
    const calls: Json[] = [];
    return {
      calls,
      f: ({ payload }: { readonly payload: Json }): Json => {
        calls.push(payload);
        if (calls.length <= failures) throw failure("Down");
        return `call ${calls.length}`;
      },
    };
  };

  it("goes on from the failed step with its input and variables, and doesn't rerun what succeeded", async () => {
    const { calls, f } = recovering(1);
    let passed = 0;
    const { start, run, engine, types } = account(
      {
        main: machine({
          First: invoke("once", {
            Assign: { kept: "{% $states.result.Payload %}" },
            Output: { in: 1 },
            Next: "Second",
          }),
          Second: invoke("f", { Output: { result: "{% $states.result.Payload %}", kept: "{% $kept %}" } }),
        }),
      },
      {
        f,
        once: () => {
          passed += 1;
          return "of the first";
        },
      },
    );
    const execution = start();
    await run();
    expect(execution).toMatchObject({ status: "FAILED", error: "Down" });
    const arn = execution.arn;
    expect(engine.redrive(arn)).toBe(execution);
    expect(execution).toMatchObject({ status: "RUNNING", redriveCount: 1 });
    expect(execution.error).toBeUndefined();
    await run();
    expect(passed).toBe(1);
    expect(calls).toEqual([{ in: 1 }, { in: 1 }]);
    expect(execution).toMatchObject({
      status: "SUCCEEDED",
      output: { result: "call 2", kept: "of the first" },
    });
    const after = types(execution).slice(types(execution).indexOf("ExecutionRedriven"));
    expect(after[1]).toBe("TaskScheduled");
  });

  it("gives retries anew", async () => {
    const { calls, f } = recovering(3);
    const { start, run, engine } = account(
      { main: machine({ A: invoke("f", { Retry: [{ ErrorEquals: ["Down"], MaxAttempts: 1 }] }) }) },
      { f },
    );
    const execution = start();
    await run();
    expect(calls).toHaveLength(2);
    engine.redrive(execution.arn);
    await run();
    expect(calls).toHaveLength(4);
    expect(execution.status).toBe("SUCCEEDED");
  });

  it("reruns only the branches of a Parallel and the iterations of a Map that failed or were stopped", async () => {
    for (const state of [
      {
        Type: "Parallel",
        Branches: ["good", "bad"].map((name) => body({ [name]: invoke(name) })),
        End: true,
      },
      {
        Type: "Map",
        Items: ["good", "bad"],
        ItemProcessor: body({
          Call: invoke("", { Arguments: { FunctionName: "{% $states.input %}" } }),
        }),
        End: true,
      },
    ]) {
      const counts = { good: 0, bad: 0 };
      const { start, run, engine } = account(
        { main: machine({ P: { ...state, Output: "{% $states.result.Payload %}" } }) },
        {
          good: () => {
            counts.good += 1;
            return "good";
          },
          bad: async (_, clock) => {
            counts.bad += 1;
            await clock.sleep(1000);
            if (counts.bad === 1) throw failure("Down");
            return "better";
          },
        },
      );
      const execution = start();
      await run();
      expect(execution.status).toBe("FAILED");
      engine.redrive(execution.arn);
      await run();
      expect(execution).toMatchObject({ status: "SUCCEEDED", output: ["good", "better"] });
      expect(counts).toEqual({ good: 1, bad: 2 });
    }
  });

  it("runs once, even where it is stopped and redriven in one instant", async () => {
    let calls = 0;
    const { start, run, engine, clock } = account(
      { main: machine({ A: { Type: "Wait", Seconds: 5, Next: "B" }, B: invoke("f") }) },
      {
        f: () => {
          calls += 1;
          return null;
        },
      },
    );
    const execution = start();
    for (const second of [0, 1, 2]) {
      clock.after(second * 1000, () => {
        engine.stop(execution.arn);
        engine.redrive(execution.arn);
      });
    }
    await run();
    expect(execution).toMatchObject({ status: "SUCCEEDED", redriveCount: 3 });
    expect(calls).toBe(1);
  });

  it("sets the machine's timeout back", async () => {
    const { start, run, engine, clock } = account({
      main: machine(
        { A: { Type: "Wait", Seconds: 5, Next: "B" }, B: { Type: "Wait", Seconds: 5, End: true } },
        { TimeoutSeconds: 8 },
      ),
    });
    const execution = start();
    await run();
    expect(execution.status).toBe("TIMED_OUT");
    engine.redrive(execution.arn);
    await run();
    expect(execution.status).toBe("SUCCEEDED");
    expect(clock.elapsedSeconds()).toBe(13);
  });

  it("is refused for what runs, succeeded, or ended more than 14 days ago", async () => {
    const { start, run, engine, clock } = account({ main: waits });
    const execution = start();
    const refused = () =>
      expect(() => engine.redrive(execution.arn)).toThrow(apiError("ExecutionNotRedrivable"));
    refused();
    await run();
    refused();
    const stopped = start({}, "two");
    engine.stop(stopped.arn);
    clock.after(15 * 86_400_000, () => {});
    await run(() => false);
    expect(() => engine.redrive(stopped.arn)).toThrow(apiError("ExecutionNotRedrivable"));
  });
});

describe("Histories", () => {
  it("every event is seen as it is written, and counted where it isn't kept", async () => {
    const seen: number[] = [];
    const { start, run, engine } = account(
      { main: waits },
      {},
      { keepHistories: false, onHistory: (_, { id }) => seen.push(id) },
    );
    const execution = start();
    await run();
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(engine.history(execution.arn)).toEqual([]);
    expect(execution).toMatchObject({ eventCount: 4, transitionCount: 1 });
  });

  it("an observer that throws is heard of by check, and the workflow goes on", async () => {
    const onHistory = () => {
      throw new RangeError("an invariant");
    };
    const { start, run, engine } = account({ main: waits }, {}, { onHistory });
    const execution = start();
    await expect(run()).rejects.toThrow("an invariant");
    expect(execution.status).toBe("SUCCEEDED");
    expect(() => engine.check()).toThrow(RangeError);
  });

  it("the oldest ended executions are forgotten beyond endedMax; running ones never", async () => {
    const { start, run, engine } = account({ main: waits }, {}, { endedMax: 2 });
    for (const name of ["a", "b", "c"]) start({}, name);
    expect(engine.list()).toHaveLength(3);
    await run();
    expect(engine.list().map(({ name }) => name)).toEqual(["b", "c"]);
  });

  it("ten thousand executions wait at once", async () => {
    const { start, run, engine } = account({ main: waits }, {}, { keepHistories: false });
    for (let i = 0; i < 10_000; i += 1) start(i, `n${i}`);
    await run();
    expect(engine.list({ status: "SUCCEEDED" })).toHaveLength(10_000);
  });

  it("two runs from one seed write the same histories", async () => {
    const once = async () => {
      const { start, run, events } = account(
        {
          main: machine({
            A: invoke("f", { Retry: [{ ErrorEquals: ["Down"], JitterStrategy: "FULL" }], Next: "B" }),
            B: {
              Type: "Pass",
              Output: ["{% $uuid() %}", "{% $random() %}", "{% $now() %}", "{% $shuffle([1..50]) %}"],
              End: true,
            },
          }),
        },
        { f: ({ execution }) => (execution.name === "one" ? Promise.reject(failure("Down")) : 1) },
      );
      const executions = ["one", "two"].map((name) => start({}, name));
      await run();
      return executions.map(events);
    };
    expect(await once()).toEqual(await once());
  });
});
