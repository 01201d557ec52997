/**
 * What IAM calls each action that a step may declare, and on which kind of resource it is granted. Source: the Service Authorization
 * Reference of AWS. An action that isn't here has no policy, so a step can't declare it: add it with its resource type.
 */

/** Kinds of resources; `arnsOf` in policy.ts knows their ARNs. */
export type ResourceKind =
  | "object"
  | "bucket"
  | "hosted-zone"
  | "cluster"
  | "execution"
  | "machine"
  | "log-group"
  | "secret"
  | "queue"
  /** Queues of the platform that is moved. */
  | "work-queue"
  | "schedule"
  | "calendar"
  /** AWS has no resource level: granted on `*`, with the reason beside it. */
  | "everything"
  /** Allowed to everybody who is anybody: no statement is needed. */
  | "nobody-asks";

export type Grant = {
  /** The prefix of IAM. */
  readonly iam: string;
  readonly on: ResourceKind;
  /** Why it is granted on everything; what a reviewer asks first. */
  readonly why?: string;
};

const grants = (iam: string, on: ResourceKind, actions: string, why?: string): readonly [string, Grant][] =>
  actions.split(" ").map((action) => [action, { iam, on, ...(why === undefined ? {} : { why }) }]);

const LISTS = "a list over the whole account: AWS has no resource level for it, and it changes nothing";

/** By the service's name in `needs`, then by action. */
export const GRANTS: Readonly<Record<string, Readonly<Record<string, Grant>>>> = {
  s3: Object.fromEntries([
    ...grants("s3", "object", "GetObject PutObject"),
    ...grants("s3", "bucket", "ListBucket"),
  ]),
  route53: Object.fromEntries([
    ...grants("route53", "hosted-zone", "ChangeResourceRecordSets DeleteHostedZone GetHostedZone"),
    ...grants("route53", "hosted-zone", "ListResourceRecordSets GetDNSSEC"),
    ...grants("route53", "everything", "ListHostedZonesByName", LISTS),
    ...grants("route53", "everything", "CreateHostedZone", "a zone has no ARN before it exists"),
  ]),
  eks: Object.fromEntries([
    ...grants("eks", "cluster", "DescribeCluster DeleteCluster"),
    ...grants("eks", "cluster", "CreateAccessEntry DeleteAccessEntry DescribeAccessEntry ListAccessEntries"),
    ...grants("eks", "everything", "CreateCluster", "a cluster has no ARN before it exists"),
  ]),
  ec2: Object.fromEntries(
    grants("ec2", "everything", "DescribeNatGateways DescribeSubnets DescribeVpcs DescribeFlowLogs", LISTS),
  ),
  elb: Object.fromEntries(
    grants("elasticloadbalancing", "everything", "DescribeLoadBalancers DescribeTargetHealth", LISTS),
  ),
  sfn: Object.fromEntries([
    ...grants("states", "execution", "DescribeExecution StopExecution GetExecutionHistory"),
    ...grants("states", "machine", "StartExecution ListExecutions"),
    ...grants(
      "states",
      "everything",
      "SendTaskSuccess SendTaskFailure SendTaskHeartbeat",
      "a task token names no resource: AWS has no resource level for it, so one function alone may",
    ),
  ]),
  ssm: Object.fromEntries(grants("ssm", "calendar", "GetCalendarState")),
  sts: Object.fromEntries(grants("sts", "nobody-asks", "GetCallerIdentity")),
  logs: Object.fromEntries([
    ...grants("logs", "log-group", "StartQuery GetQueryResults"),
    ...grants("logs", "everything", "StopQuery", "a query has no ARN"),
  ]),
  secrets: Object.fromEntries(grants("secretsmanager", "secret", "GetSecretValue")),
  sqs: Object.fromEntries([
    ...grants("sqs", "queue", "SendMessage"),
    ...grants("sqs", "work-queue", "GetQueueAttributes GetQueueUrl"),
  ]),
  scheduler: Object.fromEntries(grants("scheduler", "schedule", "CreateSchedule DeleteSchedule GetSchedule")),
};

/** Services that are spoken to over the network and have rights of their own: no statement of IAM. */
export const WITHOUT_IAM: Readonly<Record<string, string>> = {
  kubernetes: "RBAC of each cluster, by the group of the function's access entry",
  kafka: "ACLs of the brokers: Describe on groups, topics and the cluster, no write",
  metrics: "read-only queries to the metrics endpoint of each cluster",
  dns: "questions to name servers, as anybody may ask them",
  probes: "requests to the platform's public hosts, as any client makes them",
  rabbitmq: "read-only requests to the broker's management API, by a user with the tag monitoring",
  slack: "the bot token in the secret, with the scopes of the Slack app",
};
