/**
 * Variables, $states and JSONata in states: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html and
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, unless a test says otherwise.
 */

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { body, outcome } from "./harness.ts";

const pass = (more: { readonly [field: string]: Json }): Json => ({
  Type: "Pass",
  ...("Next" in more ? {} : { End: true }),
  ...more,
});
const output = async (expression: string, input: Json = {}): Promise<Json | undefined> => {
  const { execution } = await outcome({ A: pass({ Output: `{% ${expression} %}` }) }, input);
  if (execution.status === "FAILED") throw new Error(execution.cause);
  return execution.output;
};

describe("Variables", () => {
  it("are all assigned at once, from the values as they were", async () => {
    const { execution } = await outcome({
      A: pass({ Assign: { x: 1, y: 2 }, Next: "B" }),
      B: pass({ Assign: { x: "{% $y %}", y: "{% $x %}" }, Output: "{% [$x, $y] %}", Next: "C" }),
      C: pass({ Output: { before: "{% $states.input %}", after: "{% [$x, $y] %}" } }),
    });
    expect(execution.output).toEqual({ before: [1, 2], after: [2, 1] });
  });

  it("hold any JSON, and expressions deep inside of it", async () => {
    const { execution, events } = await outcome({
      A: pass({
        Assign: { deep: { list: [1, "{% 1 + 1 %}", { three: "{% 3 %}" }], none: null } },
        Next: "B",
      }),
      B: pass({ Output: "{% $deep %}" }),
    });
    expect(execution.output).toEqual({ list: [1, 2, { three: 3 }], none: null });
    expect(events(execution)[2]).toMatchObject({
      stateExitedEventDetails: { assignedVariables: { deep: '{"list":[1,2,{"three":3}],"none":null}' } },
    });
  });

  it("of an outer scope are read by branches and iterations; theirs end with them", async () => {
    const inner = body({
      In: pass({ Assign: { inner: "{% $outer + 1 %}" }, Next: "Out" }),
      Out: pass({ Output: "{% $inner %}" }),
    });
    const { execution } = await outcome({
      A: pass({ Assign: { outer: 1 }, Next: "P" }),
      P: { Type: "Parallel", Branches: [inner], Next: "B" },
      B: pass({ Output: { result: "{% $states.input %}", gone: "{% $not($exists($inner)) %}" } }),
    });
    expect(execution.output).toEqual({ result: [2], gone: true });
  });

  it("are not seen by the children of a distributed Map", async () => {
    const { execution } = await outcome({
      A: pass({ Assign: { outer: 1 }, Next: "M" }),
      M: {
        Type: "Map",
        Items: [1],
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
          ...body({ In: pass({ Output: "{% $exists($outer) %}" }) }),
        },
        End: true,
      },
    });
    expect(execution.output).toEqual([false]);
  });

  it("of a choice are the rule's own, or the state's where Default is taken", async () => {
    const states = {
      A: {
        Type: "Choice",
        Choices: [
          {
            Condition: "{% $states.input > 1 %}",
            Next: "B",
            Assign: { by: "rule" },
            Output: "from the rule",
          },
        ],
        Default: "B",
        Assign: { by: "default" },
      },
      B: pass({ Output: ["{% $by %}", "{% $states.input %}"] }),
    };
    expect((await outcome(states, 2)).execution.output).toEqual(["rule", "from the rule"]);
    expect((await outcome(states, 1)).execution.output).toEqual(["default", 1]);
  });
});

describe("$states", () => {
  it("input is the state's, result the task's; neither is there too early", async () => {
    expect(await output("$exists($states.result)")).toBe(false);
    expect(await output("$exists($states.errorOutput)")).toBe(false);
    expect(await output("$states.input", [1])).toEqual([1]);
  });

  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
  it("context tells of the execution, the state and the machine, in the virtual clock's time", async () => {
    const { execution } = await outcome(
      { W: { Type: "Wait", Seconds: 90, Next: "A" }, A: pass({ Output: "{% $states.context %}" }) },
      { in: 1 },
    );
    expect(execution.output).toEqual({
      Execution: {
        Id: execution.arn,
        Input: { in: 1 },
        Name: "one",
        RoleArn: expect.stringContaining("arn:aws:iam::"),
        StartTime: "2025-01-01T00:00:00.000Z",
        RedriveCount: 0,
      },
      State: { EnteredTime: "2025-01-01T00:01:30.000Z", Name: "A", RetryCount: 0 },
      StateMachine: { Id: execution.machineArn, Name: "main" },
    });
  });
});

