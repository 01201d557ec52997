/**
 * Replays a recorded execution of the real service: the definition and the input run through the engine, and nothing is taken from the
 * recorded history but what the outside world answered: results and errors of tasks, and what a reader of items found.
 */

import { Clock } from "../clock.ts";
import { makeRandom } from "../random.ts";
import { Engine } from "./engine.ts";
import { StatesError } from "./errors.ts";
import { type AwsEvent, awsEvent } from "./history.ts";
import type { Json, Perform } from "./types.ts";

export type RecordedEvent = {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  readonly [details: string]: unknown;
};
export type Recording = {
  readonly id: string;
  readonly definition: Json;
  readonly input: Json;
  readonly history: readonly RecordedEvent[];
};

/** Recorded executions may wait for years; more steps than this are a loop that doesn't end. */
const DAYS_MAX = 400;
const STARTS_AT = Date.UTC(2025, 0, 1);
/** What a replay calls its machine and its execution. */
export const MACHINE = "recorded";
export const EXECUTION = "replay";

type Answer = { readonly state: string; readonly of: RecordedEvent };

/** The details of an event, whatever their field is called. */
export const detailsOf = (event: RecordedEvent | AwsEvent): Readonly<Record<string, Json>> => {
  for (const [field, value] of Object.entries(event)) {
    if (field.endsWith("EventDetails") && typeof value === "object" && value !== null) {
      return value as Readonly<Record<string, Json>>;
    }
  }
  return {};
};

/**
 * Runs the definition with the input.
 * @returns The history that the engine wrote. Rejects with InvalidDefinition where it doesn't run the definition.
 */
export const replay = async (recording: Recording): Promise<readonly AwsEvent[]> => {
  const clock = new Clock(STARTS_AT);
  const engine = new Engine({
    clock,
    random: makeRandom(1),
    machines: { [MACHINE]: recording.definition },
    invoke: () => Promise.reject(new TypeError("A replay calls no function.")),
    integrate: async (resource, args) => readItems(recording, resource, args),
    perform: answers(recording.history, clock),
  });
  const execution = engine.start({ machine: MACHINE, name: EXECUTION, input: recording.input });
  const until = clock.now() + DAYS_MAX * 86_400_000;
  await clock.run(() => execution.status !== "RUNNING" || clock.now() > until);
  engine.check();
  return engine.history(execution.arn).map(awsEvent);
};

const SUBMITTED = ["TaskSubmitted"];
const RESULTS = [
  "TaskSucceeded",
  "TaskFailed",
  "TaskTimedOut",
  "TaskStartFailed",
  "TaskSubmitFailed",
  "LambdaFunctionSucceeded",
  "LambdaFunctionFailed",
  "LambdaFunctionTimedOut",
  "LambdaFunctionScheduleFailed",
  "LambdaFunctionStartFailed",
];

/** Answers each task with the next recorded answer of the same state. */
const answers = (history: readonly RecordedEvent[], clock: Clock): Perform => {
  const queue = (types: readonly string[]): Answer[] =>
    history.filter(({ type }) => types.includes(type)).map((of) => ({ of, state: stateOf(history, of) }));
  const queues = { submission: queue(SUBMITTED), result: queue(RESULTS) };
  return async ({ state, phase }) => {
    const waiting = queues[phase];
    const index = waiting.findIndex((answer) => answer.state === state);
    const [answer] = index < 0 ? [] : waiting.splice(index, 1);
    if (!answer)
      throw new StatesError(
        "States.Runtime",
        `The recording has no further answer for the state '${state}'.`,
      );
    const { output, error, cause } = detailsOf(answer.of);
    // A recorded timeout: no answer ever comes.
    if (answer.of.type.endsWith("TimedOut")) return clock.park<Json>().woken;
    if (!answer.of.type.endsWith("Succeeded") && phase === "result") {
      throw new StatesError(
        error as string | undefined,
        typeof cause === "object" ? JSON.stringify(cause) : (cause as string),
      );
    }
    return parsed(output ?? null);
  };
};

/** The state in which an event happened: that of the last entry in the chain before it. */
const stateOf = (history: readonly RecordedEvent[], event: RecordedEvent): string => {
  const byId = new Map(history.map((other) => [other.id, other]));
  for (let at: RecordedEvent | undefined = event; at; at = byId.get(at.previousEventId)) {
    if (at.type.endsWith("StateEntered")) return String(detailsOf(at)["name"]);
  }
  return "";
};

/** Recordings hold objects as JSON and everything else as JSON text. */
const parsed = (value: Json): Json => (typeof value === "string" ? (JSON.parse(value) as Json) : value);

/**
 * What a reader found in S3 isn't in the history. Where the items went through unchanged, the result of the Map shows them; a filler
 * follows, so that a MaxItems that isn't heeded shows as well.
 */
const readItems = (recording: Recording, resource: string, _args: Json): Json => {
  const exited = recording.history.find(({ type }) => type === "MapStateExited");
  const output = exited ? parsed(detailsOf(exited)["output"] ?? []) : [];
  if (!resource.includes(":s3:getObject") || !Array.isArray(output)) {
    throw new StatesError("States.Runtime", `The recording doesn't say what ${resource} gave.`);
  }
  const written = JSON.stringify(recording.definition);
  const items = written.includes('"MaxItems"') ? [...output, FILLER] : output;
  return { Body: rendered(items, /"InputType":"(\w+)"/.exec(written)?.[1] ?? "JSON") };
};

const FILLER = { beyond: "MaxItems" };

const rendered = (items: readonly Json[], type: string): string => {
  if (type === "JSONL") return items.map((item) => JSON.stringify(item)).join("\n");
  if (type !== "CSV") return JSON.stringify(items);
  const headers = Object.keys(items[0] ?? {});
  const rows = items.map((item) =>
    headers.map((header) => (item as Readonly<Record<string, Json>>)[header] ?? ""),
  );
  return [headers, ...rows]
    .map((row) => row.map((field) => JSON.stringify(String(field))).join(","))
    .join("\n");
};
