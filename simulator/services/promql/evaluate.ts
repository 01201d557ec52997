/**
 * Computes a parsed query at one instant over what a metrics base has scraped. Follows Prometheus: five minutes of look-back, staleness,
 * rates extrapolated to the ends of their range, buckets interpolated linearly, labels matched one to one.
 */

import { ExecutionError } from "./failures.ts";
import { keyOf, type Labels, nameless } from "./labels.ts";
import type { Expression, FunctionName, Matcher, Selector } from "./parse.ts";
import { extrapolatedIncrease, histogramQuantile } from "./rates.ts";
import { type Marked, relabelled, united } from "./unions.ts";

/** `stale` marks a scrape that found the series gone. */
export type Sample = { readonly at: number; readonly value: number; readonly stale?: boolean };
export type Series = { readonly labels: Labels; readonly samples: readonly Sample[] };

/** What was scraped: the series that match, with their samples in (from, to], oldest first. */
export type Scraped = (
  name: string,
  matches: (labels: Labels) => boolean,
  fromMs: number,
  toMs: number,
  /** Labels of which `matches` wants exactly this value: what has another needn't be looked at. */
  equal: Labels,
) => readonly Series[];

export type Element = { readonly labels: Labels; readonly value: number };
export type Result =
  | { readonly scalar: number }
  | { readonly vector: readonly Element[]; readonly marked?: Marked }
  | { readonly range: readonly Series[] };

const LOOKBACK_MS = 300_000;
const STEPS_MAX = 11_000;

/** @throws ExecutionError */
export const evaluateQuery = (expression: Expression, scraped: Scraped, atMs: number): Result => {
  const fetched = new Map<Selector, readonly Series[]>();
  prefetch(expression, 0, (selector, backMs) => {
    const from = atMs - backMs - (selector.rangeMs ?? LOOKBACK_MS);
    const { matches, equal } = wantedBy(selector);
    fetched.set(selector, scraped(selector.name, matches, from, atMs, equal));
  });
  const run = new Evaluator(fetched);
  return run.evaluate(expression, atMs);
};

/** Tells each selector how far back the subqueries around it look, so that each series is read once. */
const prefetch = (
  of: Expression,
  backMs: number,
  visit: (selector: Selector, backMs: number) => void,
): void => {
  switch (of.kind) {
    case "number":
    case "string":
      return;
    case "selector":
      visit(of, backMs);
      return;
    case "subquery":
      prefetch(of.of, backMs + of.rangeMs, visit);
      return;
    case "call":
      for (const arg of of.args) prefetch(arg, backMs, visit);
      return;
    case "aggregate":
      prefetch(of.of, backMs, visit);
      return;
    case "binary":
      prefetch(of.left, backMs, visit);
      prefetch(of.right, backMs, visit);
  }
};

type Wanted = { readonly matches: (labels: Labels) => boolean; readonly equal: Labels };

const wanted = new WeakMap<Selector, Wanted>();

/** What a selector asks of labels; made once for each that was parsed. */
const wantedBy = (selector: Selector): Wanted => {
  let known = wanted.get(selector);
  if (!known) {
    const tests = selector.matchers.map(matcherTest);
    known = { matches: (labels) => tests.every((test) => test(labels)), equal: equalities(selector) };
    wanted.set(selector, known);
  }
  return known;
};

const equalities = ({ matchers }: Selector): Labels =>
  Object.fromEntries(
    matchers.flatMap(({ label, op, value }) => (op === "=" && value !== "" ? [[label, value]] : [])),
  );

const matcherTest = ({ label, op, value }: Matcher): ((labels: Labels) => boolean) => {
  if (op === "=" || op === "!=") return (labels) => ((labels[label] ?? "") === value) === (op === "=");
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${value})$`, "s");
  } catch {
    throw new ExecutionError(`the matcher of ${label} isn't a regular expression: ${value}`);
  }
  return (labels) => pattern.test(labels[label] ?? "") === (op === "=~");
};

const OVER_TIME: { readonly [F in FunctionName]?: (samples: readonly Sample[]) => number } = {
  count_over_time: (s) => s.length,
  max_over_time: (s) => Math.max(...s.map((x) => x.value)),
  min_over_time: (s) => Math.min(...s.map((x) => x.value)),
  avg_over_time: (s) => s.reduce((sum, x) => sum + x.value, 0) / s.length,
  last_over_time: (s) => s.at(-1)?.value ?? Number.NaN,
};

class Evaluator {
  readonly #fetched: ReadonlyMap<Selector, readonly Series[]>;
  readonly #named = new Map<Labels, Labels>();

