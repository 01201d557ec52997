/** The errors of the interpreter: those inside a workflow, those of the Step Functions API, and definitions that it refuses. */

/** An error inside a workflow: what Retry and Catch match on. Either part may be absent, as in a Fail state without it. */
export class StatesError extends Error {
  override readonly name = "StatesError";
  readonly error: string | undefined;
  readonly reason: string | undefined;

  constructor(error: string | undefined, reason?: string) {
    super(`${error ?? "An error without a name"}${reason ? `: ${reason}` : ""}`);
    this.error = error;
    this.reason = reason;
  }
}

/** Thrown through a thread that was stopped from outside: no Retry, no Catch, no event. */
export const ABORTED: unique symbol = Symbol("aborted");

/** A definition that the interpreter doesn't run; the message names the state and the rule. */
export class InvalidDefinition extends Error {
  override readonly name = "InvalidDefinition";
}

type ApiErrorName =
  | "ExecutionAlreadyExists"
  | "ExecutionDoesNotExist"
  | "ExecutionNotRedrivable"
  | "InvalidExecutionInput"
  | "InvalidName"
  | "InvalidOutput"
  | "InvalidToken"
  | "StateMachineDoesNotExist"
  | "TaskDoesNotExist"
  | "TaskTimedOut"
  | "ValidationException";

/** An error of the Step Functions API; `name` is the one that the SDK's exception has. */
export class ApiError extends Error {
  override readonly name: ApiErrorName;

  constructor(name: ApiErrorName, message: string) {
    super(message);
    this.name = name;
  }
}

/** A missed heartbeat: reported as States.Timeout; Retry and Catch know it as States.HeartbeatTimeout as well. */
export class HeartbeatMissed extends StatesError {
  constructor() {
    super("States.Timeout");
  }
}

/** Whether Retry or Catch with these names match an error (developer guide, "Handling errors in Step Functions workflows"). */
export const matches = (problem: StatesError, patterns: readonly string[]): boolean => {
  const { error } = problem;
  // Always fails the execution, whatever a state lists.
  if (error === "States.Runtime") return false;
  const isTerminal = error === "States.DataLimitExceeded";
  return patterns.some((pattern) => {
    if (pattern === "States.ALL") return !isTerminal;
    if (pattern === "States.TaskFailed") return !isTerminal && error !== "States.Timeout";
    return pattern === error || (pattern === "States.HeartbeatTimeout" && problem instanceof HeartbeatMissed);
  });
};
