/** One line of control through a machine: an execution's own, a branch's, an iteration's. It goes from state to state until one ends it. */

import type { MachineDef, StateDef } from "./definition.ts";
import type { MapRun } from "./distributed.ts";
import { ABORTED, StatesError } from "./errors.ts";
import type { Bindings, Template } from "./expressions.ts";
import { EvaluationError } from "./expressions.ts";
import { AMBIENT } from "./functions.ts";
import type { Run } from "./run.ts";
import type { Parkable } from "./timers.ts";
import type { Details, HistoryEvent, Json, Payload } from "./types.ts";

export type MapItem = { readonly Index: number; readonly Value: Json; readonly Key?: string };

export class Thread implements Parkable {
  readonly run: Run;
  readonly machine: MachineDef;
  /** The name of the current state. */
  at: string;
  input: Payload;
  variables: Readonly<Record<string, Json>>;
  aborted = false;
  cancel: (() => void) | undefined;
  /** The last event of this line, and the one before the current state was entered. */
  last: number;
  beforeEntry = 0;
  enteredId = 0;
  enteredAt = 0;
  retryCount = 0;
  /** Set while a Parallel or Map state runs, and kept after a failure, for the redrive. */
  children: Thread[] | undefined;
  /** The Map Run of a distributed Map, likewise. */
  mapRun: MapRun | undefined;
  output: Payload | undefined;
  readonly item: MapItem | undefined;
  token: string | undefined;
  #context: { readonly item: MapItem | undefined; readonly value: Json } | undefined;
  /** Redriven: it is in its state already and takes it up again. */
  resumes = false;

  constructor(
    run: Run,
    machine: MachineDef,
    from: {
      readonly input: Payload;
      readonly variables: Readonly<Record<string, Json>>;
      readonly last: number;
      readonly item?: MapItem | undefined;
    },
  ) {
    this.run = run;
    this.machine = machine;
    this.at = machine.startAt;
    this.input = from.input;
    this.variables = from.variables;
    this.last = from.last;
    this.item = from.item;
  }

  get state(): StateDef {
    return this.machine.states.get(this.at) as StateDef;
  }

  /** Stops this line and all below it, wherever they wait. */
  abort(): void {
    this.aborted = true;
    for (const child of this.children ?? []) child.abort();
    this.cancel?.();
  }

  /** The same line once more, to go on from its state (RedriveExecution); what ended well below it is kept. */
  revived(last: number): Thread {
    const { input, variables, item } = this;
    const thread = new Thread(this.run, this.machine, { input, variables, last, item });
    thread.at = this.at;
    thread.beforeEntry = this.beforeEntry;
    thread.enteredId = this.enteredId;
    thread.enteredAt = this.enteredAt;
    thread.resumes = this.enteredId > 0;
    thread.mapRun = this.mapRun;
    thread.children = this.children?.map((child) =>
      child.output === undefined ? child.revived(last) : child,
    );
    return thread;
  }

  /** Writes an event that follows the last one of this line, and moves on to it. Throws ABORTED once the thread was stopped. */
  record(type: string, details?: Details): HistoryEvent {
    const event = this.recordAside(type, details);
    this.last = event.id;
    return event;
  }

  /** Writes an event without moving on to it. */
  recordAside(type: string, details?: Details, previous = this.last): HistoryEvent {
    if (this.aborted) throw ABORTED;
    return this.run.record(type, previous, details);
  }

  /** What expressions see: the variables, and `$states`. */
  bindings(extra?: { readonly result?: Json; readonly errorOutput?: Json }, item = this.item): Bindings {
    const states = { input: this.input.value, ...extra, context: this.context(item) };
    return { ...this.variables, states, [AMBIENT]: this.run.engine.ambient };
  }

  /** The context object (developer guide, "Accessing execution data from the Context object"); made once for each attempt. */
  context(item = this.item): Json {
    if (this.#context && this.#context.item === item) return this.#context.value;
    const value: Json = {
      Execution: this.run.contextOfExecution(),
      State: {
        EnteredTime: new Date(this.enteredAt).toISOString(),
        Name: this.at,
        RetryCount: this.retryCount,
      },
      StateMachine: this.run.contextOfMachine(),
      ...(this.token !== undefined && { Task: { Token: this.token } }),
      ...(item !== undefined && { Map: { Item: item } }),
    };
    this.#context = { item, value };
    return value;
  }

  /** Begins an attempt at the current state: what the context says of the attempt changes. */
  tries(retryCount: number, token?: string): void {
    this.retryCount = retryCount;
    this.token = token;
    this.#context = undefined;
  }

  /** Evaluates a template of the current state; a failure leaves its EvaluationFailed event. */
  evaluate(template: Template, bindings: Bindings): Promise<Json> | Json {
    const value = template.evaluate(bindings);
    return value instanceof Promise ? value.catch((problem: unknown) => this.explain(problem)) : value;
  }

  /** Rethrows, with the event and the words of the service where it was an evaluation that failed. */
  explain(problem: unknown): never {
    if (problem instanceof EvaluationError) {
      const cause = `An error occurred while executing the state '${this.at}' (entered at the event id #${this.enteredId}). ${problem.reason}`;
      const { location } = problem;
      const previous = problem.afterEntry || this.last !== this.enteredId ? this.last : this.beforeEntry;
      const event = this.recordAside(
        "EvaluationFailed",
        { cause, error: problem.error, location, state: this.at },
        previous,
      );
      this.last = event.id;
      throw new StatesError(problem.error, cause);
    }
    throw problem;
  }
}

/** What a catcher and a parent see of an error. */
export const errorOutput = (problem: StatesError): Json => ({
  ...(problem.error !== undefined && { Error: problem.error }),
  // A timeout has no cause; what Catch gets has the field all the same.
  Cause: problem.reason ?? "",
});
