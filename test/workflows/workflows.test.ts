/** Every state machine is good Amazon States Language and keeps the rules of the house; each rule is shown a machine that breaks it. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import validate from "asl-validator";
import { describe, expect, it, test } from "vitest";
import { machines as printed } from "../../cli/machines.ts";
import { steps } from "../../functions/index.ts";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { machines } from "../../workflows/index.ts";
import { account } from "../interpreter/harness.ts";
import * as rules from "./rules.ts";

const house: rules.House = {
  steps: new Map(steps.map((step) => [step.name, step])),
  machines: new Map(
    machines.map(({ name, definition }) => [name, definition as unknown as rules.Definition]),
  ),
};
const all = Object.entries(rules).filter(
  (entry): entry is [keyof typeof rules, rules.Rule] => typeof entry[1] === "function",
);
const cases = machines.map(({ name, definition }) => ({
  name,
  definition: definition as unknown as rules.Definition,
}));

const RETRY = [
  {
    ErrorEquals: [
      "Transient",
      "Throttled",
      "Conflict",
      "AnswerLost",
      "Lambda.Unknown",
      "Lambda.ServiceException",
      "Lambda.TooManyRequestsException",
      "Sandbox.Timedout",
    ],
  },
];
const CATCH = [{ ErrorEquals: ["States.ALL"], Next: "Over" }];
const RUN = "{% $run %}";
const over = { Type: "Succeed" };

/** A call of count-hold that keeps all rules, but for what is said. */
const calling = (
  more: object = {},
  payload: object = { run: RUN, phase: "p", subject: "s", sentence: "s", holder: "h" },
) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: "${count-hold}", Payload: payload },
  TimeoutSeconds: 30,
  Retry: RETRY,
  Catch: CATCH,
  Next: "Over",
  ...more,
});
const childOf = (machine: string, more: object = {}) =>
  calling({
    Resource: "arn:aws:states:::states:startExecution.sync:2",
    Arguments: { StateMachineArn: `\${${machine}}`, Input: {} },
    TimeoutSeconds: 1_209_600,
    Retry: [{ ErrorEquals: ["StepFunctions.ThrottlingException"] }],
    ...more,
  });
const machine = (states: Readonly<Record<string, object>>): rules.Definition =>
  ({
    StartAt: Object.keys(states)[0] ?? "",
    TimeoutSeconds: 60,
    States: { ...states, Over: over },
  }) as unknown as rules.Definition;
const choice = (Condition: string, Next: string) => ({
  Type: "Choice",
  Choices: [{ Condition, Next }],
  Default: "Over",
});
const pass = (more: object) => ({ Type: "Pass", ...more });

