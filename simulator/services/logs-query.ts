/**
 * The part of the CloudWatch Logs Insights language that Repot's queries use: fields, filter, stats by, sort, limit. Anything else is a
 * compile error, as it is for a real typing error. Source: "CloudWatch Logs Insights language query syntax" in the user guide.
 */

import { byCodeUnit } from "../../domain/kube.ts";

/** One log event with its discovered fields. */
export type LogRow = Readonly<Record<string, string | number>>;
export type ResultRow = Readonly<Record<string, string>>;

/** A query that doesn't compile; the service makes a MalformedQueryException of it. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

type Value = string | number;
type Test = (row: LogRow) => boolean;
type Stage = (rows: readonly LogRow[]) => readonly LogRow[];

export type Query = {
  readonly run: (rows: readonly LogRow[]) => readonly ResultRow[];
  /** Whether rows are events (and so have a pointer) or aggregates. */
  readonly isAggregate: boolean;
  readonly limit: number | undefined;
};

const NAME = "[@A-Za-z_][\\w.@]*";

const literal = (text: string): Value => {
  const quoted = /^(?:"([^"]*)"|'([^']*)')$/.exec(text.trim());
  if (quoted) return quoted[1] ?? quoted[2] ?? "";
  if (/^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  throw new QueryError(`unexpected symbol found ${text.trim()}`);
};

/** Numbers compare as numbers, whatever they were written as. */
const compare = (a: Value | undefined, b: Value): number | undefined => {
  if (a === undefined) return undefined;
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y) && a !== "" && b !== "") return x - y;
  return byCodeUnit(String(a), String(b));
};

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

const IN = new RegExp(`^(${NAME})\\s+(not\\s+)?in\\s*\\[(.*)\\]$`, "i");
const COMPARISON = new RegExp(`^(${NAME})\\s*(!=|<=|>=|=|<|>)\\s*(.+)$`);

const condition = (text: string): Test => {
  const isIn = IN.exec(text);
  if (isIn) {
    const [, field = "", negated, list = ""] = isIn;
    const values = list.split(",").map(literal);
    return (row) => values.some((value) => compare(row[field], value) === 0) === (negated === undefined);
  }
  const comparison = COMPARISON.exec(text);
  if (!comparison) throw new QueryError(`unexpected symbol found in filter: ${text}`);
  const [, field = "", operator = "", right = ""] = comparison;
  const value = literal(right);
  const holds = OPERATORS[operator] as (order: number) => boolean;
  return (row) => {
    const order = compare(row[field], value);
    return order !== undefined && holds(order);
  };
};

const filter = (text: string): Stage => {
  if (/\s+or\s+|\blike\b|\(/i.test(text))
    throw new QueryError(`the rehearsal's filter knows "and", comparisons and "in" only: ${text}`);
  const tests = text.split(/\s+and\s+/i).map((part) => condition(part.trim()));
  return (rows) => rows.filter((row) => tests.every((test) => test(row)));
};

type Aggregate = { readonly name: string; readonly of: (rows: readonly LogRow[]) => Value };

const AGGREGATE = new RegExp(
  `^(count|sum|avg|min|max|count_distinct)\\((\\*|${NAME})\\)(?:\\s+as\\s+(${NAME}))?$`,
  "i",
);

const aggregate = (text: string): Aggregate => {
  const match = AGGREGATE.exec(text.trim());
  if (!match) throw new QueryError(`unexpected symbol found in stats: ${text.trim()}`);
  const [, kind = "", field = "", alias] = match;
  if (field === "*" && kind.toLowerCase() !== "count") throw new QueryError(`${kind}(*) is not a function`);
  const present = (rows: readonly LogRow[]) => rows.flatMap((row) => row[field] ?? []);
  const numbers = (rows: readonly LogRow[]) => present(rows).map(Number);
  const sum = (rows: readonly LogRow[]) => numbers(rows).reduce((a, b) => a + b, 0);
  const of: Readonly<Record<string, Aggregate["of"]>> = {
    count: (rows) => (field === "*" ? rows.length : present(rows).length),
    sum,
    avg: (rows) => sum(rows) / Math.max(1, present(rows).length),
    min: (rows) => Math.min(...numbers(rows)),
    max: (rows) => Math.max(...numbers(rows)),
    count_distinct: (rows) => new Set(present(rows).map(String)).size,
  };
  return { name: alias ?? `${kind}(${field})`, of: of[kind.toLowerCase()] as Aggregate["of"] };
};

const stats = (text: string): Stage => {
  const [head = "", by] = text.split(/\s+by\s+/i);
  const aggregates = head.split(/,(?![^(]*\))/).map(aggregate);
  const keys = (by ?? "")
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  for (const key of keys)
    if (!new RegExp(`^${NAME}$`).test(key)) throw new QueryError(`unexpected symbol found in by: ${key}`);
  return (rows) => {
    const groups = new Map<string, LogRow[]>();
    for (const row of rows) {
      const id = JSON.stringify(keys.map((key) => row[key] ?? ""));
      const group = groups.get(id) ?? [];
      groups.set(id, group);
      group.push(row);
    }
    if (keys.length === 0 && groups.size === 0) groups.set("", []);
    return [...groups.values()].map((group) =>
      Object.fromEntries([
        ...keys.map((key) => [key, group[0]?.[key] ?? ""] as const),
        ...aggregates.map((a) => [a.name, a.of(group)] as const),
      ]),
    );
  };
};

const sort = (text: string): Stage => {
  const match = new RegExp(`^(${NAME})(?:\\s+(asc|desc))?$`, "i").exec(text);
  if (!match) throw new QueryError(`unexpected symbol found in sort: ${text}`);
  const [, field = "", direction = "asc"] = match;
  const sign = direction.toLowerCase() === "desc" ? -1 : 1;
  return (rows) => [...rows].sort((a, b) => sign * (compare(a[field] ?? "", b[field] ?? "") ?? 0));
};

/** @throws QueryError with what didn't compile. */
export const compile = (text: string): Query => {
  const stages: Stage[] = [];
  let fields: readonly string[] = ["@timestamp", "@message"];
  let isAggregate = false;
  let limit: number | undefined;
  for (const part of text
    .split(/[|\n]/)
    .map((p) => p.trim())
    .filter((p) => p !== "" && !p.startsWith("#"))) {
    const [, command = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(part) ?? [];
    switch (command.toLowerCase()) {
      case "fields":
      case "display":
        fields = rest.split(",").map((field) => field.trim());
        break;
      case "filter":
        stages.push(filter(rest));
        break;
      case "stats":
        isAggregate = true;
        stages.push(stats(rest));
        break;
      case "sort":
        stages.push(sort(rest));
        break;
      case "limit":
        limit = Number(literal(rest));
        break;
      default:
        throw new QueryError(`unexpected symbol found ${command}`);
    }
  }
  const shown = (row: LogRow): ResultRow =>
    Object.fromEntries(
      (isAggregate ? Object.keys(row) : fields).flatMap((field) =>
        row[field] === undefined ? [] : [[field, String(row[field])] as const],
      ),
    );
  return { isAggregate, limit, run: (rows) => stages.reduce((now, stage) => stage(now), rows).map(shown) };
};
