/** Step Functions' API in front of the interpreter: executions are started, looked at, stopped, and waiting tasks answered. */

import {
  type DescribeExecutionCommandInput,
  type DescribeExecutionCommandOutput,
  type ListExecutionsCommandInput,
  type ListExecutionsCommandOutput,
  type SendTaskFailureCommandInput,
  type SendTaskFailureCommandOutput,
  type SendTaskHeartbeatCommandInput,
  type SendTaskHeartbeatCommandOutput,
  type SendTaskSuccessCommandInput,
  type SendTaskSuccessCommandOutput,
  SFNServiceException,
  type StartExecutionCommandInput,
  type StartExecutionCommandOutput,
  type StopExecutionCommandInput,
  type StopExecutionCommandOutput,
} from "@aws-sdk/client-sfn";
import { ApiError, type Engine, type Execution, type Json } from "../interpreter/engine.ts";
import type { AwsHandlers } from "./seam-aws.ts";
import { knownFields, positionOf, tokenOf } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

/** What this needs of the interpreter; errors are its ApiError, by the service's names. */
export type Executions = Pick<
  Engine,
  | "start"
  | "stop"
  | "describe"
  | "list"
  | "sendTaskSuccess"
  | "sendTaskFailure"
  | "sendTaskHeartbeat"
  | "executionName"
> & { readonly clock: { readonly now: () => number } };

const PAGE_MAX = 1_000;
const PAGE = 100;

const refused = (name: string, message: string): SFNServiceException =>
  new SFNServiceException({ name, message, $fault: "client", $metadata: { httpStatusCode: 400 } });

/** The interpreter's refusals as the SDK throws them. */
const translating = <T>(call: () => T): T => {
  try {
    return call();
  } catch (error) {
    if (error instanceof ApiError) throw refused(error.name, error.message);
    throw error;
  }
};

const ARN = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:(stateMachine|execution):.+$/;

/** @throws InvalidArn for what isn't one of this kind. */
const arn = (kind: "stateMachine" | "execution", value: string | undefined): string => {
  if (ARN.exec(value ?? "")?.[1] !== kind) throw refused("InvalidArn", `Invalid Arn: '${value}'`);
  return value ?? "";
};

/** The machine's name, from an ARN or from its name alone where placeholders were resolved to names. */
const machineOf = (value: string | undefined): string => (value ?? "").split(":").at(-1) ?? "";

const start =
  (executions: Executions) =>
  (input: StartExecutionCommandInput): Output<StartExecutionCommandOutput> => {
    knownFields("sfn:StartExecution", input, ["stateMachineArn", "name", "input"]);
    const machine = machineOf(arn("stateMachine", input.stateMachineArn));
    let value: Json;
    try {
      value = JSON.parse(input.input ?? "{}") as Json;
    } catch {
      throw refused(
        "InvalidExecutionInput",
        `Invalid State Machine Execution Input: '${(input.input ?? "").slice(0, 100)}'`,
      );
    }
    const name = input.name ?? executions.executionName();
    const execution = translating(() => executions.start({ machine, name, input: value }));
    return { executionArn: execution.arn, startDate: new Date(execution.startedAt) };
  };

const dates = (execution: Execution) => ({
  startDate: new Date(execution.startedAt),
  ...(execution.stoppedAt === undefined ? {} : { stopDate: new Date(execution.stoppedAt) }),
});

const describe =
  (executions: Executions) =>
  (input: DescribeExecutionCommandInput): Output<DescribeExecutionCommandOutput> => {
    knownFields("sfn:DescribeExecution", input, ["executionArn"]);
    const execution = translating(() => executions.describe(arn("execution", input.executionArn)));
    return {
      executionArn: execution.arn,
      stateMachineArn: execution.machineArn,
      name: execution.name,
      status: execution.status,
      ...dates(execution),
      input: JSON.stringify(execution.input),
      inputDetails: { included: true },
      ...(execution.output === undefined
        ? {}
        : { output: JSON.stringify(execution.output), outputDetails: { included: true } }),
      ...(execution.error === undefined ? {} : { error: execution.error }),
      ...(execution.cause === undefined ? {} : { cause: execution.cause }),
      redriveCount: execution.redriveCount,
    };
  };

const stop =
  (executions: Executions) =>
  (input: StopExecutionCommandInput): Output<StopExecutionCommandOutput> => {
    const executionArn = arn("execution", input.executionArn);
    translating(() => executions.stop(executionArn, input.error, input.cause));
    const { stoppedAt } = translating(() => executions.describe(executionArn));
    return { stopDate: new Date(stoppedAt ?? executions.clock.now()) };
  };

/** Newest first, as the service lists them. */
const list =
  (executions: Executions) =>
  (input: ListExecutionsCommandInput): Output<ListExecutionsCommandOutput> => {
    knownFields("sfn:ListExecutions", input, ["stateMachineArn", "statusFilter", "maxResults", "nextToken"]);
    const machine = machineOf(arn("stateMachine", input.stateMachineArn));
    const status = input.statusFilter;
    if (status === "PENDING_REDRIVE")
      throw refused("ValidationException", "PENDING_REDRIVE is of Map Runs only.");
    const all = executions.list({ machine, ...(status === undefined ? {} : { status }) }).reverse();
    const after =
      input.nextToken === undefined ? -1 : all.findIndex((e) => e.arn === positionOf(input.nextToken ?? ""));
    if (input.nextToken !== undefined && after < 0)
      throw refused("InvalidToken", `Invalid Token: '${input.nextToken}'`);
    const size = Math.min(input.maxResults || PAGE, PAGE_MAX);
    const page = all.slice(after + 1, after + 1 + size);
    return {
      executions: page.map((execution) => ({
        executionArn: execution.arn,
        stateMachineArn: execution.machineArn,
        name: execution.name,
        status: execution.status,
        ...dates(execution),
        redriveCount: execution.redriveCount,
      })),
      ...(after + 1 + size < all.length ? { nextToken: tokenOf(page.at(-1)?.arn ?? "") } : {}),
    };
  };

/** The commands in front of the interpreter. */
export const makeSfn = (executions: Executions): { readonly handlers: AwsHandlers } => ({
  handlers: {
    StartExecution: start(executions),
    DescribeExecution: describe(executions),
    StopExecution: stop(executions),
    ListExecutions: list(executions),
    SendTaskSuccess: (input: SendTaskSuccessCommandInput): Output<SendTaskSuccessCommandOutput> => {
      translating(() => executions.sendTaskSuccess(input.taskToken ?? "", input.output ?? ""));
      return {};
    },
    SendTaskFailure: (input: SendTaskFailureCommandInput): Output<SendTaskFailureCommandOutput> => {
      translating(() => executions.sendTaskFailure(input.taskToken ?? "", input.error, input.cause));
      return {};
    },
    SendTaskHeartbeat: (input: SendTaskHeartbeatCommandInput): Output<SendTaskHeartbeatCommandOutput> => {
      translating(() => executions.sendTaskHeartbeat(input.taskToken ?? ""));
      return {};
    },
  },
});
