/** A small account of Step Functions for the tests: machines, functions by name, and a clock that runs to the end. */

import { Clock } from "../../simulator/clock.ts";
import {
  type AwsEvent,
  awsEvent,
  Engine,
  type EngineOptions,
  type Execution,
  type Invoke,
  type Json,
} from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";

type States = { readonly [name: string]: Json };
export type Call = Parameters<Invoke>[0];

/** A machine in JSONata that starts at its first state. */
export const machine = (states: States, more: { readonly [field: string]: Json } = {}): Json => ({
  QueryLanguage: "JSONata",
  StartAt: Object.keys(states)[0] ?? "",
  States: states,
  ...more,
});

export const body = (states: States): { readonly [field: string]: Json } => ({
  StartAt: Object.keys(states)[0] ?? "",
  States: states,
});

/** A Task state that calls a function. */
export const invoke = (name: string, more: { readonly [field: string]: Json } = {}): Json => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: `\${${name}}`, Payload: "{% $states.input %}" },
  ...("Next" in more ? {} : { End: true }),
  ...more,
});

export const wait = (Seconds: number | string): Json => ({ Type: "Wait", Seconds, End: true });

export const fails = (name: string): Json => ({ Type: "Fail", Error: name });

export const failure = (name: string, message = ""): Error => Object.assign(new Error(message), { name });

/** An account whose `main` machine is started with `input`; `run` goes on until nothing runs any more. */
export const account = (
  machines: { readonly [name: string]: Json },
  functions: { readonly [name: string]: (call: Call, clock: Clock) => Promise<Json> | Json } = {},
  options: Partial<EngineOptions> = {},
) => {
  const clock = new Clock(Date.UTC(2025, 0, 1));
  const engine = new Engine({
    clock,
    random: makeRandom(7),
    machines,
    invoke: async (call) => {
      const run = functions[call.functionName];
      if (!run) throw failure("Lambda.ResourceNotFoundException", `Function not found: ${call.functionName}`);
      return run(call, clock);
    },
    ...options,
  });
  const idle = () => engine.runningCount === 0;
  return {
    clock,
    engine,
    start: (input: Json = {}, name = "one"): Execution => engine.start({ machine: "main", name, input }),
    /** Lets time pass until all executions have ended, or until `stop`. */
    run: async (stop: () => boolean = idle): Promise<void> => {
      await clock.run(stop);
      engine.check();
    },
    events: (execution: Execution): AwsEvent[] => engine.history(execution.arn).map(awsEvent),
    types: (execution: Execution): string[] => engine.history(execution.arn).map(({ type }) => type),
  };
};

/** Starts `main` and runs it to its end. */
export const outcome = async (
  states: States,
  input: Json = {},
  functions: Parameters<typeof account>[1] = {},
  options: Partial<EngineOptions> = {},
) => {
  const all = account({ main: machine(states) }, functions, options);
  const execution = all.start(input);
  await all.run();
  return { ...all, execution, elapsedSeconds: all.clock.elapsedSeconds() };
};
