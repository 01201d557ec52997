/**
 * What a step is: one Lambda function, one file. It declares its input and what it may call; it reads no clock, no randomness and
 * no environment by itself. The same object runs in AWS (through handler.ts) and in the rehearsal.
 */

import type * as z from "zod";
import type { AwsClients } from "../adapters/aws-clients.ts";
import type { AskDns } from "../adapters/dns.ts";
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
  /** Requests to the platform itself, as a client would make them. */
  readonly probes?: readonly "get"[];
};

export type { AwsClients } from "../adapters/aws-clients.ts";
export type { AskDns } from "../adapters/dns.ts";

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

export type Step<Input = unknown, Output = unknown, Name extends string = string> = {
  readonly name: Name;
  /** One sentence: what it does, and what it leaves alone. */
  readonly does: string;
  readonly input: z.ZodType<Input>;
  readonly needs: Needs;
  readonly run: (input: Input, context: Context) => Promise<Output>;
};

/** Types the input of `run` from the schema, and keeps the name as a type: state machines may name no other. */
export const step = <const Name extends string, Schema extends z.ZodType, Output>(definition: {
  readonly name: Name;
  readonly does: string;
  readonly input: Schema;
  readonly needs: Needs;
  readonly run: (input: z.output<Schema>, context: Context) => Promise<Output>;
}): Step<z.output<Schema>, Output, Name> => definition as unknown as Step<z.output<Schema>, Output, Name>;
