/** The official AWS clients over simulated services: a middleware at the `initialize` step answers each command instead of the network. */

import { CloudWatchLogsClient, CloudWatchLogsServiceException } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client, EC2ServiceException } from "@aws-sdk/client-ec2";
import { EKSClient, EKSServiceException } from "@aws-sdk/client-eks";
import {
  ElasticLoadBalancingV2Client,
  ElasticLoadBalancingV2ServiceException,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { type ChangeBatch, Route53Client, Route53ServiceException } from "@aws-sdk/client-route-53";
import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { SecretsManagerClient, SecretsManagerServiceException } from "@aws-sdk/client-secrets-manager";
import { SFNClient, SFNServiceException } from "@aws-sdk/client-sfn";
import { SQSClient, SQSServiceException } from "@aws-sdk/client-sqs";
import { SSMClient, SSMServiceException } from "@aws-sdk/client-ssm";
import { STSClient, STSServiceException } from "@aws-sdk/client-sts";
import type { Asked } from "../../domain/permissions/entries.ts";
import { remembered } from "../../domain/remembered.ts";
import type { AwsClients } from "../../functions/step.ts";
import { type AwsCaller, type Invocation, NotSimulated, type Seam, type Strike } from "./seam.ts";

export type AwsService = keyof AwsClients;

/**
 * The commands that a simulated service answers: the SDK's input to the SDK's output, without `$metadata`. Synchronous. Refusals are
 * thrown as the SDK's own exceptions; a command that isn't in the table is a mistake of ours, never an answer.
 */
export type AwsHandlers = { readonly [command: string]: (input: never, caller: AwsCaller) => object };

export type AwsServices = { readonly [S in AwsService]?: AwsHandlers };

/** The account and region of every rehearsal. */
export const ACCOUNT = "111122223333";
export const REGION = "eu-central-1";

type ErrorShape = { readonly name: string; readonly status: number; readonly message: string };
type Exceptions = new (options: {
  name: string;
  message: string;
  $fault: "client" | "server";
  $metadata: { httpStatusCode: number };
}) => Error;

/** What a service says in the cases that every service has; names and statuses as they come over the wire. */
type Manners = {
  readonly exception: Exceptions;
  /** Prefix of IAM actions. */
  readonly iam: string;
  readonly denied: readonly [name: string, status: number];
  readonly throttled: ErrorShape;
  readonly failed: ErrorShape;
  readonly conflict?: ErrorShape;
  /** Commands that change something. */
  readonly mutating: readonly string[];
  /** IAM actions where they aren't named like the command. */
  readonly actions?: { readonly [command: string]: string };
  /** Fields of an input that say what a call is about. */
  readonly subject: readonly string[];
};

const RATE = "Rate exceeded";
const INTERNAL = "We encountered an internal error. Please try again.";

const MANNERS: { readonly [S in AwsService]: Manners } = {
  s3: {
    exception: S3ServiceException,
    iam: "s3",
    denied: ["AccessDenied", 403],
    throttled: { name: "SlowDown", status: 503, message: "Please reduce your request rate." },
    failed: { name: "InternalError", status: 500, message: INTERNAL },
    conflict: {
      name: "ConditionalRequestConflict",
      status: 409,
      message: "The conditional request cannot succeed due to a conflicting operation against this resource.",
    },
    mutating: ["PutObject", "DeleteObject", "DeleteObjects", "CopyObject"],
    actions: {
      HeadObject: "GetObject",
      ListObjectsV2: "ListBucket",
      ListObjectVersions: "ListBucketVersions",
      DeleteObjects: "DeleteObject",
    },
    subject: ["Key", "Prefix", "Bucket"],
  },
  route53: {
    exception: Route53ServiceException,
    iam: "route53",
    denied: ["AccessDenied", 403],
    throttled: { name: "Throttling", status: 400, message: RATE },
    failed: { name: "InternalFailure", status: 500, message: INTERNAL },
    conflict: {
      name: "PriorRequestNotComplete",
      status: 400,
      message: "The request was rejected because Route 53 was still processing a prior request.",
    },
    mutating: ["CreateHostedZone", "DeleteHostedZone", "ChangeResourceRecordSets"],
    subject: ["HostedZoneId", "Id", "Name", "DNSName"],
  },
  eks: {
    exception: EKSServiceException,
    iam: "eks",
    denied: ["AccessDeniedException", 403],
    throttled: { name: "ThrottlingException", status: 429, message: RATE },
    failed: {
      name: "ServerException",
      status: 500,
      message: "These errors are usually caused by a server-side issue.",
    },
    conflict: { name: "ResourceInUseException", status: 409, message: "The specified resource is in use." },
    mutating: [
      "CreateCluster",
      "DeleteCluster",
      "CreateAccessEntry",
      "DeleteAccessEntry",
      "AssociateAccessPolicy",
      "DisassociateAccessPolicy",
    ],
    subject: ["name", "clusterName"],
  },
  ec2: {
    exception: EC2ServiceException,
    iam: "ec2",
    denied: ["UnauthorizedOperation", 403],
    throttled: { name: "RequestLimitExceeded", status: 503, message: "Request limit exceeded." },
    failed: { name: "InternalError", status: 500, message: "An internal error has occurred" },
    mutating: [],
    subject: ["SubnetIds", "VpcIds", "GroupIds", "NatGatewayIds"],
  },
  elb: {
    exception: ElasticLoadBalancingV2ServiceException,
    iam: "elasticloadbalancing",
    denied: ["AccessDenied", 403],
    throttled: { name: "Throttling", status: 400, message: RATE },
    failed: { name: "InternalFailure", status: 500, message: INTERNAL },
    mutating: [],
    subject: ["TargetGroupArn", "LoadBalancerArn", "Names", "LoadBalancerArns"],
  },
  sfn: {
    exception: SFNServiceException,
    iam: "states",
    denied: ["AccessDeniedException", 400],
    throttled: { name: "ThrottlingException", status: 400, message: RATE },
    failed: { name: "InternalServerError", status: 500, message: INTERNAL },
    mutating: ["StartExecution", "StopExecution", "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"],
    subject: ["stateMachineArn", "executionArn"],
  },
  ssm: {
    exception: SSMServiceException,
    iam: "ssm",
    denied: ["AccessDeniedException", 400],
    throttled: { name: "ThrottlingException", status: 400, message: RATE },
    failed: { name: "InternalServerError", status: 500, message: "An error occurred on the server side." },
    mutating: [],
    subject: ["CalendarNames"],
  },
  sts: {
    exception: STSServiceException,
    iam: "sts",
    denied: ["AccessDenied", 403],
    throttled: { name: "Throttling", status: 400, message: RATE },
    failed: { name: "InternalFailure", status: 500, message: INTERNAL },
    mutating: [],
    subject: [],
  },
  logs: {
    exception: CloudWatchLogsServiceException,
    iam: "logs",
    denied: ["AccessDeniedException", 400],
    throttled: { name: "ThrottlingException", status: 400, message: RATE },
    failed: {
      name: "ServiceUnavailableException",
      status: 500,
      message: "The service cannot complete the request.",
    },
    mutating: [],
    subject: ["logGroupName", "queryId"],
  },
  sqs: {
    exception: SQSServiceException,
    iam: "sqs",
    denied: ["AccessDenied", 403],
    throttled: { name: "RequestThrottled", status: 403, message: RATE },
    failed: { name: "InternalError", status: 500, message: INTERNAL },
    mutating: ["SendMessage"],
    subject: ["QueueUrl", "QueueName"],
  },
  secrets: {
    exception: SecretsManagerServiceException,
    iam: "secretsmanager",
    denied: ["AccessDeniedException", 400],
    throttled: { name: "ThrottlingException", status: 400, message: RATE },
    failed: { name: "InternalServiceError", status: 500, message: "An error occurred on the server side." },
    mutating: [],
    subject: ["SecretId"],
  },
};

const failure = (manners: Manners, shape: ErrorShape): Error =>
  new manners.exception({
    name: shape.name,
    message: shape.message,
    $fault: shape.status < 500 ? "client" : "server",
    $metadata: { httpStatusCode: shape.status },
  });

const struck = (service: AwsService, strike: Strike): Error => {
  const manners = MANNERS[service];
  switch (strike.kind) {
    case "throttled":
      return failure(manners, manners.throttled);
    case "server-error":
      return failure(manners, manners.failed);
    case "conflict":
      if (manners.conflict) return failure(manners, manners.conflict);
      return new NotSimulated(`${service} has no conflict that a fault could strike with.`);
    default:
      return new NotSimulated(`${strike.kind} is no answer of a service.`);
  }
};

const denial = (service: AwsService, action: string, subject: string, invocation: Invocation): Error => {
  const manners = MANNERS[service];
  const [name, status] = manners.denied;
  const who = `arn:aws:sts::${ACCOUNT}:assumed-role/repot-${invocation.step}/${invocation.step}`;
  const what = `${manners.iam}:${action}`;
  return failure(manners, {
    name,
    status,
    message: `User: ${who} is not authorized to perform: ${what} on resource: ${subject || "*"} because no identity-based policy allows the ${what} action`,
  });
};

/** As node's HTTP handler of the SDK words it. */
const timedOut = (): Error =>
  Object.assign(new Error("the request socket timed out after 5000 ms of inactivity"), {
    name: "TimeoutError",
  });

const subjectOf = (manners: Manners, input: Readonly<Record<string, unknown>>): string => {
  for (const field of manners.subject) {
    const value = input[field];
    if (typeof value === "string") return value;
    if (Array.isArray(value) && value.length > 0) return value.join(",");
  }
  return "";
};

type Answered = { readonly output: object; readonly response: Readonly<Record<string, never>> };
type Attachable = {
  readonly middlewareStack: {
    readonly add: (
      middleware: (
        next: unknown,
        context: { readonly commandName?: string },
      ) => (args: { readonly input: Readonly<Record<string, unknown>> }) => Promise<Answered>,
      where: { readonly step: "initialize"; readonly priority: "high" | "low"; readonly name: string },
    ) => void;
    readonly remove: (name: string) => boolean;
  };
};

/** One command through the seam. */
const answer = async (
  seam: Seam,
  service: AwsService,
  command: string,
  handlers: AwsHandlers,
  input: Readonly<Record<string, unknown>>,
): Promise<object> => {
  const manners = MANNERS[service];
  const handler = handlers[command];
  const missing = `The rehearsal doesn't simulate ${service}:${command}: add it to simulator/services/${service}.ts.`;
  const action = manners.actions?.[command] ?? command;
  const subject = subjectOf(manners, input);
  return seam.pass<object>({
    call: { service, action: command, mutating: manners.mutating.includes(command), subject },
    input,
    permission: handler ? action : undefined,
    asked: askedOf(service, input),
    run: (caller) => {
      if (!handler) throw new NotSimulated(missing);
      return handler(structuredInput(input), caller);
    },
    deny: (invocation) => {
      throw denial(service, action, subject, invocation);
    },
    strike: (strike) => {
      throw struck(service, strike);
    },
    lost: timedOut,
    refusal: () => undefined,
    isAnswer: (error) => error instanceof Error && "$metadata" in error,
  });
};

/** What IAM looks at beside the action: the key in the bucket, and each record set of a change. */
const askedOf = (service: AwsService, input: Readonly<Record<string, unknown>>): Asked => {
  const key = input["Key"] ?? input["Prefix"];
  if (service === "s3") return typeof key === "string" ? { key } : {};
  const batch = input["ChangeBatch"] as ChangeBatch | undefined;
  if (service !== "route53" || batch?.Changes === undefined) return {};
  const changes = batch.Changes.map(({ Action = "", ResourceRecordSet: set }) => ({
    action: Action,
    type: set?.Type ?? "",
    name: set?.Name ?? "",
  }));
  return { changes };
};

/** A copy, as the wire would make one: what a step does with its input afterwards changes nothing at the service. */
const structuredInput = (input: Readonly<Record<string, unknown>>): never => copied(input) as never;

/** Plain objects and lists by hand, which is much faster than `structuredClone`; what else an input may hold (bytes, dates) by it. */
const copied = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copied((value as Record<string, unknown>)[key]);
  return copy;
};

