/** Kafka consumer groups and queues. */

import * as z from "zod";
import { count } from "./shapes.ts";

export const KafkaGroup = z.strictObject({
  group: z.string(),
  topic: z.string(),
  /** `namespace/name` of the workload whose pods are the members. */
  workload: z.string(),
  partitions: count.default(12),
  messagesPerSecond: z.number().nonnegative().default(50),
  /** Where set, members are static: their ids are `${prefix}-${ordinal}`. */
  staticIdPrefix: z.string().optional(),
});

export const Queue = z.strictObject({
  queue: z.string(),
  kind: z.enum(["rabbitmq", "sqs"]),
  workload: z.string(),
  messagesPerSecond: z.number().nonnegative().default(20),
});
