/**
 * A shortcut for the expressions that make up nearly all of a state machine: paths, comparisons, arithmetic, plain objects. It gives what
 * JSONata gives, at once and without its promises; where JSONata would do anything special (arrays, conversions, errors) it gives up.
 */

import type { Bindings } from "./expressions.ts";

/** Not for the shortcut: ask JSONata. */
export const GIVEN_UP: unique symbol = Symbol("given up");
type Value = unknown;
type Shortcut = (bindings: Bindings) => Value;
type Node = { readonly type: string; readonly value?: unknown; readonly [field: string]: unknown };

/** Fields that a node may have; any other (a filter, a sort, a group …) makes it JSONata's. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  variable: [],
  name: [],
  string: [],
  number: [],
  value: [],
  path: ["steps"],
  block: ["expressions"],
  binary: ["lhs", "rhs"],
  condition: ["condition", "then", "else"],
  unary: ["lhs"],
  function: ["arguments", "procedure"],
};

/** @returns The compiled shortcut of an expression's syntax tree, or undefined where there is none. */
export const shortcut = (tree: unknown): Shortcut | undefined => {
  const node = tree as Node;
  const extra = PLAIN[node.type];
  const fields = ["type", "value", "position", ...(extra ?? [])];
  if (!extra || Object.keys(node).some((field) => !fields.includes(field))) return undefined;
  switch (node.type) {
    case "string":
    case "number":
    case "value":
      return () => node.value;
    case "variable":
      return variable(String(node.value));
    case "path":
      return path(node["steps"] as readonly Node[]);
    case "block":
      return block(node["expressions"] as readonly Node[]);
    case "binary":
      return binary(String(node.value), shortcut(node["lhs"]), shortcut(node["rhs"]));
    case "condition":
      return condition(shortcut(node["condition"]), shortcut(node["then"]), shortcut(node["else"] ?? {}));
    case "unary":
      return node.value === "{" ? object(node["lhs"] as readonly (readonly [Node, Node])[]) : undefined;
    case "function":
      return call(node["procedure"] as Node, node["arguments"] as readonly Node[]);
    default:
      return undefined;
  }
};

const variable = (name: string): Shortcut | undefined => {
  // `$` and `$$` are the input, which states don't have.
  if (name === "" || name === "$") return undefined;
  return (bindings) => {
    // What isn't bound may be a function of JSONata's.
    const value = Object.hasOwn(bindings, name) ? bindings[name] : GIVEN_UP;
    return Array.isArray(value) ? GIVEN_UP : value;
  };
};

const path = ([first, ...rest]: readonly Node[]): Shortcut | undefined => {
  const start = first?.type === "variable" ? shortcut(first) : undefined;
  const names = rest.map((step) =>
    step.type === "name" && shortcutless(step) ? String(step.value) : undefined,
  );
  if (!start || names.some((name) => name === undefined)) return undefined;
  return (bindings) => {
    let value = start(bindings);
    for (const name of names as readonly string[]) {
      if (value === GIVEN_UP || typeof value === "function") return GIVEN_UP;
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[name];
      if (Array.isArray(value)) return GIVEN_UP;
    }
    return value;
  };
};

const shortcutless = (step: Node): boolean =>
  Object.keys(step).every((field) => ["type", "value", "position"].includes(field));

const block = (expressions: readonly Node[]): Shortcut | undefined => {
  const [only] = expressions;
  return only && expressions.length === 1 ? shortcut(only) : undefined;
};

const condition = (
  test: Shortcut | undefined,
  yes: Shortcut | undefined,
  no: Shortcut | undefined,
): Shortcut | undefined => {
  if (!test || !yes || !no) return undefined;
  return (bindings) => {
    const answer = test(bindings);
    if (typeof answer !== "boolean") return GIVEN_UP;
    return answer ? yes(bindings) : no(bindings);
  };
};

const object = (entries: readonly (readonly [Node, Node])[]): Shortcut | undefined => {
  const keys = entries.map(([key]) => (key.type === "string" ? String(key.value) : undefined));
  const values = entries.map(([, value]) => shortcut(value));
  if (keys.includes("__proto__")) return undefined;
  if (keys.includes(undefined) || values.includes(undefined) || new Set(keys).size < keys.length)
    return undefined;
  return (bindings) => {
    const result: Record<string, unknown> = {};
    for (const [i, make] of values.entries()) {
      const value = make?.(bindings);
      if (value === GIVEN_UP) return GIVEN_UP;
      if (value !== undefined) result[keys[i] as string] = value;
    }
    return result;
  };
};

const call = (procedure: Node, args: readonly Node[]): Shortcut | undefined => {
  const [argument] = args.map(shortcut);
  const name = procedure.type === "variable" ? String(procedure.value) : "";
  const run = FUNCTIONS[name];
  if (!argument || !run || args.length !== 1) return undefined;
  return (bindings) => {
    if (Object.hasOwn(bindings, name)) return GIVEN_UP;
    const value = argument(bindings);
    return value === GIVEN_UP ? GIVEN_UP : run(value);
  };
};

const FUNCTIONS: Readonly<Record<string, ((value: Value) => Value) | undefined>> = {
  exists: (value) => value !== undefined,
  not: (value) => (typeof value === "boolean" ? !value : GIVEN_UP),
};

const binary = (
  operator: string,
  left: Shortcut | undefined,
  right: Shortcut | undefined,
): Shortcut | undefined => {
  if (!left || !right) return undefined;
  if (operator === "and" || operator === "or") {
    return (bindings) => {
      const first = left(bindings);
      if (typeof first !== "boolean") return GIVEN_UP;
      if (first === (operator === "or")) return first;
      const second = right(bindings);
      return typeof second === "boolean" ? second : GIVEN_UP;
    };
  }
  const run = OPERATORS[operator];
  if (!run) return undefined;
  return (bindings) => {
    const [first, second] = [left(bindings), right(bindings)];
    return first === GIVEN_UP || second === GIVEN_UP ? GIVEN_UP : run(first, second);
  };
};

const isPlain = (value: Value): boolean =>
  value === null || (typeof value !== "object" && typeof value !== "function");

const equal =
  (wanted: boolean) =>
  (a: Value, b: Value): Value => {
    if (!isPlain(a) || !isPlain(b)) return GIVEN_UP;
    return a === undefined || b === undefined ? false : (a === b) === wanted;
  };

const compared =
  (run: (a: number | string, b: number | string) => boolean) =>
  (a: Value, b: Value): Value =>
    (typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")
      ? run(a, b)
      : GIVEN_UP;

const reckoned =
  (run: (a: number, b: number) => number) =>
  (a: Value, b: Value): Value => {
    if (typeof a !== "number" || typeof b !== "number") return GIVEN_UP;
    const result = run(a, b);
    return Number.isFinite(result) ? result : GIVEN_UP;
  };

const OPERATORS: Readonly<Record<string, ((a: Value, b: Value) => Value) | undefined>> = {
  "=": equal(true),
  "!=": equal(false),
  "<": compared((a, b) => a < b),
  "<=": compared((a, b) => a <= b),
  ">": compared((a, b) => a > b),
  ">=": compared((a, b) => a >= b),
  "+": reckoned((a, b) => a + b),
  "-": reckoned((a, b) => a - b),
  "*": reckoned((a, b) => a * b),
  "/": reckoned((a, b) => a / b),
  "%": reckoned((a, b) => a % b),
  "&": (a, b) => (typeof a === "string" && typeof b === "string" ? a + b : GIVEN_UP),
};
