/**
 * What a step is: one Lambda function, one file. It declares its input and what it may call; it reads no clock, no randomness and
 * no environment by itself. The same object runs in AWS (through handler.ts) and in the rehearsal.
 */

import type * as z from "zod";
import type { AwsClients } from "../adapters/aws-clients.ts";
import type { AskDns } from "../adapters/dns.ts";
import type { Exchange } from "../adapters/http.ts";
import type { Kafka } from "../adapters/kafka.ts";
import type { Needs } from "../domain/needs.ts";
import type { Side } from "../domain/phases.ts";

export type { AwsClients } from "../adapters/aws-clients.ts";
export type { AskDns } from "../adapters/dns.ts";
export type { Needs } from "../domain/needs.ts";

/** What the composition root hands to every step: everything that it may reach. */
export type Context = {
  readonly aws: AwsClients;
  readonly http: Exchange;
  readonly askDns: AskDns;
  /** The administration of the brokers that the plan names. */
  readonly kafka: Kafka;
  /** Base URLs: the API servers of both clusters, the metrics of both, Slack. */
  readonly endpoints: {
    readonly kubernetes: { readonly [S in Side]: string };
    readonly metrics: { readonly [S in Side]: string };
    readonly slack: string;
  };
  readonly bucket: string;
  readonly deployed: Deployed;
  /**
   * Told when an object of the bucket is known from before and isn't read again. In AWS nobody listens; in the rehearsal, where all functions
   * share one memory, it takes the right to read it all the same.
   */
  readonly recalled?: (key: string) => void;
  readonly now: () => Date;
  /** Structured lines; every one carries the migration's id. Never a secret. */
  readonly log: Log;
};

/** What a deployment calls its parts. */
export type Deployed = {
  /** The ARN of a state machine, by its name in workflows/. */
  readonly machineArn: (machine: string) => string;
  /** The queue between Slack's endpoint and the worker that records votes. */
  readonly votesQueueUrl: string;
  /** The secret of the Slack app; adapters/secrets.ts says what is in it. */
  readonly slackSecretId: string;
  /** The brokers that `Context.kafka` asks; none where the deployment names none. */
  readonly kafkaBootstrapServers: readonly string[];
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
