/** Tasks that start another state machine: and forget it, or run it to its end (`.sync`, `.sync:2`), or wait for its callback. */

import { StatesError } from "./errors.ts";
import { plainName, type Resource } from "./resource.ts";
import type { Run } from "./run.ts";
import type { Job } from "./task.ts";
import type { Thread } from "./thread.ts";
import type { Json } from "./types.ts";
import { apiError } from "./work.ts";

/** Arguments: StateMachineArn, Input, Name. */
export const nestedJob = (thread: Thread, resource: Resource, args: Json): Job => {
  const { engine } = thread.run;
  let child: Run | undefined;
  const {
    StateMachineArn: machine,
    Input: input = {},
    Name: name,
  } = (args ?? {}) as { readonly [field: string]: Json };
  const submit = async (): Promise<Json> => {
    if (typeof machine !== "string") {
      throw new StatesError("States.Runtime", "The Arguments of startExecution need a StateMachineArn.");
    }
    try {
      const request = {
        machine: plainName(machine),
        input,
        name: typeof name === "string" ? name : engine.executionName(),
      };
      child = engine.startRun(request, thread.run.arn);
    } catch (problem) {
      throw apiError(problem);
    }
    return { ExecutionArn: child.arn, StartDate: child.startedAt };
  };
  if (!resource.pattern.startsWith("sync")) return { submit };
  return {
    submit,
    finish: (settle) => {
      const run = child as Run;
      const ended = () => {
        const description = describeRun(run, resource.pattern === "sync:2");
        if (run.status === "SUCCEEDED") settle.resolve(description);
        else settle.reject(new StatesError("States.TaskFailed", JSON.stringify(description)));
      };
      if (run.status === "RUNNING") return run.onEnd(ended);
      ended();
      return () => {};
    },
    // Stopping or timing out the parent's task stops the child as well.
    cancel: () => {
      if (child?.status === "RUNNING") engine.stop(child.arn);
    },
  };
};

/** What DescribeExecution says of it, with Input and Output as JSON (`.sync:2`) or as text (`.sync`). */
export const describeRun = (run: Run, parsed: boolean): Json => {
  const { output } = run;
  return {
    ExecutionArn: run.arn,
    ...(run.error !== undefined && { Error: run.error }),
    ...(run.cause !== undefined && { Cause: run.cause }),
    Input: parsed ? run.input : run.inputText,
    InputDetails: { Included: true },
    Name: run.name,
    ...(output !== undefined && {
      Output: parsed ? output : JSON.stringify(output),
      OutputDetails: { Included: true },
    }),
    RedriveCount: run.redriveCount,
    StartDate: run.startedAt,
    StateMachineArn: run.machineArn,
    Status: run.status,
    StopDate: run.stoppedAt ?? run.startedAt,
  };
};
