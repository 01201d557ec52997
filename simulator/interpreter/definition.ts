/**
 * Reads a definition as the interpreter runs it: every state checked against the fields that its type has in JSONata, every
 * transition against the states that are there, every expression compiled. What isn't known is refused by name, never skipped.
 */

import { InvalidDefinition } from "./errors.ts";
import { Expressions, isExpression, type Template } from "./expressions.ts";
import { parseResource, type Resource } from "./resource.ts";
import type { Json } from "./types.ts";

type Fields = { readonly [field: string]: Json | undefined };
export type RetrierDef = {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL" | "NONE";
};
/** What may follow a state: its own transition, a choice's rule, a catcher. */
export type Exit = {
  readonly next: string | undefined;
  readonly assign: readonly (readonly [string, Template])[];
  readonly output: Template | undefined;
};
export type StateDef = {
  readonly name: string;
  readonly type: string;
  readonly exit: Exit;
  readonly retry: readonly RetrierDef[];
  readonly catch: readonly { readonly errors: readonly string[]; readonly exit: Exit }[];
  readonly choices: readonly { readonly condition: Template; readonly exit: Exit }[];
  readonly branches: readonly MachineDef[];
  readonly processor: MachineDef | undefined;
  /** What a Task calls. */
  readonly resource: Resource | undefined;
  /** The fields that hold templates, each compiled: Arguments, Seconds, Items, `ItemReader/Arguments` … */
  readonly fields: { readonly [field: string]: Template | undefined };
  /** The state as written. */
  readonly raw: Fields;
};
export type MachineDef = {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, StateDef>;
  readonly timeoutSeconds: number | undefined;
};

const COMMON = ["Type", "Comment", "QueryLanguage"];
const FLOW = [...COMMON, "Next", "End", "Assign", "Output"];
const GUARDED = [...FLOW, "Retry", "Catch"];
const MAP = ["Items", "ItemReader", "ItemSelector", "ItemBatcher", "ItemProcessor", "ResultWriter", "Label"];
const TOLERANCE = ["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  Pass: FLOW,
  Wait: [...FLOW, "Seconds", "Timestamp"],
  Choice: [...COMMON, "Choices", "Default", "Assign", "Output"],
  Succeed: [...COMMON, "Output"],
  Fail: [...COMMON, "Error", "Cause"],
  Task: [...GUARDED, "Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"],
  Parallel: [...GUARDED, "Arguments", "Branches"],
  Map: [...GUARDED, ...MAP, ...TOLERANCE],
};
/** Developer guide, "Passing data between states with variables": a Unicode identifier of at most 80 characters. */
const VARIABLE = /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u;
const MACHINE_FIELDS = [
  "Comment",
  "QueryLanguage",
  "StartAt",
  "States",
  "TimeoutSeconds",
  "Version",
  "ProcessorConfig",
];
const TEMPLATES = [
  "Credentials",
  "Arguments",
  "Seconds",
  "Timestamp",
  "Error",
  "Cause",
  "TimeoutSeconds",
  "HeartbeatSeconds",
];
const MAP_TEMPLATES = ["Items", "ItemSelector", ...TOLERANCE];
const NESTED_TEMPLATES = [
  ["ItemReader", "Arguments"],
  ["ItemBatcher", "BatchInput"],
  ["ItemBatcher", "MaxItemsPerBatch"],
  ["ItemBatcher", "MaxInputBytesPerBatch"],
  ["ResultWriter", "Arguments"],
] as const;

const refuse = (machine: string, rule: string): never => {
  throw new InvalidDefinition(`The state machine ${machine}: ${rule}`);
};

const record = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** What was read already, by the definition itself and the name: definitions are data that nobody changes, and read the same for all. */
const read = new WeakMap<object, Map<string, MachineDef>>();

/**
 * Reads one machine, once in a process.
 * @param machine Its name, for messages.
 * @throws InvalidDefinition naming the state and the rule.
 */
export const readMachine = (machine: string, definition: Json): MachineDef => {
  const fields = record(definition);
  const known = read.get(fields) ?? new Map<string, MachineDef>();
  read.set(fields, known);
  const found =
    known.get(machine) ?? new Reader(machine, new Expressions()).machine(fields, undefined, new Set());
  known.set(machine, found);
  return found;
};

class Reader {
  readonly #machine: string;
  readonly #expressions: Expressions;
  readonly #names = new Set<string>();

  constructor(machine: string, expressions: Expressions) {
    this.#machine = machine;
    this.#expressions = expressions;
  }

