/** Task: calls out, with a timeout and heartbeats. What is called stands in work.ts and nested.ts. */

import type { StateDef } from "./definition.ts";
import { HeartbeatMissed, StatesError } from "./errors.ts";
import { type Bindings, EvaluationError } from "./expressions.ts";
import { isTooLarge } from "./history.ts";
import { nestedJob } from "./nested.ts";
import type { Resource } from "./resource.ts";
import type { Thread } from "./thread.ts";
import type { Settle } from "./timers.ts";
import { type Details, type Json, Payload, type Perform } from "./types.ts";
import { callbackJob, callJob } from "./work.ts";

/** A piece of work: a call, and for jobs and callbacks what comes after its answer. */
export type Job = {
  readonly submit: () => Promise<Json>;
  /** Says whom to tell of heartbeats; called again for each phase. */
  readonly listen?: (heard: () => void) => void;
  /** Waits for the real result. Returns what stops waiting. */
  readonly finish?: (settle: Settle<Json>) => () => void;
  /** Called once, however the task ended. */
  readonly close?: () => void;
  /** Stops what was started, where the task ends before it. */
  readonly cancel?: () => void;
};
type Limits = { readonly timeoutAt: number; readonly heartbeatSeconds: number | undefined };

/** @returns The task's result. */
export const runTask = async (thread: Thread, state: StateDef): Promise<Payload> => {
  const { resource } = state;
  if (!resource) throw new TypeError("A Task without a Resource got past the reader of definitions.");
  const { engine } = thread.run;
  if (resource.pattern === "waitForTaskToken") thread.tries(thread.retryCount, engine.tokens.issue());
  const bindings = thread.bindings();
  const template = state.fields["Arguments"];
  const args = template ? new Payload(await thread.evaluate(template, bindings)) : thread.input;
  const timeout = await secondsOf(thread, state, "TimeoutSeconds", bindings);
  const heartbeatSeconds = await secondsOf(thread, state, "HeartbeatSeconds", bindings);
  if (isTooLarge(args)) throw dataLimit(state);
  const timeoutAt = timeout === undefined ? Number.POSITIVE_INFINITY : engine.clock.now() + timeout * 1000;
  const { Credentials: credentials } = state.fields;
  const role = credentials && (await thread.evaluate(credentials, bindings));
  const taskCredentials = role === undefined ? undefined : roleOf(role);
  const scheduled = { timeoutInSeconds: timeout, heartbeatInSeconds: heartbeatSeconds, taskCredentials };
  const events = resource.kind === "function" ? directEvents(thread, resource) : taskEvents(thread, resource);
  events.scheduled(args, scheduled);
  return await carryOut(thread, state, jobOf(thread, resource, args.value), events, {
    timeoutAt,
    heartbeatSeconds,
  });
};

const roleOf = (credentials: Json): Json => {
  const { RoleArn: roleArn = null } = credentials as { readonly [field: string]: Json };
  return { roleArn };
};

const jobOf = (thread: Thread, resource: Resource, args: Json): Job => {
  const { perform } = thread.run.engine;
  if (perform) return performedJob(thread, resource, args, perform);
  const job =
    resource.kind === "nested" ? nestedJob(thread, resource, args) : callJob(thread, resource, args);
  return resource.pattern === "waitForTaskToken" ? callbackJob(thread, job) : job;
};

const performedJob = (thread: Thread, resource: Resource, args: Json, perform: Perform): Job => {
  const call = { resource: resource.plain, args, execution: thread.run, state: thread.at };
  const submit = () => perform({ ...call, phase: resource.pattern === "request" ? "result" : "submission" });
  if (resource.pattern === "request") return { submit };
  return {
    submit,
    finish: (settle) => {
      perform({ ...call, phase: "result" }).then(settle.resolve, settle.reject);
      return () => {};
    },
  };
};

