/** The contract of Step Functions' API over the interpreter: executions by ARN, refusals by name, tasks answered; and on the wire. */

import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { describe, expect, it } from "vitest";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeSfn } from "../../simulator/services/sfn.ts";
import { makeBench, onWire, type WireRequest } from "./harness.ts";

const NEEDS = {
  sfn: [
    "StartExecution",
    "DescribeExecution",
    "StopExecution",
    "ListExecutions",
    "SendTaskSuccess",
    "SendTaskFailure",
    "SendTaskHeartbeat",
  ],
};

const MACHINES = {
  waits: {
    QueryLanguage: "JSONata",
    StartAt: "Ask",
    States: {
      Ask: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Arguments: { FunctionName: "ask", Payload: { token: "{% $states.context.Task.Token %}" } },
        TimeoutSeconds: 3_600,
        End: true,
      },
    },
  },
  passes: {
    QueryLanguage: "JSONata",
    StartAt: "Done",
    States: { Done: { Type: "Pass", Output: { ok: true }, End: true } },
  },
} as const;

const bench = () => {
  const tokens: string[] = [];
  let engine: Engine | undefined;
  const made = makeBench(
    (clock) => {
      engine = new Engine({
        clock,
        random: makeRandom(9),
        machines: MACHINES as unknown as ConstructorParameters<typeof Engine>[0]["machines"],
        invoke: async ({ payload }) => {
          tokens.push((payload as { token: string }).token);
          return null;
        },
        account: "111122223333",
        region: "eu-central-1",
      });
      return { sfn: makeSfn(engine).handlers };
    },
    { needs: NEEDS },
  );
  const arnOf = (machine: string) => `arn:aws:states:eu-central-1:111122223333:stateMachine:${machine}`;
  return { ...made, tokens, arnOf, engine: engine as Engine };
};

const EXECUTION = "arn:aws:states:eu-central-1:111122223333:execution:waits:nothing";

