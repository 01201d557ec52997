/** What a step may call, as data: infra derives roles and RBAC from it, the simulator denies the rest, `repot permissions` prints it. */

import type { Side } from "./phases.ts";

/**
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
  readonly logs?: readonly string[];
  readonly kubernetes?: { readonly [S in Side]?: readonly string[] };
  readonly metrics?: readonly "query"[];
  readonly dns?: readonly "ask"[];
  readonly slack?: readonly string[];
  readonly sqs?: readonly string[];
  /** Secrets Manager; there is one secret, the Slack app's. */
  readonly secrets?: readonly string[];
  /** Requests to the platform itself, as a client would make them. */
  readonly probes?: readonly "get"[];
};

/**
 * How far a need reaches, where less than everything of Repot's own will do. What isn't named reaches as far as its service allows:
 * S3 to the whole bucket, record changes to every name of the platform's zone.
 */
export type Scope = {
  /** By action, patterns of keys, in which a star stands for anything. */
  readonly s3?: { readonly [action: string]: readonly string[] };
  /** Which record sets a change may be about. */
  readonly records?: {
    /** `apex`: the zone's own name, which the delegation at the parent has as well. `below`: every name in the zone. */
    readonly names: readonly ("apex" | "below")[];
    readonly types: readonly string[];
    readonly actions: readonly ("CREATE" | "UPSERT" | "DELETE")[];
  };
};