  constructor(fetched: ReadonlyMap<Selector, readonly Series[]>) {
    this.#fetched = fetched;
  }

  evaluate(of: Expression, at: number): Result {
    switch (of.kind) {
      case "number":
        return { scalar: of.value };
      case "string":
        throw new ExecutionError(`a text is no value: ${of.value}`);
      case "selector":
        return of.rangeMs === undefined
          ? { vector: this.#instant(of, at) }
          : { range: this.#range(of, at, of.rangeMs) };
      case "subquery":
        return { range: this.#subquery(of, at) };
      case "call":
        return this.#call(of.name, of.args, at);
      case "aggregate":
        return { vector: aggregate(of.op, of.by, this.#vector(of.of, at)) };
      case "binary":
        return binary(of.op, this.evaluate(of.left, at), this.evaluate(of.right, at));
    }
  }

  #vector(of: Expression, at: number): readonly Element[] {
    const result = this.evaluate(of, at);
    if (!("vector" in result)) throw new ExecutionError("expected an instant vector");
    return result.vector;
  }

  #scalar(of: Expression | undefined, at: number): number {
    const result = of && this.evaluate(of, at);
    if (!result || !("scalar" in result)) throw new ExecutionError("expected a scalar");
    return result.scalar;
  }

  #newest(selector: Selector, at: number): readonly { readonly labels: Labels; readonly sample: Sample }[] {
    return (this.#fetched.get(selector) ?? []).flatMap(({ labels, samples }) => {
      const sample = samples[upTo(samples, at) - 1];
      return sample && !sample.stale && sample.at > at - LOOKBACK_MS ? [{ labels, sample }] : [];
    });
  }

  #instant(selector: Selector, at: number): readonly Element[] {
    return this.#newest(selector, at).map(({ labels, sample }) => ({ labels, value: sample.value }));
  }

