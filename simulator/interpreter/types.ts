/** What the interpreter takes and gives: executions, history events by AWS's names, and the functions that it calls out to. */

import type { Json } from "../../workflows/asl.ts";

export type { Json };

export type Status = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** Which execution: its ARN is unique; the machine is the name under which the engine knows the definition. */
export type ExecutionRef = {
  readonly arn: string;
  readonly machine: string;
  readonly name: string;
  /** The execution whose task started this one, or whose Map Run it belongs to. */
  readonly parentArn?: string;
  /** Only for a child of a distributed Map. */
  readonly mapRunArn?: string;
};

/** One execution as callers see it; the fields are live. Times in milliseconds since 1970. */
export type Execution = ExecutionRef & {
  readonly machineArn: string;
  readonly status: Status;
  readonly input: Json;
  /** Undefined unless it succeeded. */
  readonly output: Json | undefined;
  readonly error?: string;
  readonly cause?: string;
  readonly startedAt: number;
  readonly stoppedAt?: number;
  readonly redriveCount: number;
  /** History events so far; kept also where the history itself is dropped. */
  readonly eventCount: number;
  /** States entered, retries and redrives so far: what AWS bills. */
  readonly transitionCount: number;
};

/** A value whose JSON text is made once, when somebody needs it. */
export class Payload {
  readonly value: Json;
  #text: string | undefined;

  constructor(value: Json, text?: string) {
    this.value = value;
    this.#text = text;
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.value);
    return this.#text;
  }
}

export type Details = {
  readonly [field: string]: Json | Payload | Readonly<Record<string, Payload>> | undefined;
};

/** One history event. Payloads in `details` are shared, not copied; `awsEvent` gives the shape of GetExecutionHistory. */
export type HistoryEvent = {
  readonly id: number;
  readonly previousEventId: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly type: string;
  readonly details: Details | undefined;
};

/** A rejection of `invoke` or `integrate`: anything with a name and a message; `cause` is taken as it is where it is given. */
export type Rejection = { readonly name: string; readonly message: string; readonly cause?: unknown };

/** One Lambda invocation; rejects with what the function threw. */
export type Invoke = (call: {
  readonly functionName: string;
  readonly payload: Json;
  readonly execution: ExecutionRef;
  readonly state: string;
  readonly taskToken?: string;
}) => Promise<Json>;

/** Any other service call: the resource as the state has it, and its evaluated arguments. */
export type Integrate = (
  resource: string,
  args: Json,
  execution: ExecutionRef & { readonly state: string; readonly taskToken?: string },
) => Promise<Json>;

/** Takes the place of every task's work: for replaying recorded results. Rejects with a StatesError. */
export type Perform = (call: {
  readonly resource: string;
  readonly args: Json;
  readonly execution: ExecutionRef;
  readonly state: string;
  /** Jobs and callbacks are asked twice: for what submitting them gave, then for their result. */
  readonly phase: "submission" | "result";
}) => Promise<Json>;
