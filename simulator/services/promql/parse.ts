/**
 * Reads the part of PromQL that Repot sends: selectors with matchers and ranges, subqueries, a handful of functions and aggregations,
 * arithmetic, comparisons and `or`. Anything else is refused by name, as a metrics base refuses what it can't parse.
 */

import { remembered } from "../../../domain/remembered.ts";

export type Matcher = {
  readonly label: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
};

export type Selector = {
  readonly kind: "selector";
  readonly name: string;
  readonly matchers: readonly Matcher[];
  /** Present for a range vector. */
  readonly rangeMs?: number;
};

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | Selector
  | { readonly kind: "subquery"; readonly of: Expression; readonly rangeMs: number; readonly stepMs: number }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[] }
  | {
      readonly kind: "aggregate";
      readonly op: Aggregation;
      readonly by: readonly string[];
      readonly of: Expression;
    }
  | { readonly kind: "binary"; readonly op: Operator; readonly left: Expression; readonly right: Expression };

export const FUNCTIONS = [
  "rate",
  "increase",
  "count_over_time",
  "max_over_time",
  "min_over_time",
  "avg_over_time",
  "last_over_time",
  "histogram_quantile",
  "label_replace",
  "timestamp",
  "vector",
  "time",
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

export const AGGREGATIONS = ["sum", "max", "min", "avg", "count"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** By rising precedence; operators of one row bind from the left. */
const OPERATORS = [["or"], ["==", "!=", ">=", "<=", ">", "<"], ["+", "-"], ["*", "/"]] as const;
export type Operator = (typeof OPERATORS)[number][number];

export class ParseError extends Error {
  override readonly name = "ParseError";
}

type Token = {
  readonly kind: "name" | "number" | "string" | "duration" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
};

const TOKENS: readonly [Token["kind"], RegExp][] = [
  ["duration", /(?:\d+(?:ms|[smhdwy]))+(?![\w.])/y],
  ["number", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["name", /[a-zA-Z_][a-zA-Z0-9_:]*/y],
  ["string", /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y],
  ["symbol", /=~|!~|!=|==|>=|<=|[{}()[\],:=<>+\-*/]/y],
];

const NESTING_MAX = 50;
const QUERY_LENGTH_MAX = 16_384;

/** Queries whose parse is kept: a run asks the same few again and again, and so do all runs of one plan. */
const KEPT_MAX = 2_000;

/** @throws ParseError with the position of what wasn't understood. */
export const parse = (query: string): Expression => {
  if (query.length > QUERY_LENGTH_MAX)
    throw new ParseError(`the query is longer than ${QUERY_LENGTH_MAX} characters`);
  return parsed(query);
};

const parsed = remembered(KEPT_MAX, (query): Expression => {
  const parser = new Parser(tokenize(query));
  const expression = parser.expression(0);
  parser.end();
  return expression;
});

const tokenize = (query: string): readonly Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  while (at < query.length) {
    if (/\s/.test(query[at] ?? "")) {
      at += 1;
      continue;
    }
    const found = TOKENS.map(([kind, pattern]) => {
      pattern.lastIndex = at;
      return { kind, text: pattern.exec(query)?.[0] };
    }).find((t) => t.text !== undefined);
    if (found?.text === undefined)
      throw new ParseError(`1:${at + 1}: parse error: unexpected character: ${JSON.stringify(query[at])}`);
    tokens.push({ kind: found.kind, text: found.text, at });
    at += found.text.length;
  }
  return [...tokens, { kind: "end", text: "end of input", at }];
};

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (UNIT_MS[unit ?? ""] ?? 0),
    0,
  );

const isOneOf = <T extends string>(list: readonly T[], text: string): text is T =>
  (list as readonly string[]).includes(text);

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(level: number): Expression {
    const operators = OPERATORS[level];
    if (!operators) return this.#postfix();
    let left = this.expression(level + 1);
    for (let op = this.#peek(); isOneOf(operators, op.text) && op.kind !== "string"; op = this.#peek()) {
      this.#take();
      const word = this.#peek().text;
      if (["bool", "on", "ignoring"].includes(word))
        throw this.#refuse(`the modifier ${word} isn't supported`);
      left = { kind: "binary", op: op.text as Operator, left, right: this.expression(level + 1) };
    }
    return left;
  }

  end(): void {
    if (this.#peek().kind !== "end") throw this.#refuse(`unexpected ${JSON.stringify(this.#peek().text)}`);
  }

  /** Something with a range or a subquery behind it, perhaps. */
  #postfix(): Expression {
    const of = this.#primary();
    if (this.#peek().text !== "[") return this.#plain(of);
    this.#take();
    const rangeMs = this.#duration();
    if (this.#peek().text === ":") {
      this.#take();
      const stepMs = this.#peek().text === "]" ? 60_000 : this.#duration();
      this.#expect("]");
      return this.#plain({ kind: "subquery", of, rangeMs, stepMs });
    }
    this.#expect("]");
    if (of.kind !== "selector") throw this.#refuse("ranges are only allowed for vector selectors");
    return this.#plain({ ...of, rangeMs });
  }

  #plain(of: Expression): Expression {
    const word = this.#peek().text;
    if (word === "offset" || word === "@") throw this.#refuse(`the modifier ${word} isn't supported`);
    return of;
  }

  #primary(): Expression {
    const token = this.#take();
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "string") return { kind: "string", value: unquote(token.text) };
    if (token.text === "-") {
      const of = this.#primary();
      return { kind: "binary", op: "*", left: { kind: "number", value: -1 }, right: of };
    }
    if (token.text === "(") return this.#nested();
    if (token.text === "{") return { kind: "selector", name: "", matchers: this.#matchers() };
    if (token.kind !== "name") throw this.#refuse(`unexpected ${JSON.stringify(token.text)}`, token);
    if (isOneOf(AGGREGATIONS, token.text)) return this.#aggregate(token.text);
    if (this.#peek().text === "(") return this.#call(token);
    if (this.#peek().text !== "{") return { kind: "selector", name: token.text, matchers: [] };
    this.#take();
    return { kind: "selector", name: token.text, matchers: this.#matchers() };
  }

  #nested(): Expression {
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) throw this.#refuse(`more than ${NESTING_MAX} nested parentheses`);
    const inside = this.expression(0);
    this.#depth -= 1;
    this.#expect(")");
    return inside;
  }

  #call(token: Token): Expression {
    const { text: name } = token;
    if (!isOneOf(FUNCTIONS, name))
      throw this.#refuse(`unknown function with name ${JSON.stringify(name)}`, token);
    this.#expect("(");
    const args: Expression[] = [];
    while (this.#peek().text !== ")") {
      if (args.length > 0) this.#expect(",");
      args.push(this.expression(0));
    }
    this.#take();
    return { kind: "call", name, args };
  }

  /** `sum by (le) (x)`, `sum(x) by (le)` and `sum(x)`. */
  #aggregate(op: Aggregation): Expression {
    let by = this.#by();
    this.#expect("(");
    const of = this.#nested();
    by ??= this.#by();
    return { kind: "aggregate", op, by: by ?? [], of };
  }

  #by(): readonly string[] | undefined {
    if (this.#peek().text === "without")
      throw this.#refuse("without isn't supported: name the labels with by");
    if (this.#peek().text !== "by") return undefined;
    this.#take();
    this.#expect("(");
    const labels: string[] = [];
    while (this.#peek().text !== ")") {
      if (labels.length > 0) this.#expect(",");
      labels.push(this.#take().text);
    }
    this.#take();
    return labels;
  }

  #matchers(): readonly Matcher[] {
    const matchers: Matcher[] = [];
    while (this.#peek().text !== "}") {
      if (matchers.length > 0) this.#expect(",");
      if (this.#peek().text === "}") break;
      const label = this.#take();
      if (label.kind !== "name")
        throw this.#refuse(`unexpected ${JSON.stringify(label.text)} in label matching`, label);
      const op = this.#take();
      if (!isOneOf(["=", "!=", "=~", "!~"] as const, op.text))
        throw this.#refuse(`unexpected ${JSON.stringify(op.text)} in label matching`, op);
      const value = this.#take();
      if (value.kind !== "string")
        throw this.#refuse(
          `unexpected ${JSON.stringify(value.text)} in label matching, expected string`,
          value,
        );
      matchers.push({ label: label.text, op: op.text, value: unquote(value.text) });
    }
    this.#take();
    return matchers;
  }

  #duration(): number {
    const token = this.#take();
    if (token.kind !== "duration")
      throw this.#refuse(`unexpected ${JSON.stringify(token.text)}, expected a duration`, token);
    return durationMs(token.text);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "end of input", at: 0 };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #expect(text: string): void {
    const token = this.#take();
    if (token.text !== text || token.kind === "string") {
      throw this.#refuse(`unexpected ${JSON.stringify(token.text)}, expected ${JSON.stringify(text)}`, token);
    }
  }

  #refuse(sentence: string, token: Token = this.#peek()): ParseError {
    return new ParseError(`1:${token.at + 1}: parse error: ${sentence}`);
  }
}

const unquote = (text: string): string =>
  text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c === "t" ? "\t" : c));
