/**
 * Step Functions, on the virtual clock: standard workflows in JSONata, with the API's operations as methods. Everything in an
 * execution happens in instants of the clock; what waits costs nothing.
 */

import type { StateMachine } from "../../workflows/asl.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { type MachineDef, readMachine } from "./definition.ts";
import { ApiError } from "./errors.ts";
import type { Ambient } from "./functions.ts";
import { EVENTS_MAX, isTooLarge } from "./history.ts";
import { plainName } from "./resource.ts";
import { Run } from "./run.ts";
import { runThread } from "./state.ts";
import type { Thread } from "./thread.ts";
import { Parking } from "./timers.ts";
import { Tokens } from "./tokens.ts";
import {
  type Execution,
  type ExecutionRef,
  type HistoryEvent,
  type Integrate,
  type Invoke,
  type Json,
  Payload,
  type Perform,
  type Status,
} from "./types.ts";

export { ApiError, InvalidDefinition, StatesError } from "./errors.ts";
export { type AwsEvent, awsEvent } from "./history.ts";
export type {
  Execution,
  ExecutionRef,
  HistoryEvent,
  Integrate,
  Invoke,
  Json,
  Perform,
  Rejection,
  Status,
} from "./types.ts";
export { Payload } from "./types.ts";

export type EngineOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** Definitions by name; also raw JSON, as it is checked when the engine is made. */
  readonly machines: Readonly<Record<string, StateMachine | Json>>;
  readonly invoke: Invoke;
  readonly integrate?: Integrate;
  /** Sees every event as it is written. */
  readonly onHistory?: (execution: Execution, event: HistoryEvent) => void;
  /** false: the events of an execution are dropped when it has ended; its counts stay. Default: true. */
  readonly keepHistories?: boolean;
  /** How many ended executions are remembered, the oldest forgotten first. Default: all. */
  readonly endedMax?: number;
  /** Default: the service's 25,000. */
  readonly eventsMax?: number;
  readonly perform?: Perform;
  readonly region?: string;
  readonly account?: string;
};

const NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

export class Engine {
  readonly clock: Clock;
  readonly random: Random;
  /** What expressions read of time and chance. */
  readonly ambient: Ambient;
  readonly parking: Parking;
  readonly tokens: Tokens;
  readonly invoke: Invoke;
  readonly integrate: Integrate | undefined;
  readonly perform: Perform | undefined;
  readonly region: string;
  readonly keepsHistories: boolean;
  readonly eventsMax: number;
  readonly roleArn: string;
  readonly #account: string;
  readonly #onHistory: EngineOptions["onHistory"];
  readonly #machines: ReadonlyMap<string, MachineDef>;
  readonly #runs = new Map<string, Run>();
  readonly #ended: string[] = [];
  readonly #endedMax: number;
  readonly #names: Random;
  #broken: unknown;
  #running = 0;
  #requests = 0;

