/**
 * The distributed Map: a Map Run whose items are executions of their own, each with its own history. Reference: developer guide, "Using
 * Map state in Distributed mode" and "Setting failure thresholds for Distributed Map states".
 */

import type { StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import { inputOf, itemsOf, numberOf } from "./items.ts";
import { batches, readItems } from "./reader.ts";
import type { Run } from "./run.ts";
import type { Thread } from "./thread.ts";
import type { Settle } from "./timers.ts";
import type { Json, Payload } from "./types.ts";
import { mapResult } from "./writer.ts";

const CONCURRENCY_MAX = 10_000;

/** One Map Run: kept by its thread after a failure, for the redrive. */
export type MapRun = {
  readonly arn: string;
  readonly label: string;
  /** Undefined until the items were read. */
  inputs: readonly Payload[] | undefined;
  readonly runs: (Run | undefined)[];
  redriveCount: number;
};
type Limits = { readonly concurrency: number; readonly exceeded: (failed: number, total: number) => boolean };

/** @returns The outputs of the children in the order of the items, or where ResultWriter has put them. */
export const runDistributed = async (thread: Thread, state: StateDef): Promise<Payload> => {
  const limits = await limitsOf(thread, state);
  const mapRun = await begin(thread, state);
  try {
    mapRun.inputs ??= await batches(
      thread,
      state,
      await selected(thread, state, await itemsFor(thread, state)),
    );
    await runAll(thread, state, mapRun, mapRun.inputs, limits);
    const runs = mapRun.runs.filter((run) => run !== undefined);
    const result = await mapResult(thread, state, mapRun.arn, runs);
    const { id } = thread.recordAside("MapRunSucceeded");
    thread.recordAside("MapStateSucceeded", undefined, id);
    return result;
  } catch (problem) {
    for (const run of mapRun.runs) if (run?.status === "RUNNING") thread.run.engine.stop(run.arn);
    if (problem instanceof StatesError) {
      thread.record("MapRunFailed", { error: problem.error, cause: problem.reason });
    }
    throw problem;
  }
};

const begin = async (thread: Thread, state: StateDef): Promise<MapRun> => {
  const { mapRun } = thread;
  if (mapRun) {
    mapRun.redriveCount += 1;
    thread.record("MapRunRedriven", { mapRunArn: mapRun.arn, redriveCount: mapRun.redriveCount });
    return mapRun;
  }
  const { engine, machine } = thread.run;
  const label =
    typeof state.raw["Label"] === "string" ? state.raw["Label"] : state.name.replace(/\W+/g, "").slice(0, 40);
  // With a reader the service counts nothing before it has read.
  const length = state.raw["ItemReader"] === undefined ? (await itemsOf(thread, state)).length : 0;
  thread.record("MapStateStarted", { length });
  const arn = engine.arn("mapRun", `${machine}/${label}:${engine.executionName()}`);
  thread.mapRun = { arn, label, inputs: undefined, runs: [], redriveCount: 0 };
  thread.record("MapRunStarted", { mapRunArn: arn });
  return thread.mapRun;
};

const itemsFor = (thread: Thread, state: StateDef): Promise<readonly Json[]> =>
  state.raw["ItemReader"] === undefined ? itemsOf(thread, state) : readItems(thread, state);

const selected = async (
  thread: Thread,
  state: StateDef,
  items: readonly Json[],
): Promise<readonly Json[]> => {
  if (!state.fields["ItemSelector"]) return items;
  const result: Json[] = [];
  for (const [Index, Value] of items.entries())
    result.push((await inputOf(thread, state, { Index, Value })).value);
  return result;
};

const limitsOf = async (thread: Thread, state: StateDef): Promise<Limits> => {
  const concurrency = await numberOf(thread, state, "MaxConcurrency");
  const count = await numberOf(thread, state, "ToleratedFailureCount");
  const percentage = await numberOf(thread, state, "ToleratedFailurePercentage");
  const byCount =
    state.raw["ToleratedFailureCount"] !== undefined || state.raw["ToleratedFailurePercentage"] === undefined;
  const byShare = state.raw["ToleratedFailurePercentage"] !== undefined;
  return {
    concurrency: concurrency || CONCURRENCY_MAX,
    exceeded: (failed, total) =>
      (byCount && failed > count) || (byShare && (failed / total) * 100 > percentage),
  };
};

/** Runs every child that hasn't succeeded yet. Rejects once more have failed than are tolerated. */
const runAll = async (
  thread: Thread,
  state: StateDef,
  mapRun: MapRun,
  inputs: readonly Payload[],
  limits: Limits,
): Promise<void> => {
  const waiting = inputs.map((_, i) => i).filter((i) => mapRun.runs[i]?.status !== "SUCCEEDED");
  if (waiting.length === 0) return;
  await thread.run.engine.parking.park<void>(thread, (settle) => {
    const start = follow(thread, state, { mapRun, inputs, waiting, limits, settle });
    for (let i = 0; i < limits.concurrency && i < waiting.length; i += 1) start();
    return () => {};
  });
};

/** @returns What starts the next child. */
const follow = (
  thread: Thread,
  state: StateDef,
  of: {
    readonly mapRun: MapRun;
    readonly inputs: readonly Payload[];
    readonly waiting: readonly number[];
    readonly limits: Limits;
    readonly settle: Settle<void>;
  },
): (() => void) => {
  const { mapRun, inputs, waiting, limits, settle } = of;
  let next = 0;
  let ended = 0;
  let failed = 0;
  let over = false;
  const start = () => {
    const index = waiting[next];
    if (over || thread.aborted || index === undefined) return;
    next += 1;
    const run = launch(thread, state, mapRun, index, inputs[index] as Payload);
    run.onEnd(() => {
      ended += 1;
      if (run.status !== "SUCCEEDED") failed += 1;
      over ||= limits.exceeded(failed, inputs.length);
      if (over) settle.reject(TOO_MANY_FAILED);
      else if (ended === waiting.length) settle.resolve();
      else start();
    });
  };
  return start;
};

const TOO_MANY_FAILED = new StatesError(
  "States.ExceedToleratedFailureThreshold",
  "The specified tolerated failure threshold was exceeded",
);

const launch = (thread: Thread, state: StateDef, mapRun: MapRun, index: number, input: Payload): Run => {
  const { engine, machine: parent, arn: parentArn } = thread.run;
  const earlier = mapRun.runs[index];
  if (earlier?.isRedrivable) {
    earlier.redrive();
    return earlier;
  }
  const { processor } = state;
  if (!processor) throw new TypeError("A Map without a processor got past the reader of definitions.");
  const machine = `${parent}/${mapRun.label}`;
  const name = engine.executionName();
  const ref = { machine, name, parentArn, mapRunArn: mapRun.arn };
  const arns = { arn: engine.arn("execution", `${machine}:${name}`), machineArn: engine.machineArn(machine) };
  const run = engine.launch(processor, { ...ref, ...arns }, input);
  mapRun.runs[index] = run;
  return run;
};
