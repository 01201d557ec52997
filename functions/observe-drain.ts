/** Looks once at a queue: is everything read and confirmed, and does nobody publish? Each kind of queue in its own way. Changes nothing. */

import * as z from "zod";
import { drainedOf } from "../domain/kafka-drain.ts";
import { queueDrainedOf } from "../domain/queue-drain.ts";
import { Queue } from "../domain/settings/messaging.ts";
import { QUEUE_NEEDS, seeQueue } from "./queues.ts";
import { RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

/** A producer that wrote within so many seconds is there still. */
const QUIET_SECONDS = 60;

const RabbitQueue = Queue.extend({ kind: z.literal("rabbitmq") });
const SqsQueue = Queue.extend({ kind: z.literal("sqs") });
const KafkaQueue = z.object({ kind: z.literal("kafka"), group: z.string(), topic: z.string() });

/** What can be drained, by its kind. */
export const DrainableSchema = z.discriminatedUnion("kind", [KafkaQueue, RabbitQueue, SqsQueue]);
type Drainable = z.infer<typeof DrainableSchema>;

/** What every kind answers. `mark` is what it was when it was looked at, for the next look to compare. */
export type Look = { readonly drained: boolean; readonly mark: string; readonly sentence: string };

type LookAt<Kind extends Drainable["kind"]> = (
  queue: Extract<Drainable, { kind: Kind }>,
  markBefore: string | null,
  context: Context,
) => Promise<Look>;

const LOOKS: { readonly [K in Drainable["kind"]]: LookAt<K> } = {
  kafka: async ({ group, topic }, markBefore, { kafka, now }) => {
    // The log end first: what is written after it was read doesn't hide behind a later commit.
    const ends = await kafka.listOffsets(topic);
    const committed = await kafka.listCommitted(group, topic);
    const producers = await kafka.listProducers(topic);
    const look = drainedOf({
      ends,
      committed,
      producers,
      markBefore,
      now: now().getTime(),
      quietSeconds: QUIET_SECONDS,
    });
    return { ...look, sentence: `${group} on ${topic}: ${look.sentence}` };
  },
  rabbitmq: lookAtBroker,
  sqs: lookAtBroker,
};

/** RabbitMQ and SQS: who holds what is asked as well, to say what is in the way. */
async function lookAtBroker(
  queue: z.infer<typeof RabbitQueue> | z.infer<typeof SqsQueue>,
  markBefore: string | null,
  context: Context,
): Promise<Look> {
  const seen = await seeQueue(context, queue, { holders: true });
  return queueDrainedOf({ queue, seen, markBefore, now: context.now().getTime() });
}

export const observeDrain = step({
  name: "observe-drain",
  does: "Compares what was written with what was confirmed, and looks for publishers.",
  input: z.object({ run: RunSchema, queue: DrainableSchema, mark: z.string().nullable() }),
  needs: { kafka: ["list-committed", "list-offsets", "list-producers"], ...QUEUE_NEEDS },
  run: ({ queue, mark }, context): Promise<Look> => {
    // Each kind has the look of its own kind; TypeScript can't say that of a union.
    const look = LOOKS[queue.kind] as LookAt<Drainable["kind"]>;
    return look(queue, mark, context);
  },
});