describe("Step Functions refuses", () => {
  it.each([
    [
      "a machine that isn't there",
      new StartExecutionCommand({
        stateMachineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:nothing",
      }),
      "StateMachineDoesNotExist",
    ],
    ["a name for an ARN", new StartExecutionCommand({ stateMachineArn: "waits" }), "InvalidArn"],
    [
      "input that is no JSON",
      new StartExecutionCommand({
        stateMachineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:waits",
        input: "{",
      }),
      "InvalidExecutionInput",
    ],
    [
      "a name with a space",
      new StartExecutionCommand({
        stateMachineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:waits",
        name: "a b",
      }),
      "InvalidName",
    ],
    [
      "describing what isn't there",
      new DescribeExecutionCommand({ executionArn: EXECUTION }),
      "ExecutionDoesNotExist",
    ],
    [
      "stopping what isn't there",
      new StopExecutionCommand({ executionArn: EXECUTION }),
      "ExecutionDoesNotExist",
    ],
    ["a name for an execution's ARN", new StopExecutionCommand({ executionArn: "nothing" }), "InvalidArn"],
    ["a token that is none", new SendTaskSuccessCommand({ taskToken: "x", output: "{}" }), "InvalidToken"],
    ["a heartbeat for no task", new SendTaskHeartbeatCommand({ taskToken: "x" }), "InvalidToken"],
    [
      "a page that is none",
      new ListExecutionsCommand({
        stateMachineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:waits",
        nextToken: "x",
      }),
      "InvalidToken",
    ],
  ] as const)("%s", async (_title, command, name) => {
    const { asStep } = bench();
    const refused = asStep((aws) => aws.sfn.send(command as DescribeExecutionCommand));
    await expect(refused).rejects.toMatchObject({
      name,
      $fault: "client",
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe("an execution", () => {
  it("is started once by its name, found, and stopped", async () => {
    const { asStep, arnOf } = bench();
    await asStep(async ({ sfn }) => {
      const start = (input: string) =>
        sfn.send(new StartExecutionCommand({ stateMachineArn: arnOf("waits"), name: "one", input }));
      const { executionArn } = await start('{"a":1}');
      expect((await start('{"a":1}')).executionArn).toBe(executionArn);
      await expect(start('{"a":2}')).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      expect(found).toMatchObject({
        status: "RUNNING",
        name: "one",
        input: '{"a":1}',
        stateMachineArn: arnOf("waits"),
      });
      const { stopDate } = await sfn.send(
        new StopExecutionCommand({ executionArn, error: "Why", cause: "because" }),
      );
      const stopped = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      expect(stopped).toMatchObject({ status: "ABORTED", error: "Why", cause: "because", stopDate });
    });
  });

  it("answers its waiting task by token, once", async () => {
    const { asStep, arnOf, tokens, clock } = bench();
    await asStep(async ({ sfn }) => {
      const run = (name: string) =>
        sfn.send(new StartExecutionCommand({ stateMachineArn: arnOf("waits"), name }));
      const [first, second] = [await run("one"), await run("two")];
      await clock.sleep(1_000);
      const [one = "", two = ""] = tokens;
      await sfn.send(new SendTaskHeartbeatCommand({ taskToken: one }));
      await expect(
        sfn.send(new SendTaskSuccessCommand({ taskToken: one, output: "{" })),
      ).rejects.toMatchObject({ name: "InvalidOutput" });
      await sfn.send(new SendTaskSuccessCommand({ taskToken: one, output: '{"yes":true}' }));
      await sfn.send(new SendTaskFailureCommand({ taskToken: two, error: "No", cause: "because" }));
      await clock.sleep(1_000);
      expect(
        await sfn.send(new DescribeExecutionCommand({ executionArn: first.executionArn })),
      ).toMatchObject({
        status: "SUCCEEDED",
        output: '{"yes":true}',
      });
      expect(
        await sfn.send(new DescribeExecutionCommand({ executionArn: second.executionArn })),
      ).toMatchObject({
        status: "FAILED",
        error: "No",
      });
      await expect(
        sfn.send(new SendTaskSuccessCommand({ taskToken: one, output: "{}" })),
      ).rejects.toMatchObject({
        name: expect.stringMatching(/^(TaskTimedOut|TaskDoesNotExist|InvalidToken)$/),
      });
    });
  });

  it("goes on after the step that started it has ended", async () => {
    const { asStep, arnOf, engine, clock } = bench();
    const { executionArn } = await asStep(({ sfn }) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn: arnOf("passes") })),
    );
    await clock.run(() => engine.describe(executionArn ?? "").status !== "RUNNING");
    expect(engine.describe(executionArn ?? "")).toMatchObject({ status: "SUCCEEDED", output: { ok: true } });
  });

  it("is listed newest first, by status, in pages", async () => {
    const { asStep, arnOf } = bench();
    await asStep(async ({ sfn }) => {
      const stateMachineArn = arnOf("waits");
      for (let i = 0; i < 5; i += 1)
        await sfn.send(new StartExecutionCommand({ stateMachineArn, name: `e${i}` }));
      const names: (string | undefined)[] = [];
      let nextToken: string | undefined;
      do {
        const page = await sfn.send(
          new ListExecutionsCommand({ stateMachineArn, maxResults: 2, ...(nextToken ? { nextToken } : {}) }),
        );
        names.push(...(page.executions ?? []).map((e) => e.name));
        nextToken = page.nextToken;
      } while (nextToken);
      expect(names).toEqual(["e4", "e3", "e2", "e1", "e0"]);
      const ended = await sfn.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: "SUCCEEDED" }));
      expect(ended.executions).toEqual([]);
    });
  });
});

describe("Step Functions on the wire", () => {
  it("serialises a start, and a description has the fields of the simulated one", async () => {
    const sent: WireRequest[] = [];
    const { asStep, arnOf } = bench();
    const stateMachineArn = arnOf("waits");
    const started = new SFNClient(
      onWire(sent, { body: JSON.stringify({ executionArn: "e", startDate: 1 }) }),
    );
    await started.send(new StartExecutionCommand({ stateMachineArn, name: "one", input: "{}" }));
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({ stateMachineArn, name: "one", input: "{}" });
    expect(sent[0]?.headers["x-amz-target"]).toBe("AWSStepFunctions.StartExecution");
    const answer = {
      executionArn: "e",
      stateMachineArn,
      name: "one",
      status: "RUNNING",
      startDate: 1_772_503_200.5,
      input: "{}",
      inputDetails: { included: true },
      redriveCount: 0,
    };
    const client = new SFNClient(onWire([], { body: JSON.stringify(answer) }));
    const real = await client.send(new DescribeExecutionCommand({ executionArn: "e" }));
    const simulated = await asStep(async ({ sfn }) => {
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name: "one" }));
      return sfn.send(new DescribeExecutionCommand({ executionArn }));
    });
    expect(Object.keys(simulated).sort()).toEqual(Object.keys(real).sort());
    expect(simulated.startDate).toBeInstanceOf(Date);
  });

  it.each([
    "ExecutionDoesNotExist",
    "TaskTimedOut",
    "InvalidToken",
    "ThrottlingException",
    "AccessDeniedException",
  ])("%s keeps its name", async (code) => {
    const client = new SFNClient(
      onWire([], { status: 400, body: JSON.stringify({ __type: code, message: "why" }) }),
    );
    await expect(client.send(new DescribeExecutionCommand({ executionArn: "e" }))).rejects.toMatchObject({
      name: code,
    });
  });
});
