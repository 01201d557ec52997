/** One execution from the inside: its history, its place in the tree of executions, how it ends. */

import type { MachineDef } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { ABORTED, StatesError } from "./errors.ts";
import { Thread } from "./thread.ts";
import type { Details, Execution, ExecutionRef, HistoryEvent, Json, Payload, Status } from "./types.ts";

type Ending = { readonly status: Status; readonly type: string; readonly details: Details };

export class Run implements Execution {
  readonly engine: Engine;
  readonly arn: string;
  readonly machine: string;
  readonly machineArn: string;
  readonly name: string;
  readonly parentArn?: string;
  readonly mapRunArn?: string;
  readonly startedAt: number;
  readonly #definition: MachineDef;
  #input: Payload;
  #output: Payload | undefined;
  status: Status = "RUNNING";
  error?: string;
  cause?: string;
  stoppedAt?: number;
  redriveCount = 0;
  eventCount = 0;
  transitionCount = 0;
  #history: HistoryEvent[] | undefined = [];
  #root: Thread | undefined;
  #deadline: (() => void) | undefined;
  #watchers: (() => void)[] = [];
  #context: Json | undefined;

  constructor(
    engine: Engine,
    definition: MachineDef,
    of: ExecutionRef & { readonly machineArn: string },
    input: Payload,
  ) {
    this.engine = engine;
    this.arn = of.arn;
    this.machine = of.machine;
    this.machineArn = of.machineArn;
    this.name = of.name;
    if (of.parentArn !== undefined) this.parentArn = of.parentArn;
    if (of.mapRunArn !== undefined) this.mapRunArn = of.mapRunArn;
    this.startedAt = engine.clock.now();
    this.#definition = definition;
    this.#input = input;
  }

  get input(): Json {
    return this.#input.value;
  }

  get inputText(): string {
    return this.#input.text;
  }

  get output(): Json | undefined {
    return this.#output?.value;
  }

  get history(): readonly HistoryEvent[] {
    return this.#history ?? [];
  }

  /** Writes the first event and sets the execution going in the same instant. */
  begin(): void {
    const started = this.record("ExecutionStarted", 0, { input: this.#input, roleArn: this.engine.roleArn });
    this.#root = new Thread(this, this.#definition, { input: this.#input, variables: {}, last: started.id });
    // The service chains the first state to nothing, not to ExecutionStarted.
    this.#root.last = 0;
    this.#go();
  }

  /** Goes on from where it failed (RedriveExecution). */
  redrive(): void {
    this.status = "RUNNING";
    this.redriveCount += 1;
    this.#context = undefined;
    this.transitionCount += 1;
    delete this.error;
    delete this.cause;
    delete this.stoppedAt;
    const event = this.record("ExecutionRedriven", this.eventCount, { redriveCount: this.redriveCount });
    this.#root = this.#root?.revived(event.id);
    this.#go();
  }

  /** Unsuccessful, ended at most 14 days ago, and with room for another event (developer guide, "Redrive eligibility"). */
  get isRedrivable(): boolean {
    if (this.#root === undefined || this.status === "RUNNING" || this.stoppedAt === undefined) return false;
    const recent = this.engine.clock.now() - this.stoppedAt <= REDRIVABLE_DAYS * 86_400_000;
    return recent && this.eventCount < this.engine.eventsMax - 1;
  }

  #go(): void {
    const root = this.#root as Thread;
    this.engine.started();
    const { clock, parking } = this.engine;
    const { timeoutSeconds } = this.#definition;
    const redrives = this.redriveCount;
    if (timeoutSeconds !== undefined) {
      this.#deadline = clock.after(timeoutSeconds * 1000, () => this.end(TIMED_OUT)).cancel;
    }
    clock.at(clock.now(), () => {
      if (this.status !== "RUNNING" || this.redriveCount !== redrives) return;
      parking.enter();
      void this.#follow(root).finally(() => parking.leave());
    });
  }

  async #follow(root: Thread): Promise<void> {
    try {
      const output = await this.engine.runThread(root);
      this.#output = output;
      this.#root = undefined;
      this.end({ status: "SUCCEEDED", type: "ExecutionSucceeded", details: { output } }, root.last);
    } catch (problem) {
      if (problem === ABORTED) return;
      if (problem instanceof StatesError) {
        const details = { cause: problem.reason, error: problem.error };
        this.end({ status: "FAILED", type: "ExecutionFailed", details }, root.last);
      } else this.engine.broke(this, problem);
    }
  }

  /** Writes an event. At the quota the execution fails in its place and the thread that wanted it is aborted. */
  record(type: string, previousEventId: number, details?: Details): HistoryEvent {
    if (this.eventCount >= this.engine.eventsMax - 1) {
      const cause = `The execution reached the maximum number of history events (${this.engine.eventsMax}).`;
      const details = { error: "States.Runtime", cause };
      this.end({ status: "FAILED", type: "ExecutionFailed", details }, previousEventId);
      throw ABORTED;
    }
    return this.#write(type, previousEventId, details);
  }

  #write(type: string, previousEventId: number, details: Details | undefined): HistoryEvent {
    this.eventCount += 1;
    if (type.endsWith("StateEntered")) this.transitionCount += 1;
    const event: HistoryEvent = {
      id: this.eventCount,
      previousEventId,
      timestamp: this.engine.clock.now(),
      type,
      details,
    };
    this.#history?.push(event);
    this.engine.observe(this, event);
    return event;
  }

  /** Ends the execution, once: all its threads stop where they are. */
  end(ending: Ending, previousEventId = this.eventCount): void {
    if (this.status !== "RUNNING") return;
    this.status = ending.status;
    this.stoppedAt = this.engine.clock.now();
    this.#deadline?.();
    const { error, cause } = ending.details;
    if (typeof error === "string") this.error = error;
    if (typeof cause === "string") this.cause = cause;
    this.#write(ending.type, previousEventId, ending.details);
    this.#root?.abort();
    if (!this.engine.keepsHistories) this.#history = undefined;
    const watchers = this.#watchers;
    this.#watchers = [];
    this.engine.ended(this);
    for (const watcher of watchers) watcher();
  }

  /** Calls back once the execution has ended; returns what takes the watcher away again. */
  onEnd(watcher: () => void): () => void {
    this.#watchers.push(watcher);
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    };
  }

  contextOfExecution(): Json {
    this.#context ??= {
      Id: this.arn,
      Input: this.#input.value,
      Name: this.name,
      RoleArn: this.engine.roleArn,
      StartTime: new Date(this.startedAt).toISOString(),
      RedriveCount: this.redriveCount,
    };
    return this.#context;
  }

  contextOfMachine(): Json {
    return { Id: this.machineArn, Name: this.machine };
  }
}

const REDRIVABLE_DAYS = 14;
const TIMED_OUT: Ending = {
  status: "TIMED_OUT",
  type: "ExecutionTimedOut",
  details: { error: "States.Timeout" },
};