  /** @param outer Variables that an enclosing scope assigns: an inner one may not assign them as well. */
  machine(definition: Fields, inherited: string | undefined, outer: ReadonlySet<string>): MachineDef {
    for (const field of Object.keys(definition)) {
      if (!MACHINE_FIELDS.includes(field)) refuse(this.#machine, `has the unknown field '${field}'.`);
    }
    const states = Object.entries(record(definition["States"]));
    const startAt = definition["StartAt"];
    if (states.length === 0) refuse(this.#machine, "has no States.");
    if (typeof startAt !== "string" || !states.some(([name]) => name === startAt)) {
      return refuse(this.#machine, `StartAt names no state: ${JSON.stringify(startAt)}.`);
    }
    const language = text(definition["QueryLanguage"]) ?? inherited;
    const assigned = new Set([...outer, ...this.#assigned(states, outer)]);
    const known = new Set(states.map(([name]) => name));
    const read = states.map(([name, state]) => {
      if (this.#names.has(name)) refuse(this.#machine, `the state name '${name}' is used twice.`);
      this.#names.add(name);
      return [name, this.#state(name, record(state), language, known, assigned)] as const;
    });
    const timeout = definition["TimeoutSeconds"];
    return {
      startAt,
      states: new Map(read),
      timeoutSeconds: typeof timeout === "number" ? timeout : undefined,
    };
  }

  #assigned(states: readonly (readonly [string, Json | undefined])[], outer: ReadonlySet<string>): string[] {
    return states.flatMap(([name, value]) => {
      const state = record(value);
      const blocks = [state, ...list(state["Choices"]).map(record), ...list(state["Catch"]).map(record)];
      const names = blocks.flatMap((block) => Object.keys(record(block["Assign"])));
      for (const variable of names) {
        if (variable === "states")
          refuse(this.#machine, `the state '${name}' assigns the reserved variable $states.`);
        if (!VARIABLE.test(variable)) {
          refuse(
            this.#machine,
            `the state '${name}' assigns '${variable}', which is no name for a variable.`,
          );
        }
        if (outer.has(variable)) {
          refuse(
            this.#machine,
            `the state '${name}' assigns $${variable}, which an outer scope has already.`,
          );
        }
      }
      return names;
    });
  }

  #state(
    name: string,
    raw: Fields,
    inherited: string | undefined,
    known: ReadonlySet<string>,
    assigned: ReadonlySet<string>,
  ): StateDef {
    const type = text(raw["Type"]) ?? "";
    const language = text(raw["QueryLanguage"]) ?? inherited ?? "JSONPath";
    if (language !== "JSONata") {
      refuse(this.#machine, `the state '${name}' is in ${language}; this interpreter runs JSONata only.`);
    }
    const allowed = ALLOWED[type];
    if (!allowed)
      return refuse(
        this.#machine,
        `the state '${name}' has the unknown Type ${JSON.stringify(raw["Type"])}.`,
      );
    for (const field of Object.keys(raw)) {
      if (!allowed.includes(field))
        refuse(this.#machine, `the state '${name}' of Type ${type} has no field '${field}'.`);
    }
    checkShape(raw, type, (rule) => refuse(this.#machine, `the state '${name}' ${rule}`));
    const exit = (block: Fields, at: string) => this.#exit(name, block, at, known);
    return {
      name,
      type,
      raw,
      exit: exit({ ...raw, ...(type === "Choice" && { Next: raw["Default"] }) }, ""),
      retry: list(raw["Retry"]) as unknown as readonly RetrierDef[],
      catch: list(raw["Catch"]).map((catcher, i) => ({
        errors: list(record(catcher)["ErrorEquals"]) as readonly string[],
        exit: exit(record(catcher), `Catch[${i}]/`),
      })),
      choices: list(raw["Choices"]).map((rule, i) => ({
        condition: this.#template(
          name,
          record(rule)["Condition"] ?? null,
          `Choices[${i}]/Condition`,
          "boolean",
        ),
        exit: exit(record(rule), `Choices[${i}]/`),
      })),
      branches: list(raw["Branches"]).map((branch) => this.machine(record(branch), inherited, assigned)),
      processor:
        type === "Map"
          ? this.machine(record(raw["ItemProcessor"]), inherited, isDistributed(raw) ? new Set() : assigned)
          : undefined,
      resource: this.#resources(name, raw),
      fields: this.#fields(name, type, raw),
    };
  }

  /** Reads every Resource of a state, and gives that of a Task. */
  #resources(name: string, raw: Fields): Resource | undefined {
    const texts = [raw, record(raw["ItemReader"]), record(raw["ResultWriter"])].map((block) =>
      text(block["Resource"]),
    );
    try {
      return texts.map((resource) => (resource === undefined ? undefined : parseResource(resource)))[0];
    } catch (problem) {
      return refuse(this.#machine, `the state '${name}': ${(problem as Error).message}`);
    }
  }

  #fields(name: string, type: string, raw: Fields): { readonly [field: string]: Template | undefined } {
    const fields: Record<string, Template> = {};
    for (const field of type === "Map" ? MAP_TEMPLATES : TEMPLATES) {
      const value = raw[field];
      if (value === undefined) continue;
      const wanted = field === "Items" && isExpression(value) ? "array" : WANTED[field];
      fields[field] = this.#template(name, value, field, wanted);
    }
    for (const [outer, field] of NESTED_TEMPLATES) {
      const value = record(raw[outer])[field];
      if (value !== undefined) fields[`${outer}/${field}`] = this.#template(name, value, `${outer}/${field}`);
    }
    const max = record(record(raw["ItemReader"])["ReaderConfig"])["MaxItems"];
    if (max !== undefined) {
      fields["MaxItems"] = this.#template(name, max, "ItemReader/ReaderConfig/MaxItems", "number");
    }
    return fields;
  }

  #exit(name: string, block: Fields, at: string, known: ReadonlySet<string>): Exit {
    const next = text(block["Next"]);
    if (next !== undefined && !known.has(next))
      refuse(this.#machine, `the state '${name}' goes to '${next}', which isn't there.`);
    const output = block["Output"];
    return {
      next,
      assign: Object.entries(record(block["Assign"])).map(
        ([key, value]) => [key, this.#template(name, value ?? null, `${at}Assign/${key}`)] as const,
      ),
      output: output === undefined ? undefined : this.#template(name, output, `${at}Output`),
    };
  }

  #template(
    name: string,
    value: Json,
    location: string,
    wanted?: "array" | "boolean" | "number" | "string",
  ): Template {
    try {
      return this.#expressions.template(value, location, wanted);
    } catch (problem) {
      const { message } = problem as Error;
      return refuse(
        this.#machine,
        `the state '${name}' has an expression in ${location} that isn't JSONata: ${message}`,
      );
    }
  }
}

const WANTED: Readonly<Record<string, "number" | "string" | undefined>> = {
  Seconds: "number",
  Timestamp: "string",
  Error: "string",
  Cause: "string",
  TimeoutSeconds: "number",
  HeartbeatSeconds: "number",
  MaxConcurrency: "number",
  ToleratedFailureCount: "number",
  ToleratedFailurePercentage: "number",
};

const text = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

/** Whether a Map state runs its items as executions of their own. */
export const isDistributed = (map: Fields): boolean =>
  record(record(map["ItemProcessor"])["ProcessorConfig"])["Mode"] === "DISTRIBUTED";

const checkShape = (raw: Fields, type: string, wrong: (rule: string) => never): void => {
  const ends = type === "Succeed" || type === "Fail" || type === "Choice";
  if (!ends && (raw["End"] === true) === (text(raw["Next"]) !== undefined))
    wrong("needs either a Next or an End.");
  if (type === "Task" && !text(raw["Resource"])) wrong("needs a Resource.");
  if (type === "Wait" && (raw["Seconds"] === undefined) === (raw["Timestamp"] === undefined)) {
    wrong("needs either Seconds or a Timestamp.");
  }
  if (type === "Choice" && list(raw["Choices"]).length === 0) wrong("needs Choices.");
  for (const rule of list(raw["Choices"])) {
    const condition = record(rule)["Condition"];
    if (!isExpression(condition) && typeof condition !== "boolean") {
      wrong("has a choice without a Condition in JSONata.");
    }
    if (!text(record(rule)["Next"])) wrong("has a choice without a Next.");
  }
  if (type === "Parallel" && list(raw["Branches"]).length === 0) wrong("needs Branches.");
  if (type === "Map") checkMap(raw, wrong);
  checkHandlers(raw, wrong);
};

const checkHandlers = (raw: Fields, wrong: (rule: string) => never): void => {
  for (const field of ["Retry", "Catch"]) {
    const entries = list(raw[field]);
    for (const [i, entry] of entries.entries()) {
      const names = list(record(entry)["ErrorEquals"]);
      if (names.includes("States.ALL") && (names.length > 1 || i < entries.length - 1)) {
        wrong(`has States.ALL in a ${field} where it doesn't stand alone and last.`);
      }
      if (names.length === 0) wrong(`has a ${field} without ErrorEquals.`);
      if (field === "Catch" && !text(record(entry)["Next"])) wrong("has a Catch without a Next.");
    }
  }
};

const READER_FIELDS = ["InputType", "MaxItems", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"];

const checkMap = (raw: Fields, wrong: (rule: string) => never): void => {
  const { Mode: mode = "INLINE", ExecutionType: execution = "STANDARD" } = record(
    record(raw["ItemProcessor"])["ProcessorConfig"],
  );
  if (mode !== "INLINE" && mode !== "DISTRIBUTED") wrong(`has the unknown Mode ${JSON.stringify(mode)}.`);
  if (execution !== "STANDARD")
    wrong(`runs its items as ${JSON.stringify(execution)}; only STANDARD is supported.`);
  if (mode === "DISTRIBUTED") {
    const reader = record(raw["ItemReader"]);
    const { InputType: type = "JSON" } = record(reader["ReaderConfig"]);
    if (!["JSON", "JSONL", "CSV"].includes(String(type)))
      wrong(`reads items of the unknown InputType ${JSON.stringify(type)}.`);
    for (const field of Object.keys(record(reader["ReaderConfig"]))) {
      if (!READER_FIELDS.includes(field)) wrong(`has the unknown field ItemReader/ReaderConfig/${field}.`);
    }
    return;
  }
  for (const field of ["ItemReader", "ItemBatcher", "ResultWriter"]) {
    if (raw[field] !== undefined) wrong(`has ${field}, which only a distributed Map has.`);
  }
};
