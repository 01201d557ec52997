/**
 * Compares a history with a recorded one: types in order, state names, payloads, errors and causes. Recordings have placeholders where
 * the service wrote a name, an ARN or a time; each must stand for the same text throughout.
 */

import type { AwsEvent } from "./history.ts";
import { detailsOf, EXECUTION, MACHINE, type RecordedEvent, type Recording } from "./recording.ts";
import type { Json } from "./types.ts";

/** Not comparable: names of roles and regions, ARNs of runs, and whether the recording truncated. */
const LEFT_OUT = new Set([
  "region",
  "mapRunArn",
  "inputDetails",
  "outputDetails",
  "assignedVariablesDetails",
  "stateMachineAliasArn",
  "stateMachineVersionArn",
]);
/** What must not be there where the recording hasn't got it; of anything else ours may say more. */
const TELLING = new Set(["name", "input", "output", "error", "cause", "assignedVariables"]);
/** Where a placeholder may be learned: what went in, never what came out. */
const LEARNS = new Set(["ExecutionStarted", "TaskScheduled", "LambdaFunctionScheduled"]);

/** @returns The first difference in words, or undefined where there is none. */
export const difference = (recording: Recording, actual: readonly AwsEvent[]): string | undefined => {
  const expected = recording.history;
  const comparison = new Comparison(recording);
  for (const [i, event] of expected.entries()) {
    const ours = actual[i];
    if (!ours) return `event ${i + 1}: expected ${event.type}, but the history ends`;
    if (ours.type !== event.type)
      return `event ${i + 1}: expected ${event.type}, got ${ours.type}${causeOf(ours)}`;
    const found = comparison.event(event, ours);
    if (found) return `event ${i + 1} (${event.type}): ${found}`;
  }
  const extra = actual[expected.length];
  return extra ? `event ${expected.length + 1}: expected the end, got ${extra.type}` : undefined;
};

const causeOf = (event: AwsEvent): string => {
  const { cause } = detailsOf(event);
  return typeof cause === "string" ? ` (${cause})` : "";
};

class Comparison {
  readonly #bound = new Map<string, string>();
  readonly #written: string;

  constructor({ definition, input }: Recording) {
    this.#written = JSON.stringify([definition, input]);
  }

  event(expected: RecordedEvent, actual: AwsEvent): string | undefined {
    const [theirs, ours] = [detailsOf(expected), detailsOf(actual)];
    const learns = LEARNS.has(expected.type);
    for (const field of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      if (LEFT_OUT.has(field) || (!(field in theirs) && !TELLING.has(field))) continue;
      const [want, have] = [theirs[field], ours[field]].map((value) => opened(field, value));
      if (!this.#same(want, have, learns || field === "resource")) {
        return `${field}: expected ${JSON.stringify(want)}, got ${JSON.stringify(have)}`;
      }
    }
    return undefined;
  }

  #same(want: Json | undefined, have: Json | undefined, learns: boolean): boolean {
    if (typeof want === "string" && typeof have === "string")
      return want === have || this.#stands(want, have, learns);
    if (Array.isArray(want) && Array.isArray(have)) {
      return want.length === have.length && want.every((item: Json, i) => this.#same(item, have[i], learns));
    }
    if (!isObject(want) || !isObject(have)) return want === have;
    const keys = Object.keys(want);
    return (
      keys.length === Object.keys(have).length &&
      keys.every((key) => key in have && this.#same(want[key], have[key], learns))
    );
  }

  /** Whether a recorded text is what ours became when the recording's names were replaced. */
  #stands(want: string, have: string, learns: boolean): boolean {
    const known = this.#bound.get(want);
    if (known === have || this.#withPlaceholders(have) === want || isTime(want, have)) return true;
    if (!learns) return known === undefined && fits(want, have);
    // What stands in the definition or the input was written by their author, and is no placeholder.
    if (this.#written.includes(JSON.stringify(want))) return false;
    if (known !== undefined && !want.includes("<")) return false;
    this.#bound.set(want, have);
    return true;
  }

  #withPlaceholders(text: string): string {
    let result = text;
    for (const [placeholder, meant] of this.#bound)
      if (meant !== "") result = result.replaceAll(meant, placeholder);
    return result;
  }
}

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Recordings hold a text that is a JSON object as that object. */
const opened = (field: string, value: Json | undefined): Json | undefined => {
  if (field === "assignedVariables" && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openedText(item)]));
  }
  return value === undefined ? undefined : openedText(value);
};

const openedText = (value: Json): Json => {
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is an ARN, or holds one, whose parts the recording replaced; or one that was made by chance. */
const fits = (want: string, have: string): boolean => {
  if (/^<[^<>]*Arn[^<>]*>$/.test(want)) return have === MACHINE || have === EXECUTION;
  if (/^<uuid:\d+>$/.test(want)) return UUID.test(have);
  if (!want.includes("arn:<")) return false;
  const parts = want.split(/<[^<>]+>/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^:]+?")}$`, "s").test(have);
};

const isTime = (want: string, have: string): boolean =>
  (want === "date" || want === "timestamp") && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(have);
