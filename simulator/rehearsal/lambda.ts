/** Lambda as Step Functions sees it: input parsed at the door, thirty seconds to live, and the errors that the service gives. */

import type { Listener } from "../../functions/listener.ts";
import type { Context, Step } from "../../functions/step.ts";
import type { Clock } from "../clock.ts";
import type { Faults } from "../faults/strikes.ts";
import type { Invoke, Json } from "../interpreter/engine.ts";
import { endInvocation, type Invocation, withInvocation } from "../services/seam.ts";

/** A function with effects times out at 30 s; the rollback's wait after the fence relies on it. */
const TIMEOUT_SECONDS = 30;

/** What Step Functions is told when a function fails: `name` becomes the error, `message` the cause. */
class FunctionError extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export type LambdaOptions = {
  readonly clock: Clock;
  /** Of the process that an invocation runs in. */
  readonly context: () => Context;
  /** The functions that are deployed. */
  readonly steps: readonly Step[];
  /** Told of each invocation before it runs: faults of the world start here. */
  readonly onInvocation: (step: string) => void;
  /** Told of what no step may do, and one did: the run is worth nothing. */
  readonly onMistake?: (mistake: Error) => void;
  /** Told of each invocation after it has ended, and how long it took. */
  readonly onEnded?: (step: string, seconds: number) => void;
  /** Faults of the service itself, where there are any. */
  readonly faults?: Pick<Faults, "duplicates" | "diesBeforeReturn">;
};

export const makeLambda = (options: LambdaOptions): Invoke => {
  const byName = new Map(options.steps.map((step) => [step.name, step]));
  return ({ functionName, payload, execution }) =>
    invoke(options, byName.get(functionName), functionName, payload, execution.arn);
};

/** The same service for functions that no state machine calls: an event in, an answer or a failure out. */
export const makeListening = (
  options: Omit<LambdaOptions, "steps"> & { readonly listeners: readonly Listener[] },
): ((name: string, event: unknown) => Promise<Json>) => {
  const byName = new Map(options.listeners.map((listener) => [listener.name, listener]));
  return (name, event) => {
    const listener = byName.get(name);
    return invoke(options, listener, name, event, `listener:${name}`, listener?.timeoutSeconds);
  };
};

type Serving = Omit<LambdaOptions, "steps">;

const invoke = (
  options: Serving,
  step: Step | undefined,
  name: string,
  payload: unknown,
  execution: string,
  timeoutSeconds = TIMEOUT_SECONDS,
): Promise<Json> => {
  if (!step)
    return Promise.reject(
      new FunctionError("Lambda.ResourceNotFoundException", `Function not found: ${name}`),
    );
  const parsed = step.input.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const sentence = `The input of ${step.name} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message ?? "unknown"}.`;
    return Promise.reject(new FunctionError("BadInput", sentence));
  }
  options.onInvocation(step.name);
  const twice = options.faults?.duplicates(step.name) ?? false;
  const answer = invokeOnce(options, step, parsed.data, execution, timeoutSeconds);
  // Nobody hears the answer of the second, nor its error.
  if (twice) invokeOnce(options, step, parsed.data, execution, timeoutSeconds).catch(() => {});
  return answer;
};

/** One invocation. It lives on the clock until it ends by itself, crashes or times out, whether or not anybody still waits for its answer. */
const invokeOnce = (
  { clock, context, faults, onMistake, onEnded }: Serving,
  step: Step,
  input: unknown,
  execution: string,
  timeoutSeconds: number,
): Promise<Json> => {
  const ours = context();
  const ended = Promise.withResolvers<never>();
  const abandoned = Promise.withResolvers<never>();
  const died = (why: string) =>
    new FunctionError("Lambda.Unknown", `The function ended before it could answer: ${why}.`);
  const invocation: Invocation = {
    step: step.name,
    needs: step.needs,
    execution,
    ...(onMistake ? { caught: onMistake } : {}),
    crash: (reason) => ended.reject(died(reason.message)),
    abandon: () =>
      abandoned.reject(
        new FunctionError(
          "Lambda.SdkClientException",
          `The connection to ${step.name} was lost while it ran.`,
        ),
      ),
  };
  const life = clock.task(step.name, () => {
    const began = clock.now();
    const timer = clock.after(timeoutSeconds * 1000, () => {
      endInvocation(invocation);
      ended.reject(new FunctionError("Sandbox.Timedout", `Task timed out after ${timeoutSeconds} seconds.`));
    });
    const run = async () => {
      const answer = (await withInvocation(invocation, () => step.run(input, ours))) as Json;
      if (faults?.diesBeforeReturn(invocation)) throw died(`${step.name} crashed with its answer`);
      return answer;
    };
    return Promise.race([run(), ended.promise]).finally(() => {
      timer.cancel();
      onEnded?.(step.name, (clock.now() - began) / 1000);
    });
  });
  return Promise.race([life, abandoned.promise]);
};
