/**
 * What the stack promises, a line each, asked of the graph of production; and the same of a graph that lacks just that: each line is seen to fail
 * when what it names is dropped.
 */

import { describe, expect, it } from "vitest";
import { machines } from "../../workflows/index.ts";
import { type Graph, graphOf, jsonOf, ofType, type Resource, type Statement, textOf } from "./stages.ts";

const MEMORY = "repot-prod-memory-111122223333";
const VELERO = "repot-prod-velero-111122223333";
const ARN = (service: string, rest: string) => `arn:aws:${service}:eu-central-1:111122223333:${rest}`;
const S3 = "aws:s3/bucket";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const QUEUE = "aws:sqs/queue:Queue";
const MACHINE = "aws:sfn/stateMachine:StateMachine";
const LAMBDA = "aws:lambda/function:Function";

type Kept = {
  readonly promise: string;
  /** Resources that have it, each of which must. */
  readonly type: string;
  readonly of?: (resource: Resource) => boolean;
  /** How many there are, where that is known. */
  readonly count?: number;
  readonly has: (resource: Resource, graph: Graph) => boolean;
  /** What one of them lacks where it is dropped; the resource itself where absent. */
  readonly without?: Readonly<Record<string, unknown>>;
};

const about = (bucket: string) => (r: Resource) => r.inputs["bucket"] === bucket;
const inBoth = { count: 2, of: (r: Resource) => [MEMORY, VELERO].includes(textOf(r, "bucket")) };
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((v, key) => (v as Readonly<Record<string, unknown>> | undefined)?.[key], value);

const denies = (r: Resource, sid: string, action: string, condition: object): boolean => {
  const bucket = textOf(r, "bucket");
  const { Statement } = jsonOf(r, "policy") as { readonly Statement: readonly Statement[] };
  const found = Statement.find((s) => s.Sid === sid && s.Effect === "Deny");
  return (
    found !== undefined &&
    (found as unknown as { readonly Principal: string }).Principal === "*" &&
    found.Action.includes(action) &&
    found.Resource.includes(`arn:aws:s3:::${bucket}/*`) &&
    JSON.stringify(found.Condition ?? {}) === JSON.stringify(condition)
  );
};
const EMPTY_POLICY = { policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }) };

const named = (name: string) => (r: Resource) => textOf(r, "name") === `repot-prod-${name}`;
const alarm = (name: string, metric: string, dimension: readonly [string, string] | undefined): Kept => ({
  promise: `an alarm ${name} on ${metric}`,
  type: ALARM,
  of: named(name),
  count: 1,
  has: (r) =>
    r.inputs["metricName"] === metric &&
    (dimension === undefined || at(r.inputs, "dimensions", dimension[0]) === dimension[1]) &&
    r.inputs["threshold"] === 0 &&
    (r.inputs["alarmActions"] as readonly string[]).includes(ARN("sns", "repot-prod-alarms")),
  without: { metricName: "Something" },
});
const machine = (name: string) =>
  ["StateMachineArn", ARN("states", `stateMachine:repot-prod-${name}`)] as const;