describe("The functions that Step Functions adds", () => {
  it.each([
    ["$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]],
    ["$partition([], 2)", []],
    ["$range(0, 10, 5)", [0, 5, 10]],
    ["$range(1, 9, 2)", [1, 3, 5, 7, 9]],
    ["$range(3, 1, -1)", [3, 2, 1]],
    ['$hash("input data", "SHA-1")', createHash("sha1").update("input data").digest("hex")],
    ['$hash("é", "SHA-256")', createHash("sha256").update("é").digest("hex")],
    ['$parse("{\\"foo\\": [1, null]}")', { foo: [1, null] }],
    ['$parse("1")', 1],
    ["$type($random())", "number"],
    ["$random(7) = $random(7)", true],
    ["$random() = $random()", false],
    ["$uuid() = $uuid()", false],
    ["$length($uuid())", 36],
    ["$map([1,2,3], function($v) { $v * 2 })", [2, 4, 6]],
    ["$count($range(1, 1000, 1))", 1000],
    ["$sort($shuffle([1,2,3,4]))", [1, 2, 3, 4]],
  ])("%s", async (expression, expected) => {
    expect(await output(expression)).toEqual(expected);
  });

  it.each([
    ["$range(1, 1001, 1)", "1000"],
    ["$range(1, 2, 0)", "zero"],
    ["$partition([1], 0)", "positive"],
    ['$hash("x", "SHA-3")', "SHA-512"],
    ['$parse("{")', "JSON"],
    ['$eval("1")', "$parse"],
  ])("%s is refused", async (expression, reason) => {
    await expect(output(expression)).rejects.toThrow(reason);
  });

  it("$now and $millis are the virtual clock's, and so is what $toMillis leaves out", async () => {
    const { execution } = await outcome({
      W: { Type: "Wait", Seconds: 3600, Next: "A" },
      A: pass({
        Output: [
          "{% $now() %}",
          "{% $millis() %}",
          "{% $toMillis('09:30', '[H01]:[m01]') %}",
          "{% $now('[Y]/[M]/[D]') %}",
        ],
      }),
    });
    const start = Date.UTC(2025, 0, 1);
    expect(execution.output).toEqual([
      "2025-01-01T01:00:00.000Z",
      start + 3_600_000,
      start + 34_200_000,
      "2025/1/1",
    ]);
  });
});

describe("Expressions", () => {
  it("give plain JSON: sequences are arrays, and one that is a variable stays what it is", async () => {
    const { execution } = await outcome(
      {
        A: pass({
          Assign: { some: "{% $states.input.list[n > 1].n %}", one: "{% [$states.input.list[n = 1].n] %}" },
          Next: "B",
        }),
        B: pass({ Output: { some: "{% $some %}", one: "{% $one %}", first: "{% $one[0] %}" } }),
      },
      { list: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    );
    expect(execution.output).toEqual({ some: [2, 3], one: [1], first: 1 });
  });

  it.each([
    [
      "Output",
      "$nothing",
      "The JSONata expression '$nothing' specified for the field 'Output' returned nothing (undefined).",
    ],
    ["Output", "function($x){$x}", "returned an unsupported result type."],
    ["Output", "'a' + 1", "threw an error during evaluation."],
    ["Output", "$sum('a')", "T0412"],
  ])("%s: %s fails as the service says it", async (_, expression, reason) => {
    await expect(output(expression)).rejects.toThrow(reason);
  });

  it("a condition has to be a boolean", async () => {
    const { execution } = await outcome({
      A: { Type: "Choice", Choices: [{ Condition: "{% 'yes' %}", Next: "B" }], Default: "B" },
      B: { Type: "Succeed" },
    });
    expect(execution.cause).toContain("Expected 'boolean', but was 'string' for value: \"yes\"");
  });

  it.each([
    [{ Seconds: "{% 'x' %}" }, "Expected 'number'"],
    [{ Seconds: -1 }, "Seconds"],
    [{ Seconds: 1.5 }, "Seconds"],
    [{ Timestamp: "2025-02-30T00:00:00Z" }, "Timestamp"],
    [{ Timestamp: "2025-01-01T00:00:00+1:00" }, "Timestamp"],
  ])("a Wait with %j fails", async (fields, reason) => {
    const { execution } = await outcome({ A: { Type: "Wait", ...fields, End: true } });
    expect(execution).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
    expect(execution.cause).toContain(reason);
  });

  it.each([
    ["2025-01-01T00:00:10Z", 10],
    ["2025-01-01T01:00:10.5+01:00", 10.5],
    ["2024-12-31T23:00:00Z", 0],
  ])("a Wait until %s takes %d seconds", async (Timestamp, seconds) => {
    expect((await outcome({ A: { Type: "Wait", Timestamp, End: true } })).elapsedSeconds).toBe(seconds);
  });
});
