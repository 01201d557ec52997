/**
 * What a step is: one Lambda function, one file. It declares its input and what it may call; it reads no clock, no randomness and
 * no environment by itself. The same object runs in AWS (through handler.ts) and in the rehearsal.
 */

import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { EKSClient } from "@aws-sdk/client-eks";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Route53Client } from "@aws-sdk/client-route-53";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SFNClient } from "@aws-sdk/client-sfn";
import type { STSClient } from "@aws-sdk/client-sts";
import type * as z from "zod";
import type { Exchange } from "../adapters/http.ts";
import type { Side } from "../domain/phases.ts";

/**
 * What a step may call and nothing more: infra derives its IAM role and RBAC from this, the simulator denies the rest.
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
};

/** The official clients, made once for each composition root, each with one attempt: retries live in the state machines. */
export type AwsClients = {
  readonly route53: Route53Client;
  readonly eks: EKSClient;
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly sts: STSClient;
  readonly logs: CloudWatchLogsClient;
};

/** A DNS question on the wire (RFC 1035), to one server by name or address. Rejects where no answer came in time. */
export type AskDns = (server: string, message: Uint8Array) => Promise<Uint8Array>;

/** What the composition root hands to every step: everything that it may reach. */
export type Context = {
  readonly aws: AwsClients;
  readonly http: Exchange;
  readonly askDns: AskDns;
  /** Base URLs: the API servers of both clusters, the metrics of both, Slack. */
  readonly endpoints: {
    readonly kubernetes: { readonly [S in Side]: string };
    readonly metrics: { readonly [S in Side]: string };
    readonly slack: string;
  };
  readonly bucket: string;
  readonly now: () => Date;
  /** Structured lines; every one carries the migration's id. Never a secret. */
  readonly log: Log;
};

export type Log = {
  readonly info: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly error: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
};

export type Step<Input = unknown, Output = unknown> = {
  readonly name: string;
  /** One sentence: what it does, and what it leaves alone. */
  readonly does: string;
  readonly input: z.ZodType<Input>;
  readonly needs: Needs;
  readonly run: (input: Input, context: Context) => Promise<Output>;
};

/** Types the input of `run` from the schema. */
export const step = <Schema extends z.ZodType, Output>(definition: {
  readonly name: string;
  readonly does: string;
  readonly input: Schema;
  readonly needs: Needs;
  readonly run: (input: z.output<Schema>, context: Context) => Promise<Output>;
}): Step<z.output<Schema>, Output> => definition as unknown as Step<z.output<Schema>, Output>;