const PROMISES: readonly Kept[] = [
  {
    promise: "versioned buckets",
    type: `${S3}Versioning:BucketVersioning`,
    ...inBoth,
    has: (r) => at(r.inputs, "versioningConfiguration", "status") === "Enabled",
    without: { versioningConfiguration: { status: "Suspended" } },
  },
  {
    promise: "buckets encrypted by the customer's key of this stack",
    type: `${S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration`,
    ...inBoth,
    has: (r) => {
      const by = at(r.inputs, "rules", 0, "applyServerSideEncryptionByDefault");
      return at(by, "sseAlgorithm") === "aws:kms" && at(by, "kmsMasterKeyId") === ARN("kms", "key/MemoryKey");
    },
    without: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }] },
  },
  {
    promise: "a key that is rotated, kept and protected",
    type: "aws:kms/key:Key",
    count: 1,
    has: (r) => r.inputs["enableKeyRotation"] === true && r.protect && r.retainOnDelete,
    without: { enableKeyRotation: false },
  },
  {
    promise: "Object Lock for the audit",
    type: `${S3}ObjectLockConfiguration:BucketObjectLockConfiguration`,
    of: about(MEMORY),
    count: 1,
    has: (r, graph) =>
      at(r.inputs, "rule", "defaultRetention", "mode") === "GOVERNANCE" &&
      ofType(graph, `${S3}:Bucket`).find(about(MEMORY))?.inputs["objectLockEnabled"] === true,
    without: { rule: {} },
  },
  {
    promise: "public access blocked",
    type: `${S3}PublicAccessBlock:BucketPublicAccessBlock`,
    ...inBoth,
    has: ({ inputs }) =>
      ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].every(
        (f) => inputs[f] === true,
      ),
    without: { restrictPublicBuckets: false },
  },
  {
    promise: "TLS only, and of our time",
    type: `${S3}Policy:BucketPolicy`,
    ...inBoth,
    has: (r) =>
      denies(r, "OnlyOverTls", "s3:*", { Bool: { "aws:SecureTransport": "false" } }) &&
      denies(r, "OnlyModernTls", "s3:*", { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
    without: EMPTY_POLICY,
  },
  {
    promise: "a record from which nothing is deleted, in which nothing is overwritten blindly",
    type: `${S3}Policy:BucketPolicy`,
    of: about(MEMORY),
    count: 1,
    has: (r) =>
      denies(r, "NothingIsDeleted", "s3:DeleteObjectVersion", {}) &&
      denies(r, "NoLockIsBypassed", "s3:BypassGovernanceRetention", {}) &&
      denies(r, "NothingIsWrittenBlindly", "s3:PutObject", {
        Null: { "s3:if-match": "true", "s3:if-none-match": "true" },
      }),
    without: EMPTY_POLICY,
  },
  {
    promise: "X-Ray, and every event of a machine in a log group of its own, without its data",
    type: MACHINE,
    count: machines.length,
    has: (r) =>
      at(r.inputs, "tracingConfiguration", "enabled") === true &&
      at(r.inputs, "loggingConfiguration", "level") === "ALL" &&
      at(r.inputs, "loggingConfiguration", "includeExecutionData") === false &&
      at(r.inputs, "loggingConfiguration", "logDestination") ===
        ARN("logs", `log-group:/aws/vendedlogs/states/${textOf(r, "name")}:*`),
    without: { loggingConfiguration: { level: "ALL", includeExecutionData: false } },
  },
  {
    promise: "machines that are Standard, kept and protected",
    type: MACHINE,
    has: (r) => r.inputs["type"] === "STANDARD" && r.protect && r.retainOnDelete,
    without: { type: "EXPRESS" },
  },
  {
    promise: "functions for arm64 on Node 24 that log as JSON into a group of their own",
    type: LAMBDA,
    has: ({ inputs }) =>
      JSON.stringify(inputs["architectures"]) === '["arm64"]' &&
      inputs["runtime"] === "nodejs24.x" &&
      at(inputs, "loggingConfig", "logGroup") === `/aws/lambda/${String(inputs["name"])}`,
    without: { runtime: "nodejs22.x" },
  },
  {
    promise: "logs that stay when the stack goes, and not for ever",
    type: "aws:cloudwatch/logGroup:LogGroup",
    has: (r) => r.retainOnDelete && r.inputs["retentionInDays"] === 400,
    without: { retentionInDays: 0 },
  },
  {
    promise: "votes that nobody could take go among the dead letters",
    type: QUEUE,
    of: named("votes"),
    count: 1,
    has: (r) => textOf(r, "redrivePolicy").includes(ARN("sqs", "repot-prod-dead-votes")),
    without: { redrivePolicy: "{}" },
  },
  {
    promise: "events that nobody could take go among the dead letters",
    type: "aws:cloudwatch/eventTarget:EventTarget",
    count: 1,
    has: (r) => at(r.inputs, "deadLetterConfig", "arn") === ARN("sqs", "repot-prod-dead-events"),
    without: { deadLetterConfig: {} },
  },
  {
    promise: "schedules that nobody could take go among the dead letters",
    type: "aws:scheduler/schedule:Schedule",
    of: (r) => r.name.startsWith("Cutover"),
    has: (r) => at(r.inputs, "target", "deadLetterConfig", "arn") === ARN("sqs", "repot-prod-dead-schedules"),
    without: { target: {} },
  },
  {
    promise: "queues that are encrypted",
    type: QUEUE,
    count: 4,
    has: (r) => r.inputs["sqsManagedSseEnabled"] === true,
    without: { sqsManagedSseEnabled: false },
  },
  ...["migrate-cluster", "roll-back", "decommission"].flatMap((name) =>
    ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"].map((metric) =>
      alarm(`${name}-${metric}`, metric, machine(name)),
    ),
  ),
  ...machines.map(({ name }) => alarm(`${name}-throttled`, "ExecutionThrottled", machine(name))),
  ...["dead-votes", "dead-events", "dead-schedules"].map((name) =>
    alarm(name, "ApproximateNumberOfMessagesVisible", ["QueueName", `repot-prod-${name}`]),
  ),
  alarm("functions-throttled", "Throttles", undefined),
  {
    promise: "a dashboard that shows what wakes somebody",
    type: "aws:cloudwatch/dashboard:Dashboard",
    count: 1,
    has: (r, graph) => {
      const shown = textOf(r, "dashboardBody");
      return ofType(graph, ALARM)
        .filter((a) => /Executions(Failed|TimedOut|Aborted)$/.test(textOf(a, "name")))
        .every((a) => shown.includes(`"${textOf(a, "metricName")}"`));
    },
    without: { dashboardBody: '{"widgets":[]}' },
  },
];

const isKept = (graph: Graph, { type, of = () => true, count, has }: Kept): boolean => {
  const all = ofType(graph, type).filter(of);
  return all.length > 0 && (count === undefined || all.length === count) && all.every((r) => has(r, graph));
};

/** The graph with the last of those resources changed, or gone. */
const changed = (graph: Graph, { type, of = () => true }: Kept, without: object | undefined): Graph => {
  const last = ofType(graph, type).filter(of).at(-1);
  const resources = graph.resources.flatMap((r) =>
    r !== last ? [r] : without === undefined ? [] : [{ ...r, inputs: { ...r.inputs, ...without } }],
  );
  return { ...graph, resources };
};

describe("production", () => {
  const graph = graphOf("prod");

  it.each(PROMISES.map((promise) => [promise.promise, promise] as const))("has %s", (_, promise) => {
    expect(isKept(graph, promise)).toBe(true);
    expect(isKept(changed(graph, promise, promise.without), promise)).toBe(false);
    if (promise.count !== undefined) expect(isKept(changed(graph, promise, undefined), promise)).toBe(false);
  });
});