/** `GetObject` of `GetObjectCommand`. */
const commandOf = remembered(1_000, (name): string => name.replace(/Command$/, ""));

const attach = (client: unknown, seam: Seam, service: AwsService, handlers: AwsHandlers): void => {
  const requests = seam.random.fork(`requests:${service}`);
  // It would make a copy of each input and output for a log that nobody keeps.
  (client as Attachable).middlewareStack.remove("loggerMiddleware");
  (client as Attachable).middlewareStack.add(
    (_next, context) =>
      async ({ input }) => {
        const command = commandOf(context.commandName ?? "");
        const metadata = { httpStatusCode: 200, requestId: requests.id(), attempts: 1, totalRetryDelay: 0 };
        const output = await answer(seam, service, command, handlers, input);
        return { output: { ...output, $metadata: metadata }, response: {} };
      },
    // S3's own steps before ours look at buckets' names and keys of encryption: copies of each input, for what nothing of ours sends.
    { step: "initialize", priority: service === "s3" ? "high" : "low", name: "rehearsal" },
  );
};

/** Options that keep a client from reading files, the environment or the clock of the machine. */
export const CLIENT_OPTIONS = {
  region: REGION,
  credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
  maxAttempts: 1,
  retryMode: "standard",
  defaultsMode: "standard",
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  // The stack is put together once for each kind of command, not for each call.
  cacheMiddleware: true,
} as const;

/** The real clients over simulated services. A service without handlers refuses every command with a clear error. */
export const makeAwsClients = (seam: Seam, services: AwsServices): AwsClients => {
  const clients: AwsClients = {
    route53: new Route53Client(CLIENT_OPTIONS),
    eks: new EKSClient(CLIENT_OPTIONS),
    ec2: new EC2Client(CLIENT_OPTIONS),
    elb: new ElasticLoadBalancingV2Client(CLIENT_OPTIONS),
    s3: new S3Client(CLIENT_OPTIONS),
    sfn: new SFNClient(CLIENT_OPTIONS),
    ssm: new SSMClient(CLIENT_OPTIONS),
    sts: new STSClient(CLIENT_OPTIONS),
    logs: new CloudWatchLogsClient(CLIENT_OPTIONS),
    sqs: new SQSClient(CLIENT_OPTIONS),
    secrets: new SecretsManagerClient(CLIENT_OPTIONS),
  };
  for (const service of Object.keys(MANNERS) as AwsService[])
    attach(clients[service], seam, service, services[service] ?? {});
  return clients;
};
