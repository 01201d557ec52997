/** What the interpreter refuses to run: each refusal names the machine, the state and the rule (https://states-language.net/spec.html). */

import { describe, expect, it } from "vitest";
import type { Json } from "../../simulator/interpreter/engine.ts";
import { account, body, machine } from "./harness.ts";

const end: Json = { Type: "Pass", End: true };
const map = (processor: Json, more: { readonly [field: string]: Json } = {}): Json => ({
  Type: "Map",
  ItemProcessor: processor,
  ...more,
  End: true,
});
const one = (state: Json, more: { readonly [name: string]: Json } = {}): Json =>
  machine({ A: state, ...more });

const refused: readonly (readonly [string, Json, string])[] = [
  ["JSONPath by default", { StartAt: "A", States: { A: end } }, "'A' is in JSONPath"],
  ["a state in JSONPath", one({ Type: "Pass", QueryLanguage: "JSONPath", End: true }), "'A' is in JSONPath"],
  [
    "a state in JSONPath within a branch",
    one({
      Type: "Parallel",
      Branches: [body({ B: { ...(end as object), QueryLanguage: "JSONPath" } })],
      End: true,
    }),
    "'B' is in JSONPath",
  ],
  ["an unknown type", one({ Type: "Loop", End: true }), "'A' has the unknown Type \"Loop\""],
  [
    "a field of JSONPath",
    one({ Type: "Pass", ResultPath: "$.x", End: true }),
    "'A' of Type Pass has no field 'ResultPath'",
  ],
  ["a field of another type", one({ Type: "Pass", Retry: [], End: true }), "no field 'Retry'"],
  ["a misspelt field", one({ Type: "Wait", Second: 1, End: true }), "no field 'Second'"],
  ["a transition to nowhere", one({ Type: "Pass", Next: "B" }), "'A' goes to 'B'"],
  [
    "a catcher to nowhere",
    one({ Type: "Task", Resource: "${f}", Catch: [{ ErrorEquals: ["X"], Next: "B" }], End: true }),
    "'B'",
  ],
  ["neither Next nor End", one({ Type: "Pass" }), "needs either a Next or an End"],
  ["both Next and End", one({ Type: "Pass", Next: "A", End: true }), "needs either a Next or an End"],
  [
    "a StartAt that isn't there",
    { QueryLanguage: "JSONata", StartAt: "B", States: { A: end } },
    "StartAt names no state",
  ],
  ["no states", { QueryLanguage: "JSONata", StartAt: "A", States: {} }, "no States"],
  ["a Wait for nothing", one({ Type: "Wait", End: true }), "needs either Seconds or a Timestamp"],
  [
    "a choice that isn't JSONata",
    one({ Type: "Choice", Choices: [{ Variable: "$.x", BooleanEquals: true, Next: "A" }] }),
    "without a Condition",
  ],
  [
    "an expression that can't be parsed",
    one({ Type: "Pass", Output: "{% 1 + %}", End: true }),
    "expression in Output that isn't JSONata",
  ],
  [
    "States.ALL that isn't alone",
    one({ Type: "Task", Resource: "${f}", Retry: [{ ErrorEquals: ["States.ALL", "X"] }], End: true }),
    "States.ALL",
  ],
  [
    "States.ALL that isn't last",
    one({
      Type: "Task",
      Resource: "${f}",
      Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["X"] }],
      End: true,
    }),
    "States.ALL",
  ],
  ["a variable without a proper name", one({ Type: "Pass", Assign: { "a-b": 1 }, End: true }), "'a-b'"],
  ["an unknown field of the machine", machine({ A: end }, { Timeout: 1 }), "unknown field 'Timeout'"],
  [
    "an assignment to $states",
    one({ Type: "Pass", Assign: { states: 1 }, End: true }),
    "reserved variable $states",
  ],
  [
    "a variable that an outer scope has",
    one({
      ...(map(body({ B: { ...(end as object), Assign: { x: 1 } } })) as object),
      Assign: { x: 2 },
    } as Json),
    "'B' assigns $x",
  ],
  ["a state name used twice", one(map(body({ A: end }))), "'A' is used twice"],
  [
    "an express child",
    one(map({ ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" }, ...body({ B: end }) })),
    "EXPRESS",
  ],
  ["a reader in an inline Map", one(map(body({ B: end }), { ItemReader: {} })), "only a distributed Map"],
  [
    "an inventory as items",
    one(
      map(
        { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...body({ B: end }) },
        {
          ItemReader: { Resource: "arn:aws:states:::s3:getObject", ReaderConfig: { InputType: "MANIFEST" } },
        },
      ),
    ),
    "MANIFEST",
  ],
  [
    "an activity",
    one({ Type: "Task", Resource: "arn:aws:states:eu-central-1:1:activity:x", End: true }),
    "isn't supported",
  ],
  [
    "a job of another service",
    one({ Type: "Task", Resource: "arn:aws:states:::batch:submitJob.sync", End: true }),
    "isn't supported",
  ],
];

describe("A definition is refused for", () => {
  it.each(refused)("%s", (_, definition, reason) => {
    expect(() => account({ main: definition })).toThrow(
      expect.objectContaining({ name: "InvalidDefinition", message: expect.stringContaining(reason) }),
    );
    expect(() => account({ main: definition })).toThrow(/main/);
  });

  it("nothing else: state by state JSONata in a JSONPath machine is run", () => {
    const state = { ...(end as object), QueryLanguage: "JSONata" };
    expect(() =>
      account({ main: { QueryLanguage: "JSONPath", StartAt: "A", States: { A: state } } }),
    ).not.toThrow();
  });
});
