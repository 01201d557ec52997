/**
 * What tasks call, from the documentation: service integration patterns
 * (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html) unless a test says otherwise.
 */

import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { account, failure, invoke, machine, outcome } from "./harness.ts";

const ASK = "arn:aws:states:::lambda:invoke.waitForTaskToken";
const asking = (more: { readonly [field: string]: Json } = {}): Json =>
  invoke("ask", {
    Resource: ASK,
    Arguments: { FunctionName: "${ask}", Payload: { token: "{% $states.context.Task.Token %}" } },
    ...more,
  });

/** An account that waits at the callback, with the token that the function got. */
const waiting = async (state: Json = asking(), more: { readonly [name: string]: Json } = {}) => {
  const tokens: string[] = [];
  const all = account(
    { main: machine({ A: state, ...more }) },
    {
      ask: ({ payload, taskToken }) => {
        const { token } = payload as { readonly token: string };
        expect(taskToken).toBe(token);
        tokens.push(token);
        return "asked";
      },
    },
  );
  const execution = all.start();
  await all.run(() => tokens.length > 0 && all.types(execution).includes("TaskSubmitted"));
  return { ...all, execution, tokens, token: tokens[0] ?? "" };
};

const apiError = (name: string) => expect.objectContaining({ name });

describe("Waiting for a callback with a task token", () => {
  it("goes on with the output of SendTaskSuccess, however late", async () => {
    const { engine, execution, run, token, clock, events } = await waiting();
    clock.after(86_400_000 * 30, () => engine.sendTaskSuccess(token, '{"approved":true}'));
    await run();
    expect(execution).toMatchObject({ status: "SUCCEEDED", output: { approved: true } });
    expect(clock.elapsedSeconds()).toBe(2_592_000);
    expect(events(execution).map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskSubmitted",
      "TaskSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
    expect(events(execution)[2]).toMatchObject({
      taskScheduledEventDetails: { resource: "invoke.waitForTaskToken", resourceType: "lambda" },
    });
  });

  it("fails with the error and cause of SendTaskFailure", async () => {
    const { engine, execution, run, token } = await waiting();
    engine.sendTaskFailure(token, "Denied", "by the owner");
    await run();
    expect(execution).toMatchObject({ status: "FAILED", error: "Denied", cause: "by the owner" });
  });

  it("a callback that comes before the function has returned counts once it has", async () => {
    const { engine, start, run, types } = account(
      { main: machine({ A: asking() }) },
      {
        ask: async ({ taskToken }, clock) => {
          engine.sendTaskSuccess(taskToken ?? "", '"early"');
          await clock.sleep(1000);
          return "asked";
        },
      },
    );
    const execution = start();
    await run();
    expect(execution.output).toBe("early");
    expect(types(execution).slice(4, 6)).toEqual(["TaskSubmitted", "TaskSucceeded"]);
  });

  it("a function that fails fails the task at once", async () => {
    const { execution } = await outcome(
      { A: asking() },
      {},
      {
        ask: () => {
          throw failure("SlackDown");
        },
      },
    );
    expect(execution.error).toBe("SlackDown");
  });

  // https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
  it("a token is good once: used or expired it is TaskTimedOut, and what never was one is InvalidToken", async () => {
    const { engine, execution, run, token } = await waiting();
    engine.sendTaskSuccess(token, "1");
    expect(() => engine.sendTaskSuccess(token, "2")).toThrow(apiError("TaskTimedOut"));
    await run();
    expect(execution.output).toBe(1);
    for (const send of [
      () => engine.sendTaskSuccess(token, "2"),
      () => engine.sendTaskFailure(token, "Late"),
      () => engine.sendTaskHeartbeat(token),
    ]) {
      expect(send).toThrow(apiError("TaskTimedOut"));
    }
    expect(() => engine.sendTaskSuccess("nonsense", "2")).toThrow(apiError("InvalidToken"));
    expect(() => engine.sendTaskSuccess(`${token.slice(0, -4)}AAAA`, "2")).toThrow(apiError("InvalidToken"));
    expect(execution.output).toBe(1);
  });

  it("an output that isn't JSON is refused, and the token stays good", async () => {
    const { engine, execution, run, token } = await waiting();
    expect(() => engine.sendTaskSuccess(token, "{")).toThrow(apiError("InvalidOutput"));
    engine.sendTaskSuccess(token, "{}");
    await run();
    expect(execution.status).toBe("SUCCEEDED");
  });

  it("times out after TimeoutSeconds, and the token with it; a retry has a token of its own", async () => {
    const state = asking({
      TimeoutSeconds: 60,
      Retry: [{ ErrorEquals: ["States.Timeout"], MaxAttempts: 1 }],
    });
    const { engine, execution, run, tokens, clock } = await waiting(state);
    await run(() => tokens.length > 1);
    expect(clock.elapsedSeconds()).toBe(61);
    expect(tokens[1]).not.toBe(tokens[0]);
    expect(() => engine.sendTaskSuccess(tokens[0] ?? "", "1")).toThrow(apiError("TaskTimedOut"));
    clock.after(10_000, () => engine.sendTaskSuccess(tokens[1] ?? "", '"second"'));
    await run();
    expect(execution.output).toBe("second");
  });

  it("without a heartbeat for HeartbeatSeconds it fails; Catch knows that as States.HeartbeatTimeout", async () => {
    const state = asking({
      HeartbeatSeconds: 10,
      Catch: [{ ErrorEquals: ["States.HeartbeatTimeout"], Next: "B" }],
    });
    const { engine, execution, run, token, clock } = await waiting(state, { B: { Type: "Succeed" } });
    for (const second of [8, 16, 24]) clock.after(second * 1000, () => engine.sendTaskHeartbeat(token));
    await run();
    expect(clock.elapsedSeconds()).toBe(34);
    expect(execution).toMatchObject({ status: "SUCCEEDED", output: { Error: "States.Timeout", Cause: "" } });
  });

  it("heartbeats count while the function that was given the token still runs", async () => {
    const { engine, start, run } = account(
      { main: machine({ A: asking({ HeartbeatSeconds: 10 }) }) },
      {
        ask: async ({ taskToken = "" }, clock) => {
          for (let i = 0; i < 3; i += 1) {
            await clock.sleep(8000);
            engine.sendTaskHeartbeat(taskToken);
          }
          engine.sendTaskSuccess(taskToken, '"done"');
          return null;
        },
      },
    );
    const execution = start();
    await run();
    expect(execution.output).toBe("done");
  });

  it("heartbeats don't extend TimeoutSeconds", async () => {
    const { engine, execution, run, token, clock } = await waiting(
      asking({ HeartbeatSeconds: 10, TimeoutSeconds: 30 }),
    );
    for (const second of [8, 16, 24, 29]) clock.after(second * 1000, () => engine.sendTaskHeartbeat(token));
    await run();
    expect(clock.elapsedSeconds()).toBe(30);
    expect(execution.error).toBe("States.Timeout");
  });
});

describe("Nested executions (https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html)", () => {
  const child = machine({
    W: { Type: "Wait", Seconds: 5, Next: "D" },
    D: { Type: "Pass", Output: { got: "{% $states.input.x %}" }, End: true },
  });
  const starting = (
    pattern: string,
    more: { readonly [field: string]: Json } = {},
    Arguments: { readonly [field: string]: Json } = {},
  ): Json => ({
    Type: "Task",
    Resource: `arn:aws:states:::states:startExecution${pattern}`,
    Arguments: { StateMachineArn: "${child}", Input: { x: 1 }, ...Arguments },
    ...("Next" in more ? {} : { End: true }),
    ...more,
  });
  const both = (state: Json, of: Json = child, more: { readonly [name: string]: Json } = {}) =>
    account({ main: machine({ A: state, ...more }), child: of }, { f: () => "done" });

  it(".sync:2 waits for the child and gives its output as JSON, .sync as text", async () => {
    for (const [pattern, Output] of [
      [".sync:2", { got: 1 }],
      [".sync", '{"got":1}'],
    ] as const) {
      const { start, run, clock, types } = both(starting(pattern));
      const execution = start();
      await run();
      expect(execution.output).toMatchObject({ Status: "SUCCEEDED", Output });
      expect(clock.elapsedSeconds()).toBe(5);
      expect(types(execution)).toContain("TaskSubmitted");
    }
  });

  it("without a pattern goes on at once, and the child runs by itself", async () => {
    const { start, run, clock, engine } = both(starting(""));
    const execution = start();
    await run(() => execution.status !== "RUNNING");
    expect(clock.elapsedSeconds()).toBe(0);
    const [, started] = engine.list();
    expect(execution.output).toMatchObject({ ExecutionArn: started?.arn });
    await run();
    expect(started).toMatchObject({ machine: "child", status: "SUCCEEDED", parentArn: execution.arn });
  });

  it("a child that fails is States.TaskFailed, with its description as the cause", async () => {
    const failing = machine({ F: { Type: "Fail", Error: "Inner", Cause: "as told" } });
    const { start, run } = both(starting(".sync:2"), failing);
    const execution = start();
    await run();
    expect(execution.error).toBe("States.TaskFailed");
    expect(JSON.parse(execution.cause ?? "")).toMatchObject({
      Status: "FAILED",
      Error: "Inner",
      Cause: "as told",
    });
  });

  it.each([
    ["is stopped", (engine: { stop(arn: string): void }, arn: string) => engine.stop(arn), "ABORTED"],
    ["exceeds the task's timeout", () => {}, "FAILED"],
  ])("a parent that %s stops its child", async (_, act, status) => {
    const { start, run, engine, clock } = both(starting(".sync:2", { TimeoutSeconds: 3 }));
    const execution = start();
    clock.after(2000, () => act(engine, execution.arn));
    await run();
    const [nested] = engine.list({ machine: "child" });
    expect(execution.status).toBe(status);
    expect(nested?.status).toBe("ABORTED");
    expect(clock.elapsedSeconds()).toBeLessThan(5);
  });

  it("the Name of a child that has ended can't be used again", async () => {
    const again = starting(".sync:2", {}, { Name: "fixed" });
    const { start, run } = both(starting(".sync:2", { Next: "B" }, { Name: "fixed" }), child, { B: again });
    const execution = start();
    await run();
    expect(execution.error).toBe("StepFunctions.ExecutionAlreadyExistsException");
  });

  it("waits for the token that a child was given", async () => {
    const calling = machine({
      C: invoke("send", { Arguments: { FunctionName: "${send}", Payload: "{% $states.input.token %}" } }),
    });
    const { start, run, engine } = account(
      {
        main: machine({
          A: starting(".waitForTaskToken", {}, { Input: { token: "{% $states.context.Task.Token %}" } }),
        }),
        child: calling,
      },
      {
        send: ({ payload }) => {
          engine.sendTaskSuccess(String(payload), '"from below"');
          return null;
        },
      },
    );
    const execution = start();
    await run();
    expect(execution.output).toBe("from below");
  });
});

describe("Other resources", () => {
  it("a function's ARN calls it directly, with the arguments as its payload and its return value as the result", async () => {
    const { execution, types } = await outcome(
      {
        A: {
          Type: "Task",
          Resource: "arn:aws:lambda:eu-central-1:123456789012:function:double:live",
          Arguments: { n: 21 },
          End: true,
        },
      },
      {},
      { double: ({ payload }) => (payload as { readonly n: number }).n * 2 },
    );
    expect(execution.output).toBe(42);
    expect(types(execution).slice(2, 5)).toEqual([
      "LambdaFunctionScheduled",
      "LambdaFunctionStarted",
      "LambdaFunctionSucceeded",
    ]);
  });

  it.each([
    "${step}",
    "step",
    "arn:aws:lambda:eu-central-1:123456789012:function:step",
    "arn:aws:lambda:eu-central-1:123456789012:function:step:$LATEST",
  ])("lambda:invoke finds the function by %s", async (FunctionName) => {
    const { execution } = await outcome(
      {
        A: invoke("step", {
          Arguments: { FunctionName, Payload: {} },
          Output: "{% $states.result.Payload %}",
        }),
      },
      {},
      { step: () => "found" },
    );
    expect(execution.output).toBe("found");
  });

  // https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
  it("an SDK integration gets the evaluated arguments; its errors carry the service's name", async () => {
    const calls: Json[] = [];
    const { execution, events } = await outcome(
      {
        A: {
          Type: "Task",
          Resource: "arn:aws:states:::aws-sdk:s3:getObject",
          Arguments: { Bucket: "b", Key: "{% $states.input.key %}" },
          End: true,
        },
      },
      { key: "k" },
      {},
      {
        integrate: async (resource, args) => {
          calls.push([resource, args]);
          throw failure("NoSuchKey", "The specified key does not exist.");
        },
      },
    );
    expect(calls).toEqual([["arn:aws:states:::aws-sdk:s3:getObject", { Bucket: "b", Key: "k" }]]);
    expect(execution).toMatchObject({
      error: "S3.NoSuchKeyException",
      cause: "The specified key does not exist.",
    });
    expect(events(execution)[2]).toMatchObject({
      taskScheduledEventDetails: { resourceType: "aws-sdk:s3", resource: "getObject" },
    });
  });

  it("nobody shares an object with what is called", async () => {
    const { execution } = await outcome(
      {
        A: invoke("meddle", { Output: "{% $states.input %}", Next: "B" }),
        B: { Type: "Pass", Output: "{% $states.input %}", End: true },
      },
      { kept: [1] },
      {
        meddle: ({ payload }) => {
          (payload as { kept: number[] }).kept.push(2);
          return payload;
        },
      },
    );
    expect(execution.output).toEqual({ kept: [1] });
  });
});
