/**
 * What a listener is: a Lambda function that no state machine calls. It has the anatomy of a step (name, input, needs, run) and a
 * trigger beside it: infra wires the trigger and derives the role, the rehearsal simulates both. functions/listeners.ts lists them.
 */

import type * as z from "zod";
import type { Context, Needs, Step } from "./step.ts";

/** What calls it. All of it is data: infra deploys it as it stands here, the rehearsal goes by the same. */
export type Trigger =
  /** A request from outside, through API Gateway (payload format 2.0). It answers with an `HttpAnswer`. */
  | { readonly kind: "http"; readonly method: "POST"; readonly path: string }
  /** Messages of an SQS queue, in batches. It answers with a `BatchAnswer`: what it names is delivered again. */
  | {
      readonly kind: "queue";
      readonly queue: QueueName;
      readonly batchMax: number;
      /** How long a message that was handed out stays hidden: at least six times the function's timeout, as Lambda asks for. */
      readonly visibilitySeconds: number;
      /** After so many deliveries a message goes to the dead-letter queue. */
      readonly receivesMax: number;
    }
  /** An event of EventBridge. Machine names in `machines` become ARNs in `detail.stateMachineArn` of the pattern. */
  | { readonly kind: "rule"; readonly pattern: EventPattern; readonly machines: readonly string[] }
  /** Again and again, by EventBridge Scheduler. */
  | { readonly kind: "schedule"; readonly everyMinutes: number };

export type QueueName = "votes";

/** A pattern of EventBridge in the part of its language that is used here: each field is one of the values. */
export type EventPattern = {
  readonly source: readonly string[];
  readonly "detail-type": readonly string[];
  readonly detail: Readonly<Record<string, readonly string[]>>;
};

/** What API Gateway makes a response of. */
export type HttpAnswer = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What Lambda makes of a batch: the messages that are to be delivered again (ReportBatchItemFailures). */
export type BatchAnswer = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

export type Listener<Input = unknown, Output = unknown, Name extends string = string> = Step<
  Input,
  Output,
  Name
> & {
  readonly trigger: Trigger;
  /** A listener with effects on the platform would need the fence's 30 seconds; these only start executions and keep records. */
  readonly timeoutSeconds: number;
};

/** Types the input of `run` from the schema, as `step` does. */
export const listener = <const Name extends string, Schema extends z.ZodType, Output>(definition: {
  readonly name: Name;
  readonly does: string;
  readonly trigger: Trigger;
  readonly timeoutSeconds: number;
  readonly input: Schema;
  readonly needs: Needs;
  readonly run: (input: z.output<Schema>, context: Context) => Promise<Output>;
}): Listener<z.output<Schema>, Output, Name> =>
  definition as unknown as Listener<z.output<Schema>, Output, Name>;
