/** The shortcut for simple expressions gives what JSONata gives, or gives up. */

import * as fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { GIVEN_UP, shortcut } from "../../simulator/interpreter/shortcut.ts";

const key = fc.constantFrom("a", "b", "constructor", "length");
const name = fc.constantFrom("x", "y", "states", "exists");
const literal = fc.constantFrom("1", "0", "-2.5", "'a'", "''", "'10'", "true", "false", "null", "1e308");
const expression = fc.letrec<{ readonly any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    literal,
    name.map((n) => `$${n}`),
    fc
      .tuple(name, fc.array(key, { minLength: 1, maxLength: 3 }))
      .map(([n, path]) => [`$${n}`, ...path].join(".")),
    fc
      .tuple(
        tie("any"),
        fc.constantFrom("=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&", "and", "or"),
        tie("any"),
      )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(tie("any"), tie("any"), tie("any")).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
    fc.tuple(tie("any"), tie("any")).map(([test, yes]) => `(${test} ? ${yes})`),
    fc
      .tuple(fc.constantFrom("exists", "not", "count"), tie("any"))
      .map(([run, value]) => `$${run}(${value})`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `{'a': ${a}, 'b': ${b}}`),
    fc.tuple(name, key, literal).map(([n, k, v]) => `$${n}.${k}[${v}]`),
  ),
})).any;
const value = fc.letrec<{ readonly any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -2.5, 1e308, "", "a", "10"),
    fc.dictionary(key, tie("any")),
    fc.array(tie("any"), { maxLength: 2 }),
  ),
})).any;
const bindings = fc
  .record({ x: value, states: fc.dictionary(key, value) })
  .chain((base) =>
    fc.option(value, { nil: undefined }).map((y) => (y === undefined ? base : { ...base, y })),
  );

describe("The shortcut", () => {
  it("agrees with JSONata wherever it doesn't give up", async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(expression, bindings, async (text, variables) => {
        const compiled = jsonata(text);
        const short = shortcut(compiled.ast());
        const ours = short ? short(variables) : GIVEN_UP;
        if (ours === GIVEN_UP) return;
        taken += 1;
        const theirs = await compiled
          .evaluate(undefined, variables)
          .catch((problem: unknown) => ({ problem }));
        // JSONata's objects have no prototype; as JSON they are the same.
        expect([typeof ours, JSON.stringify(ours)]).toEqual([typeof theirs, JSON.stringify(theirs)]);
      }),
      { numRuns: 3000, seed: 1 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it.each([
    ["$states.input.a.b", { states: { input: { a: { b: 1 } } } }, 1],
    ["$n < 10 and $s = 'x'", { n: 9, s: "x" }, true],
    ["$x.`a b`", { x: { "a b": 2 } }, 2],
    ["{'n': $n + 1, 'gone': $x.gone}", { n: 1, x: {} }, { n: 2 }],
  ])("%s is taken", (text, variables, expected) => {
    expect(shortcut(jsonata(text).ast())?.(variables)).toEqual(expected);
  });

  it.each([
    "$x[0]",
    "$x.a[]",
    "$x.*",
    "$x{'a':1}",
    "$x.a^(b)",
    "$x := 1",
    "$x.a@$v",
    "a.b",
    "$",
    "$$.a",
    "[1]",
    "$sum($x)",
  ])("%s is left to JSONata", (text) => {
    expect(shortcut(jsonata(text).ast())).toBeUndefined();
  });
});