  /** @throws InvalidDefinition naming the machine, the state and the rule. */
  constructor(options: EngineOptions) {
    const { clock, random, region = "us-east-1", account = "111111111111" } = options;
    this.clock = clock;
    this.random = random.fork("retries");
    this.#names = random.fork("names");
    this.parking = new Parking(clock);
    this.tokens = new Tokens(random.fork("tokens").id());
    this.invoke = options.invoke;
    this.integrate = options.integrate;
    this.perform = options.perform;
    this.region = region;
    this.#account = account;
    this.roleArn = `arn:aws:iam::${account}:role/step-functions`;
    this.#onHistory = options.onHistory;
    this.keepsHistories = options.keepHistories ?? true;
    this.eventsMax = options.eventsMax ?? EVENTS_MAX;
    this.#endedMax = options.endedMax ?? Number.POSITIVE_INFINITY;
    this.ambient = { clock, random: random.fork("jsonata") };
    this.#machines = new Map(
      Object.entries(options.machines).map(([name, definition]) => [
        name,
        readMachine(name, definition as unknown as Json),
      ]),
    );
  }

  /**
   * StartExecution. The same name and input as of a running execution give that one.
   * @throws ApiError ExecutionAlreadyExists, StateMachineDoesNotExist, InvalidName, InvalidExecutionInput.
   */
  start(request: { readonly machine: string; readonly name: string; readonly input: Json }): Execution {
    // As across a wire: what the caller does with its object later is nothing to the execution.
    return this.startRun({ ...request, input: JSON.parse(JSON.stringify(request.input)) as Json });
  }

  startRun(
    request: { readonly machine: string; readonly name: string; readonly input: Json },
    parentArn?: string,
  ): Run {
    const machine = plainName(request.machine);
    const definition = this.#machines.get(machine);
    if (!definition) {
      throw new ApiError(
        "StateMachineDoesNotExist",
        `State Machine Does Not Exist: '${this.machineArn(machine)}'`,
      );
    }
    if (!NAME.test(request.name)) throw new ApiError("InvalidName", `Invalid Name: '${request.name}'`);
    const input = new Payload(request.input);
    if (isTooLarge(input)) throw new ApiError("InvalidExecutionInput", "Input exceeds 262144 bytes.");
    const arn = this.arn("execution", `${machine}:${request.name}`);
    const known = this.#runs.get(arn);
    if (known?.status === "RUNNING" && known.inputText === input.text) return known;
    if (known) throw new ApiError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    const ref = { arn, machine, name: request.name, machineArn: this.machineArn(machine) };
    return this.launch(definition, parentArn === undefined ? ref : { ...ref, parentArn }, input);
  }

  /** Registers an execution and sets it going. */
  launch(definition: MachineDef, of: ExecutionRef & { readonly machineArn: string }, input: Payload): Run {
    const run = new Run(this, definition, of, input);
    this.#runs.set(run.arn, run);
    run.begin();
    return run;
  }

  /** StopExecution: no Retry, no Catch; nested `.sync` executions are stopped as well. Ended ones stay as they are. */
  stop(execution: string, error?: string, cause?: string): void {
    this.#find(execution).end({ status: "ABORTED", type: "ExecutionAborted", details: { error, cause } });
  }

  /** RedriveExecution. @throws ApiError ExecutionNotRedrivable. */
  redrive(execution: string): Execution {
    const run = this.#find(execution);
    if (!run.isRedrivable) {
      throw new ApiError(
        "ExecutionNotRedrivable",
        `Execution ${run.arn} is ${run.status} and can't be redriven.`,
      );
    }
    run.redrive();
    return run;
  }

  /** DescribeExecution, by ARN or by `machine:name`, or by name where it is the only one. @throws ApiError ExecutionDoesNotExist. */
  describe(execution: string): Execution {
    return this.#find(execution);
  }

  /** ListExecutions: in the order in which they were started; children of a distributed Map only by their Map Run. */
  list(
    filter: { readonly machine?: string; readonly status?: Status; readonly mapRunArn?: string } = {},
  ): Execution[] {
    return [...this.#runs.values()].filter(
      (run) =>
        run.mapRunArn === filter.mapRunArn &&
        (filter.machine === undefined || run.machine === plainName(filter.machine)) &&
        (filter.status === undefined || run.status === filter.status),
    );
  }

  /** GetExecutionHistory, oldest first; empty where histories of ended executions are dropped. */
  history(execution: string): readonly HistoryEvent[] {
    return this.#find(execution).history;
  }

  /** @param output JSON text. @throws ApiError InvalidToken, InvalidOutput, TaskTimedOut, TaskDoesNotExist. */
  sendTaskSuccess(token: string, output: string): void {
    const callback = this.tokens.find(token);
    try {
      JSON.parse(output);
    } catch {
      throw new ApiError("InvalidOutput", `Invalid Output: '${output.slice(0, 100)}'`);
    }
    if (isTooLarge(new Payload(null, output)))
      throw new ApiError("InvalidOutput", "Output exceeds 262144 bytes.");
    callback.succeed(output);
  }

  sendTaskFailure(token: string, error?: string, cause?: string): void {
    this.tokens.find(token).fail(error, cause);
  }

  sendTaskHeartbeat(token: string): void {
    this.tokens.find(token).beat();
  }

  /** Runs a thread to its end; here because the states that have threads of their own can't import it. */
  runThread(thread: Thread): Promise<Payload> {
    return runThread(thread);
  }

  /** A problem in the interpreter or its caller that no workflow should see; throws it, if there was one. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  arn(kind: "execution" | "mapRun" | "stateMachine", rest: string): string {
    return `arn:aws:states:${this.region}:${this.#account}:${kind}:${rest}`;
  }

  machineArn(machine: string): string {
    return this.arn("stateMachine", machine);
  }

  executionName(): string {
    const id = this.#names.id();
    return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-");
  }

  requestId(): string {
    this.#requests += 1;
    return `00000000-0000-4000-8000-${this.#requests.toString(16).padStart(12, "0")}`;
  }

  observe(run: Run, event: HistoryEvent): void {
    try {
      this.#onHistory?.(run, event);
    } catch (problem) {
      // The observer's problem is not the workflow's: whoever drives the clock hears of it from `check`.
      this.#broken ??= problem;
    }
  }

  /** How many executions run now, children of distributed Maps among them. */
  get runningCount(): number {
    return this.#running;
  }

  started(): void {
    this.#running += 1;
  }

  ended(run: Run): void {
    this.#running -= 1;
    this.#ended.push(run.arn);
    if (this.#ended.length <= this.#endedMax) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined && this.#runs.get(oldest)?.status !== "RUNNING") this.#runs.delete(oldest);
  }

  /** An error that isn't of the workflow: kept for `check`, and the execution fails visibly. */
  broke(run: Run, problem: unknown): void {
    this.#broken ??= problem;
    const cause = problem instanceof Error ? problem.message : String(problem);
    run.end({ status: "FAILED", type: "ExecutionFailed", details: { error: "States.Runtime", cause } });
  }

  #find(execution: string): Run {
    const exact = this.#runs.get(execution);
    if (exact) return exact;
    const found = [...this.#runs.values()].filter(
      (run) => run.name === execution || `${run.machine}:${run.name}` === execution,
    );
    const [only] = found;
    if (only && found.length === 1) return only;
    throw new ApiError("ExecutionDoesNotExist", `Execution Does Not Exist: '${execution}'`);
  }
}
