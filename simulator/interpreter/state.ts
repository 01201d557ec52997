/** From state to state: entry, work, retries, catchers, exit. What each type does stands in a file of its own. */

import { choose } from "./choice.ts";
import type { Exit, StateDef } from "./definition.ts";
import { ABORTED, matches, StatesError } from "./errors.ts";
import type { Bindings } from "./expressions.ts";
import { isTooLarge } from "./history.ts";
import { runMap } from "./map.ts";
import { runParallel } from "./parallel.ts";
import { nextRetry, type Tries } from "./retry.ts";
import { runFail, runWait } from "./simple.ts";
import { runTask } from "./task.ts";
import { errorOutput, type Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";

/** Where a state leads and what it hands on. */
type Left = { readonly next: string | undefined; readonly output: Payload };
type Extra = { readonly result?: Json; readonly errorOutput?: Json };

/** Runs a thread from where it is to its end. Rejects with a StatesError, or with ABORTED. */
export const runThread = async (thread: Thread): Promise<Payload> => {
  for (;;) {
    const { next, output } = await runState(thread);
    forget(thread);
    if (next === undefined) {
      thread.output = output;
      return output;
    }
    thread.at = next;
    thread.input = output;
  }
};

/** Only a state that failed for good keeps what a redrive goes on with. */
const forget = (thread: Thread): void => {
  thread.children = undefined;
  thread.mapRun = undefined;
};

const runState = async (thread: Thread): Promise<Left> => {
  const state = thread.state;
  // A redriven thread is in its state already.
  if (thread.resumes) thread.resumes = false;
  else enter(thread, state);
  const tries: Tries = new Map();
  for (;;) {
    try {
      return await attempt(thread, state);
    } catch (problem) {
      if (!(problem instanceof StatesError) || thread.aborted) throw thread.aborted ? ABORTED : problem;
      const delay = nextRetry(state.retry, problem, tries, thread.run.engine.random);
      if (delay === undefined) return caught(thread, state, problem);
      forget(thread);
      thread.tries(thread.retryCount + 1);
      thread.run.transitionCount += 1;
      await thread.run.engine.parking.until(thread, thread.run.engine.clock.now() + Math.round(delay * 1000));
    }
  }
};

const enter = (thread: Thread, state: StateDef): void => {
  thread.enteredAt = thread.run.engine.clock.now();
  thread.tries(0);
  thread.beforeEntry = thread.last;
  thread.enteredId = thread.record(`${state.type}StateEntered`, { input: thread.input, name: state.name }).id;
};

/** One attempt at the state's work, and its exit if that succeeds. */
const attempt = async (thread: Thread, state: StateDef): Promise<Left> => {
  switch (state.type) {
    case "Pass":
    case "Succeed":
      return leave(thread, state, state.exit, thread.input);
    case "Choice":
      return leave(thread, state, await choose(thread, state), thread.input);
    case "Wait":
      await runWait(thread, state);
      return leave(thread, state, state.exit, thread.input);
    case "Fail":
      return runFail(thread, state);
    default: {
      const work = state.type === "Task" ? runTask : state.type === "Map" ? runMap : runParallel;
      const result = await work(thread, state);
      return leave(thread, state, state.exit, result, { result: result.value });
    }
  }
};

const caught = async (thread: Thread, state: StateDef, problem: StatesError): Promise<Left> => {
  const catcher = state.catch.find(({ errors }) => matches(problem, errors));
  if (!catcher) throw problem;
  const output = errorOutput(problem);
  return leave(thread, state, catcher.exit, new Payload(output), { errorOutput: output });
};

/** Assigns and makes the output, both from the variables as they were; writes the exit. */
const leave = async (
  thread: Thread,
  state: StateDef,
  exit: Exit,
  fallback: Payload,
  extra?: Extra,
): Promise<Left> => {
  let output = fallback;
  let assigned: Record<string, Payload> | undefined;
  if (exit.output !== undefined || exit.assign.length > 0) {
    const bindings = thread.bindings(extra);
    if (exit.assign.length > 0) assigned = await assign(thread, exit, bindings);
    if (exit.output !== undefined) output = new Payload(await thread.evaluate(exit.output, bindings));
  }
  if (isTooLarge(output)) throw tooLarge(state, "output");
  if (assigned) {
    const variables: Record<string, Json> = { ...thread.variables };
    for (const [name, { value }] of Object.entries(assigned)) variables[name] = value;
    thread.variables = variables;
  }
  thread.record(`${state.type}StateExited`, { assignedVariables: assigned, name: state.name, output });
  return { next: exit.next, output };
};

const assign = async (thread: Thread, exit: Exit, bindings: Bindings): Promise<Record<string, Payload>> => {
  const assigned: Record<string, Payload> = {};
  for (const [name, template] of exit.assign) {
    const payload = new Payload(await thread.evaluate(template, bindings));
    if (isTooLarge(payload)) throw tooLarge(thread.state, `variable $${name}`);
    assigned[name] = payload;
  }
  return assigned;
};

const tooLarge = (state: StateDef, what: string): StatesError =>
  new StatesError(
    "States.DataLimitExceeded",
    `The state/task '${state.name}' returned a result with a size exceeding the maximum number of bytes service limit (${what}).`,
  );
