/** What tasks call: Lambda functions and other services, and how their failures become errors of the workflow. */

import { ApiError, StatesError } from "./errors.ts";
import { parseResource, plainName, type Resource } from "./resource.ts";
import type { Job } from "./task.ts";
import type { Thread } from "./thread.ts";
import type { Json, Rejection } from "./types.ts";

type Args = { readonly [field: string]: Json };

const asObject = (args: Json): Args =>
  typeof args === "object" && args !== null && !Array.isArray(args) ? (args as Args) : {};
/** As across a wire: nobody shares an object with what is called. */
const copied = (value: Json | undefined): Json =>
  value === undefined ? null : JSON.parse(JSON.stringify(value));

/** One call whose answer is the result. */
export const callJob = (thread: Thread, resource: Resource, args: Json): Job => {
  if (resource.kind === "function") {
    return { submit: async () => JSON.parse(await invoke(thread, resource.functionName, args)) as Json };
  }
  if (resource.kind === "invoke") return { submit: () => invokeOptimized(thread, asObject(args)) };
  return { submit: () => integrate(thread, resource, args) };
};

/** A call, and then the wait for SendTaskSuccess or SendTaskFailure with its token. */
export const callbackJob = (thread: Thread, call: Job): Job => {
  const { tokens } = thread.run.engine;
  const token = thread.token as string;
  let early: ((of: Parameters<NonNullable<Job["finish"]>>[0]) => void) | undefined;
  let deliver = (outcome: NonNullable<typeof early>) => {
    early = outcome;
  };
  let beat = () => {};
  tokens.open(token, {
    succeed: (output) => {
      tokens.close(token);
      const result = JSON.parse(output) as Json;
      deliver((settle) => settle.resolve(result));
    },
    fail: (error, cause) => {
      tokens.close(token);
      deliver((settle) => settle.reject(new StatesError(error, cause)));
    },
    beat: () => beat(),
  });
  return {
    ...call,
    listen: (heard) => {
      beat = heard;
    },
    finish: (settle) => {
      deliver = (outcome) => outcome(settle);
      early?.(settle);
      return () => {};
    },
    close: () => tokens.close(token),
  };
};

/** @returns The JSON text of what the function returned. */
const invoke = async (thread: Thread, functionName: string, payload: Json): Promise<string> => {
  const { run, token } = thread;
  const call = {
    functionName,
    payload: copied(payload),
    execution: run,
    state: thread.at,
    ...(token !== undefined && { taskToken: token }),
  };
  try {
    return JSON.stringify((await run.engine.invoke(call)) ?? null);
  } catch (problem) {
    throw lambdaError(problem as Rejection);
  }
};

const invokeOptimized = async (thread: Thread, args: Args): Promise<Json> => {
  const { FunctionName: name, Payload: payload = {} } = args;
  if (typeof name !== "string") {
    throw new StatesError("States.Runtime", "The Arguments of lambda:invoke need a FunctionName.");
  }
  const result = await invoke(thread, plainName(name), payload);
  const length = String(Buffer.byteLength(result, "utf8"));
  const { region } = thread.run.engine;
  const requestId = thread.run.engine.requestId();
  return {
    ExecutedVersion: "$LATEST",
    Payload: JSON.parse(result) as Json,
    SdkHttpMetadata: {
      HttpHeaders: {
        "Content-Length": length,
        "Content-Type": "application/json",
        "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-RequestId": requestId,
        "x-amz-region": region,
      },
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: requestId },
    StatusCode: 200,
  };
};

/** What a function threw, as Lambda reports it; Lambda's own errors are told apart by their prefix. */
const lambdaError = ({ name, message, cause }: Rejection): StatesError => {
  if (typeof cause === "string") return new StatesError(name, cause);
  if (/^(Lambda|States|Sandbox)\./.test(name)) return new StatesError(name, message);
  return new StatesError(
    name,
    JSON.stringify({ errorMessage: message, errorType: name, trace: [`${name}: ${message}`] }),
  );
};

const integrate = async (thread: Thread, { plain, resourceType }: Resource, args: Json): Promise<Json> => {
  const { engine } = thread.run;
  if (!engine.integrate) {
    throw new StatesError("States.Runtime", `Nothing here answers for the Resource ${plain}.`);
  }
  const { arn, machine, name } = thread.run;
  const taskToken = thread.token;
  const execution = { arn, machine, name, state: thread.at, ...(taskToken !== undefined && { taskToken }) };
  try {
    return copied(await engine.integrate(plain, copied(args), execution));
  } catch (problem) {
    throw serviceError(resourceType, problem as Rejection);
  }
};

/** Calls a service on behalf of a reader or a writer: outside of the thread, which waits. */
export const callService = (thread: Thread, resource: string, args: Json): Promise<Json> => {
  const { clock, parking } = thread.run.engine;
  const parsed = parseResource(resource);
  return parking.park<Json>(thread, (settle) => {
    clock
      .task(`${thread.run.machine}: ${thread.at}`, () => integrate(thread, parsed, args))
      .then(settle.resolve, settle.reject);
    return () => {};
  });
};

/** `S3.NoSuchKeyException`: the service's name, a dot, the exception's (developer guide, "AWS SDK service integrations"). */
export const serviceError = (resourceType: string, { name, message, cause }: Rejection): StatesError => {
  const reason = typeof cause === "string" ? cause : message;
  if (name.includes(".")) return new StatesError(name, reason);
  const service = resourceType.replace(/^aws-sdk:/, "");
  const prefix = PREFIXES[service] ?? `${service.charAt(0).toUpperCase()}${service.slice(1)}`;
  return new StatesError(`${prefix}.${name}${name.endsWith("Exception") ? "" : "Exception"}`, reason);
};

/** Services whose exceptions don't carry the capitalised name of the resource. */
const PREFIXES: Readonly<Record<string, string>> = {
  states: "StepFunctions",
  cloudwatchlogs: "CloudWatchLogs",
  dynamodb: "DynamoDb",
  elasticloadbalancingv2: "ElasticLoadBalancingV2",
  eventbridge: "EventBridge",
  route53: "Route53",
};

export const apiError = (problem: unknown): unknown =>
  problem instanceof ApiError ? serviceError("states", problem) : problem;