  #range(selector: Selector, at: number, rangeMs: number): readonly Series[] {
    return (this.#fetched.get(selector) ?? []).map(({ labels, samples }) => ({
      labels,
      samples: within(samples, upTo(samples, at - rangeMs), upTo(samples, at)),
    }));
  }

  /** Evaluates at the absolute multiples of the step, as Prometheus does. */
  #subquery(of: Extract<Expression, { kind: "subquery" }>, at: number): readonly Series[] {
    if (of.rangeMs / of.stepMs > STEPS_MAX)
      throw new ExecutionError(`more than ${STEPS_MAX} points in a subquery`);
    const series = new Map<string, { labels: Labels; samples: Sample[] }>();
    const first = Math.floor((at - of.rangeMs) / of.stepMs + 1) * of.stepMs;
    for (let then = first; then <= at; then += of.stepMs) {
      const result = this.evaluate(of.of, then);
      if ("range" in result) throw new ExecutionError("a subquery needs an instant vector");
      for (const { labels, value } of "scalar" in result
        ? [{ labels: {}, value: result.scalar }]
        : result.vector) {
        const key = keyOf(labels);
        const entry = series.get(key) ?? { labels, samples: [] };
        entry.samples.push({ at: then, value });
        series.set(key, entry);
      }
    }
    return [...series.values()];
  }

  #call(name: FunctionName, args: readonly Expression[], at: number): Result {
    const [first, second] = args;
    const wanted = ARGUMENTS[name] ?? 1;
    if (args.length !== wanted)
      throw new ExecutionError(`expected ${wanted} argument(s) in call to "${name}", got ${args.length}`);
    if (name === "time") return { scalar: at / 1000 };
    if (name === "vector") return { vector: [{ labels: {}, value: this.#scalar(first, at) }] };
    if (name === "histogram_quantile" && second) {
      return { vector: histogramQuantile(this.#scalar(first, at), this.#vector(second, at)) };
    }
    if (name === "label_replace" && first) {
      const [label = "", replacement = "", from = "", pattern = ""] = args.slice(1).map(textOf);
      return relabelled(this.#vector(first, at), { label, replacement, from, pattern });
    }
    if (name === "timestamp" && first) {
      if (first.kind !== "selector")
        throw new ExecutionError("timestamp is computed for plain selectors only");
      return {
        vector: this.#newest(first, at).map(({ labels, sample }) => ({
          labels: nameless(labels),
          value: sample.at / 1000,
        })),
      };
    }
    return { vector: first ? this.#overTime(name, first, at) : [] };
  }

  #overTime(name: FunctionName, of: Expression, at: number): readonly Element[] {
    const result = this.evaluate(of, at);
    const rangeMs = of.kind === "selector" || of.kind === "subquery" ? of.rangeMs : undefined;
    if (!("range" in result) || rangeMs === undefined) {
      throw new ExecutionError(`expected type range vector in call to function "${name}"`);
    }
    const direct = OVER_TIME[name];
    const elements: Element[] = [];
    for (const { labels, samples } of result.range) {
      if (samples.length === 0) continue;
      const value = direct ? direct(samples) : increaseOf(name, samples, at, rangeMs);
      if (value !== undefined) elements.push({ labels: this.#nameless(labels), value });
    }
    return elements;
  }

  /** The same labels for the same series: a subquery comes back to each at every step. */
  #nameless(labels: Labels): Labels {
    let known = this.#named.get(labels);
    if (!known) {
      known = nameless(labels);
      this.#named.set(labels, known);
    }
    return known;
  }
}

/** How many arguments a function takes where it isn't one. */
const ARGUMENTS: { readonly [F in FunctionName]?: number } = {
  time: 0,
  histogram_quantile: 2,
  label_replace: 5,
};

const textOf = (argument: Expression): string => {
  if (argument.kind !== "string") throw new ExecutionError("expected type string");
  return argument.value;
};

const increaseOf = (
  name: FunctionName,
  samples: readonly Sample[],
  at: number,
  rangeMs: number,
): number | undefined => {
  const increase = extrapolatedIncrease(samples, at, rangeMs);
  return increase === undefined ? undefined : name === "rate" ? (increase * 1000) / rangeMs : increase;
};

/** How many samples are at or before a time. */
const upTo = (samples: readonly Sample[], at: number): number => {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** A part of the samples without the marks of staleness; the list itself where that is all of it. */
const within = (samples: readonly Sample[], from: number, to: number): readonly Sample[] => {
  const part = from === 0 && to === samples.length ? samples : samples.slice(from, to);
  return part.some((s) => s.stale) ? part.filter((s) => !s.stale) : part;
};

const aggregate = (
  op: "sum" | "max" | "min" | "avg" | "count",
  by: readonly string[],
  elements: readonly Element[],
): readonly Element[] => {
  const groups = new Map<string, { labels: Labels; values: number[] }>();
  for (const { labels, value } of elements) {
    const kept: Record<string, string> = {};
    for (const l of by) if (labels[l] !== undefined) kept[l] = labels[l];
    const key = by.length === 0 ? "" : keyOf(kept);
    const group = groups.get(key);
    if (group) group.values.push(value);
    else groups.set(key, { labels: kept, values: [value] });
  }
  const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const compute = {
    sum: total,
    max: (v: readonly number[]) => Math.max(...v),
    min: (v: readonly number[]) => Math.min(...v),
    avg: (v: readonly number[]) => total(v) / v.length,
    count: (v: readonly number[]) => v.length,
  }[op];
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: compute(values) }));
};

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};
const COMPARISON: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};

const binary = (op: string, left: Result, right: Result): Result => {
  if ("range" in left || "range" in right)
    throw new ExecutionError(`binary expression ${op} doesn't take range vectors`);
  if (op === "or") {
    if ("scalar" in left || "scalar" in right)
      throw new ExecutionError("set operator or not allowed in binary scalar expression");
    return united(left, right);
  }
  const arithmetic = ARITHMETIC[op];
  const compare = COMPARISON[op];
  const join = (labels: Labels, a: number, b: number, kept: number): readonly Element[] =>
    arithmetic
      ? [{ labels: nameless(labels), value: arithmetic(a, b) }]
      : compare?.(a, b)
        ? [{ labels, value: kept }]
        : [];
  if ("scalar" in left && "scalar" in right) {
    if (!arithmetic) throw new ExecutionError("comparisons between scalars must use BOOL modifier");
    return { scalar: arithmetic(left.scalar, right.scalar) };
  }
  if ("scalar" in left) {
    return {
      vector: (right as { vector: readonly Element[] }).vector.flatMap((e) =>
        join(e.labels, left.scalar, e.value, e.value),
      ),
    };
  }
  if ("scalar" in right)
    return { vector: left.vector.flatMap((e) => join(e.labels, e.value, right.scalar, e.value)) };
  const others = new Map<string, number>();
  for (const e of right.vector) {
    const key = keyOf(e.labels);
    if (others.has(key))
      throw new ExecutionError(
        "many-to-many matching not allowed: matching labels must be unique on one side",
      );
    others.set(key, e.value);
  }
  return {
    vector: left.vector.flatMap((e) => {
      const other = others.get(keyOf(e.labels));
      return other === undefined ? [] : join(e.labels, e.value, other, e.value);
    }),
  };
};