const wrong: readonly (readonly [keyof typeof rules, string, rules.Definition, RegExp])[] = [
  ["tasksEnd", "no timeout", machine({ A: calling({ TimeoutSeconds: undefined }) }), /no TimeoutSeconds/],
  [
    "tasksEnd",
    "a function that outlasts the fence",
    machine({ A: calling({ TimeoutSeconds: 60 }) }),
    /fence relies/,
  ],
  [
    "tasksEnd",
    "a child for a year",
    machine({ A: childOf("hold", { TimeoutSeconds: 31_536_000 }) }),
    /waits for/,
  ],
  ["tasksRetry", "no retry", machine({ A: calling({ Retry: [] }) }), /doesn't retry after Transient/],
  [
    "tasksRetry",
    "a lost answer that ends the phase",
    machine({ A: calling({ Retry: [{ ErrorEquals: ["Transient", "Throttled"] }] }) }),
    /AnswerLost/,
  ],
  [
    "tasksRetry",
    "a question that is asked again and again",
    machine({
      A: calling({
        Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Retry: [...RETRY, { ErrorEquals: ["States.Timeout"] }],
      }),
    }),
    /asks again/,
  ],
  [
    "tasksRetry",
    "a child that can't be started",
    machine({ A: childOf("hold", { Retry: [] }) }),
    /no execution can be started/,
  ],
  ["tasksCatch", "no Catch", machine({ A: calling({ Catch: [] }) }), /no Catch/],
  [
    "tasksCatch",
    "a Catch of one error only",
    machine({ A: calling({ Catch: [{ ErrorEquals: ["Transient"], Next: "Over" }] }) }),
    /no Catch/,
  ],
  [
    "parentsOutlast",
    "a parent that gives up first",
    machine({ A: childOf("hold", { TimeoutSeconds: 60 }) }),
    /gives up after 60 s/,
  ],
  [
    "namesExist",
    "a Next to nowhere",
    machine({ A: pass({ Next: "Nowhere" }) }),
    /Nowhere, which there isn't/,
  ],
  [
    "namesExist",
    "a function that there isn't",
    machine({ A: calling({ Arguments: { FunctionName: "${do-magic}", Payload: {} } }) }),
    /do-magic, which is no function/,
  ],
  [
    "namesExist",
    "a machine that there isn't",
    machine({ A: childOf("vanish") }),
    /vanish, which is no machine/,
  ],
  [
    "namesExist",
    "a gate that there isn't",
    machine({
      A: childOf("watch-gates", {
        Arguments: { StateMachineArn: "${watch-gates}", Input: { gate: "${hope}" } },
      }),
    }),
    /passes gate/,
  ],
  ["inputsFit", "an input left out", machine({ A: calling({}, { run: RUN }) }), /doesn't pass phase/],
  [
    "inputsFit",
    "an input nobody reads",
    machine({
      A: calling({}, { run: RUN, phase: "p", subject: "s", sentence: "s", holder: "h", colour: "red" }),
    }),
    /passes colour/,
  ],
  [
    "allReachable",
    "a state without a way to it",
    machine({ A: pass({ Next: "Over" }), B: pass({ Next: "Over" }) }),
    /B is never reached/,
  ],
  [
    "loopsEnd",
    "a loop without a counter",
    machine({ A: pass({ Next: "B" }), B: choice("{% $seen.verdict = 'unknown' %}", "A") }),
    /A → B/,
  ],
  [
    "loopsEnd",
    "a counter that nobody counts",
    machine({ A: pass({ Next: "B" }), B: choice("{% $polls < 5 %}", "A") }),
    /without a bound/,
  ],
  [
    "loopsEnd",
    "a counter that is set back on the way",
    machine({
      A: pass({ Assign: { polls: 0 }, Next: "B" }),
      B: pass({ Assign: { polls: "{% $polls + 1 %}" }, Next: "C" }),
      C: choice("{% $polls < 5 %}", "A"),
    }),
    /without a bound/,
  ],
  [
    "loopsEnd",
    "a way round the counter",
    machine({
      A: choice("{% $x %}", "B"),
      B: choice("{% $polls < 5 %}", "C"),
      C: { ...choice("{% $y %}", "A"), Default: "D" },
      D: pass({ Assign: { polls: "{% $polls + 1 %}" }, Next: "A" }),
    }),
    /without a bound/,
  ],
  [
    "mapsAreBounded",
    "all at once",
    machine({ A: { Type: "Map", ItemProcessor: machine({}), Next: "Over" } }),
    /all its items at once/,
  ],
  [
    "noJsonPath",
    "a path in a field",
    machine({ A: pass({ ResultPath: "$.x", Next: "Over" }) }),
    /ResultPath is JSONPath's/,
  ],
  ["noJsonPath", "a path in a payload", machine({ A: calling({}, { "run.$": "$.run" }) }), /JSONPath/],
];

describe("rules of the house", () => {
  test.each(all)("%s holds in every machine", (_, rule) => {
    expect(
      cases.flatMap(({ name, definition }) =>
        rule(definition, house).map((complaint) => `${name}: ${complaint}`),
      ),
    ).toEqual([]);
  });

  test.each(wrong)("%s catches %s", (name, _, definition, complaint) => {
    expect(
      all
        .find(([of]) => of === name)?.[1](definition, house)
        .join("\n"),
    ).toMatch(complaint);
  });

  it("each has a wrong example, and a right machine passes it", () => {
    const right = machine({
      A: calling({ Next: "B" }),
      B: pass({ Assign: { polls: "{% $polls + 1 %}" }, Next: "C" }),
      C: { ...choice("{% $polls < 5 %}", "A"), Default: "D" },
      D: childOf("hold", { Next: "A" }),
    });
    for (const [name, rule] of all) {
      expect(wrong.map(([of]) => of)).toContain(name);
      expect([name, ...rule(right, house)]).toEqual([name]);
    }
  });
});

describe("Amazon States Language", () => {
  test.each(cases)(
    "$name is valid by asl-validator",
    ({ definition }) => {
      const { isValid, errorsText } = validate(definition, { checkArn: false });
      expect([isValid, isValid ? "" : errorsText()]).toEqual([true, ""]);
    },
    20_000,
  );

  it("a machine with a misspelt field is not (the validator does look)", () => {
    const broken = {
      ...cases[0]?.definition,
      States: { A: { Type: "Pass", Nxt: "B", End: true } },
      StartAt: "A",
    };
    expect(validate(broken, { checkArn: false }).isValid).toBe(false);
  });

  it("`repot machines` writes files that load again, and that are all there is", async () => {
    const directory = await mkdtemp(join(tmpdir(), "repot-machines-"));
    await printed({ asl: directory }, { out: () => {} });
    const files = await readdir(directory);
    expect(files.sort()).toEqual(machines.map((m) => `${m.name}.asl.json`).sort());
    const read = Object.fromEntries(
      await Promise.all(
        files.map(async (file) => [
          file.replace(".asl.json", ""),
          JSON.parse(await readFile(join(directory, file), "utf8")),
        ]),
      ),
    ) as Parameters<typeof account>[0];
    expect(read).toEqual(
      JSON.parse(JSON.stringify(Object.fromEntries(machines.map((m) => [m.name, m.definition])))),
    );
    // The interpreter refuses what it doesn't know.
    expect(account(read).engine).toBeInstanceOf(Engine);
    await rm(directory, { recursive: true });
  });
});