const carryOut = async (
  thread: Thread,
  state: StateDef,
  job: Job,
  events: Events,
  limits: Limits,
): Promise<Payload> => {
  let done = false;
  try {
    let result = new Payload(await guarded(thread, limits, job, (settle) => submit(thread, job, settle)));
    if (job.finish) {
      const { finish } = job;
      events.submitted(result);
      result = new Payload(await guarded(thread, limits, job, finish));
    }
    done = true;
    if (isTooLarge(result)) throw dataLimit(state);
    events.succeeded(result);
    return result;
  } catch (problem) {
    if (problem instanceof StatesError) events.failed(problem);
    throw problem;
  } finally {
    if (!done) job.cancel?.();
    job.close?.();
  }
};

const submit = (thread: Thread, job: Job, settle: Settle<Json>): (() => void) => {
  thread.run.engine.clock
    .task(`${thread.run.machine}: ${thread.at}`, async () => job.submit())
    .then(settle.resolve, settle.reject);
  return () => {};
};

/** Waits for `arm` within the limits of the task. */
const guarded = (
  thread: Thread,
  { timeoutAt, heartbeatSeconds }: Limits,
  job: Job,
  arm: NonNullable<Job["finish"]>,
): Promise<Json> => {
  const { clock, parking } = thread.run.engine;
  return parking.park<Json>(thread, (settle) => {
    const timeout = Number.isFinite(timeoutAt)
      ? clock.at(timeoutAt, () => settle.reject(new StatesError("States.Timeout")))
      : undefined;
    const listen = () =>
      heartbeatSeconds === undefined || thread.token === undefined
        ? undefined
        : clock.after(heartbeatSeconds * 1000, () => settle.reject(new HeartbeatMissed()));
    let heartbeat = listen();
    job.listen?.(() => {
      heartbeat?.cancel();
      heartbeat = listen();
    });
    const disarm = arm(settle);
    return () => {
      timeout?.cancel();
      heartbeat?.cancel();
      disarm();
    };
  });
};

const secondsOf = async (
  thread: Thread,
  state: StateDef,
  field: string,
  bindings: Bindings,
): Promise<number | undefined> => {
  const template = state.fields[field];
  if (!template) return undefined;
  const value = await thread.evaluate(template, bindings);
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  const reason = `The ${field} field must be a positive integer, but was: ${JSON.stringify(value)}`;
  return thread.explain(new EvaluationError(reason, field));
};

const dataLimit = (state: StateDef): StatesError =>
  new StatesError(
    "States.DataLimitExceeded",
    `The state/task '${state.name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );

type Events = {
  readonly scheduled: (args: Payload, limits: Details) => void;
  readonly submitted: (output: Payload) => void;
  readonly succeeded: (output: Payload) => void;
  readonly failed: (problem: StatesError) => void;
};

const isTimeout = ({ error }: StatesError) => error === "States.Timeout";

const taskEvents = (thread: Thread, { resource, resourceType }: Resource): Events => ({
  scheduled: (parameters, limits) => {
    const { region } = thread.run.engine;
    thread.record("TaskScheduled", { ...limits, parameters, region, resource, resourceType });
    thread.record("TaskStarted", { resource, resourceType });
  },
  submitted: (output) => thread.record("TaskSubmitted", { output, resource, resourceType }),
  succeeded: (output) => thread.record("TaskSucceeded", { output, resource, resourceType }),
  failed: (problem) => {
    const type = isTimeout(problem) ? "TaskTimedOut" : "TaskFailed";
    thread.record(type, { cause: problem.reason, error: problem.error, resource, resourceType });
  },
});

const directEvents = (thread: Thread, { resource }: Resource): Events => ({
  scheduled: (input, limits) => {
    thread.record("LambdaFunctionScheduled", { ...limits, input, resource });
    thread.record("LambdaFunctionStarted");
  },
  submitted: () => {},
  succeeded: (output) => thread.record("LambdaFunctionSucceeded", { output }),
  failed: (problem) => {
    const type = isTimeout(problem) ? "LambdaFunctionTimedOut" : "LambdaFunctionFailed";
    thread.record(type, { cause: problem.reason, error: problem.error });
  },
});
