/** What a step may call, as data: infra derives roles and RBAC from it, the simulator denies the rest, `repot permissions` prints it. */

import type { KafkaAction } from "./kafka.ts";
import type { Side } from "./phases.ts";

/**
 * An entry is an action, and where less than everything of Repot's own will do, what it may be about (domain/permissions/entries.ts):
 * `PutObject migrations/EACH/evidence/EACH` with stars for EACH, `ChangeResourceRecordSets UPSERT NS apex`.
 * Kubernetes entries are `verb resource` (`patch deployments/scale`, `list pods`, `create restores.velero.io`);
 * the resource `planned` stands for the kinds that the plan lists.
 */
export type Needs = {
  readonly route53?: readonly string[];
  readonly eks?: readonly string[];
  readonly ec2?: readonly string[];
  readonly elb?: readonly string[];
  readonly s3?: readonly string[];
  readonly sfn?: readonly string[];
  readonly sts?: readonly string[];
  /** Systems Manager: the change calendars. */
  readonly ssm?: readonly string[];
  readonly logs?: readonly string[];
  readonly kubernetes?: { readonly [S in Side]?: readonly string[] };
  /** Looks at queues through a broker's management API. */
  readonly rabbitmq?: readonly "read"[];
  readonly metrics?: readonly "query"[];
  readonly dns?: readonly "ask"[];
  readonly slack?: readonly string[];
  readonly sqs?: readonly string[];
  /** Secrets Manager; there is one secret, the Slack app's. */
  readonly secrets?: readonly string[];
  readonly kafka?: readonly KafkaAction[];
  /** Requests to the platform itself, as a client would make them. */
  readonly probes?: readonly "get"[];
};
