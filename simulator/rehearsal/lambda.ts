/** Lambda as Step Functions sees it: input parsed at the door, thirty seconds to live, and the errors that the service gives. */

import type { Context, Step } from "../../functions/step.ts";
import type { Clock } from "../clock.ts";
import type { Invoke, Json } from "../interpreter/engine.ts";
import { endInvocation, type Invocation, withInvocation } from "../services/seam.ts";

/** A function with effects times out at 30 s; the rollback's wait after the fence relies on it. */
const TIMEOUT_MS = 30_000;

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
  readonly context: Context;
  /** The functions that are deployed. */
  readonly steps: readonly Step[];
  /** Told of each invocation before it runs: faults of the world start here. */
  readonly onInvocation: (step: string) => void;
};

export const makeLambda = ({ clock, context, steps, onInvocation }: LambdaOptions): Invoke => {
  const byName = new Map(steps.map((step) => [step.name, step]));
  return ({ functionName, payload, execution }) => {
    const step = byName.get(functionName);
    if (!step) return Promise.reject(new FunctionError("Lambda.ResourceNotFoundException", `Function not found: ${functionName}`));
    const parsed = step.input.safeParse(payload);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const sentence = `The input of ${step.name} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message ?? "unknown"}.`;
      return Promise.reject(new FunctionError("BadInput", sentence));
    }
    onInvocation(step.name);
    return clock.task(step.name, () => {
      const { promise: ended, reject } = Promise.withResolvers<never>();
      const invocation: Invocation = {
        step: step.name,
        needs: step.needs,
        execution: execution.arn,
        crash: (reason) => reject(new FunctionError("Lambda.Unknown", `The function ended before it could answer: ${reason.message}.`)),
      };
      const timer = clock.after(TIMEOUT_MS, () => {
        endInvocation(invocation);
        reject(new FunctionError("Sandbox.Timedout", `Task timed out after ${TIMEOUT_MS / 1000} seconds.`));
      });
      const run = withInvocation(invocation, () => step.run(parsed.data, context)) as Promise<Json>;
      return Promise.race([run, ended]).finally(timer.cancel);
    });
  };
};
