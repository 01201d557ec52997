/**
 * JSONata inside of ASL: a value is a template whose strings between `{%` and `%}` are expressions. Compiled once for each text;
 * results are brought back to plain JSON.
 */

import jsonata from "jsonata";
import { StatesError } from "./errors.ts";
import { STEP_FUNCTIONS } from "./functions.ts";
import { GIVEN_UP, shortcut } from "./shortcut.ts";
import type { Json } from "./types.ts";

/** Variables by name, `states` among them. */
export type Bindings = Readonly<Record<string, unknown>>;

/** What went wrong with an expression, before it is known in which state. */
export class EvaluationError extends StatesError {
  readonly location: string | undefined;
  /** AWS chains what it finds on entering a state to the event before the entry, and what it finds later to the entry. */
  readonly afterEntry: boolean;

  constructor(reason: string, location: string | undefined, afterEntry = false) {
    super("States.QueryEvaluationError", reason);
    this.location = location;
    this.afterEntry = afterEntry;
  }
}

type Wanted = "array" | "boolean" | "number" | "string";
export type Template = {
  /** A value, or a promise of one where an expression is in it. */
  readonly evaluate: (bindings: Bindings) => Json | Promise<Json>;
};

const EXPRESSION = /^\{%([\s\S]*)%\}$/;

export const isExpression = (value: unknown): value is string =>
  typeof value === "string" && EXPRESSION.test(value);

/** What an expression stands for in messages, without its braces. */
const inner = (text: string): string => (EXPRESSION.exec(text)?.[1] ?? text).trim();

export const kindOf = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

export class Expressions {
  readonly #compiled = new Map<string, jsonata.Expression>();

  /**
   * Compiles a field's value.
   * @param location The field as AWS names it: `Output`, `Arguments/Payload`, `Choices[0]/Condition`.
   * @param wanted Which kind an expression that is the whole value has to give.
   * @throws A JSONata error for an expression that can't be parsed.
   */
  template(value: Json, location: string, wanted?: Wanted): Template {
    if (isExpression(value)) return this.#expression(inner(value), location, wanted);
    if (Array.isArray(value)) {
      return this.#list(
        value.map((item: Json, i) => this.template(item, `${location}[${i}]`)),
        value,
      );
    }
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value as Readonly<Record<string, Json>>);
      return this.#object(
        entries.map(([key, item]) => [key, this.template(item, `${location}/${key}`)] as const),
        value,
      );
    }
    return constant(value);
  }

  #expression(text: string, location: string, wanted: Wanted | undefined): Template {
    const expression = this.#compile(text);
    const quoted = `The JSONata expression '${text}' specified for the field '${location}'`;
    const short = shortcut(expression.ast());
    const evaluate = async (bindings: Bindings): Promise<Json> => {
      let raw: unknown;
      try {
        raw = await expression.evaluate(undefined, bindings);
      } catch (problem) {
        throw new EvaluationError(
          `${quoted} threw an error during evaluation. ${describe(problem)}`,
          location,
        );
      }
      if (raw === undefined) throw new EvaluationError(`${quoted} returned nothing (undefined).`, location);
      const value = plain(raw);
      if (value === undefined)
        throw new EvaluationError(`${quoted} returned an unsupported result type.`, location);
      if (wanted && kindOf(value) !== wanted) {
        throw new EvaluationError(
          `${quoted} returned an unexpected result type. Expected '${wanted}', but was '${kindOf(value)}' for value: ${JSON.stringify(value)}`,
          location,
        );
      }
      return value;
    };
    if (!short) return { evaluate };
    return {
      evaluate: (bindings) => {
        const value = short(bindings);
        if (value === undefined || value === GIVEN_UP) return evaluate(bindings);
        return wanted && kindOf(value as Json) !== wanted ? evaluate(bindings) : (value as Json);
      },
    };
  }

  #list(items: readonly Template[], value: Json): Template {
    if (items.every(isConstant)) return constant(value);
    return { evaluate: async (bindings) => Promise.all(items.map((item) => item.evaluate(bindings))) };
  }

  #object(entries: readonly (readonly [string, Template])[], value: Json): Template {
    if (entries.every(([, item]) => isConstant(item))) return constant(value);
    return {
      evaluate: async (bindings) => {
        const result: Record<string, Json> = {};
        for (const [key, item] of entries) {
          const part = item.evaluate(bindings);
          result[key] = part instanceof Promise ? await part : part;
        }
        return result;
      },
    };
  }

  #compile(text: string): jsonata.Expression {
    const known = this.#compiled.get(text);
    if (known) return known;
    const expression = jsonata(text);
    for (const { name, run, signature } of STEP_FUNCTIONS) {
      if (signature) expression.registerFunction(name, run, signature);
      else expression.registerFunction(name, run);
    }
    this.#compiled.set(text, expression);
    return expression;
  }
}

const constants = new WeakSet<Template>();
const constant = (value: Json): Template => {
  const template = { evaluate: () => value };
  constants.add(template);
  return template;
};
const isConstant = (template: Template): boolean => constants.has(template);

const describe = (problem: unknown): string => {
  const { code, message } = problem as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === "string" ? message : String(problem);
  return typeof code === "string" ? `${code}: ${text}` : text;
};

/** Plain JSON of a JSONata result: its marked sequences become arrays; undefined for what isn't JSON (functions, NaN). */
const plain = (value: unknown): Json | undefined => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (Array.isArray(value)) return plainList(value);
  if (typeof value !== "object" || "_jsonata_lambda" in value || "_jsonata_function" in value)
    return undefined;
  // JSONata makes objects without a prototype.
  let changed = Object.getPrototypeOf(value) === null;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const part = plain(item);
    if (part === undefined) return undefined;
    if (part !== item) changed = true;
    result[key] = part;
  }
  return changed ? result : (value as Json);
};

const plainList = (value: readonly unknown[]): Json | undefined => {
  let changed = "sequence" in value || "keepSingleton" in value;
  const result: Json[] = [];
  for (const item of value) {
    const part = plain(item);
    if (part === undefined) return undefined;
    if (part !== item) changed = true;
    result.push(part);
  }
  return changed ? result : (value as readonly Json[]);
};
