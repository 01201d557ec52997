/** Kafka consumer groups and queues. */

import * as z from "zod";
import { count, seconds } from "./shapes.ts";

/** How the members of a group get to the target. */
export const GROUP_POLICIES = ["live", "swap", "static", "drained", "quiet"] as const;
export type GroupPolicy = (typeof GROUP_POLICIES)[number];

/** Local time of the window's zone, `HH:MM`. */
const hour = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

export const KafkaGroup = z
  .strictObject({
    group: z.string(),
    topic: z.string(),
    /** `namespace/name` of the workload whose pods are the members. */
    workload: z.string(),
    partitions: count.default(12),
    messagesPerSecond: z.number().nonnegative().default(50),
    /** Where set, members are static: their ids are `${prefix}-${ordinal}`. */
    staticIdPrefix: z.string().optional(),
    /** What the plan recommends, where absent. */
    policy: z.enum(GROUP_POLICIES).optional(),
    /** The classic protocol (JoinGroup, SyncGroup) or the one in which brokers assign (KIP-848). */
    protocol: z.enum(["classic", "kip-848"]).default("classic"),
    /** What members of the classic protocol agree on; members that differ fall back to eager. */
    assignor: z.enum(["eager", "cooperative"]).default("eager"),
    /** How often members ask whether anything changed: 3 by the classic protocol's default, 5 by KIP-848's. */
    heartbeatSeconds: z.number().positive().max(600).optional(),
    /** A member that is silent for so long is taken for dead. */
    sessionTimeoutSeconds: seconds.default(45),
    /** How long an empty group waits for more members (`group.initial.rebalance.delay.ms`). */
    initialRebalanceDelaySeconds: seconds.default(3),
    /** How often members commit what they have read. */
    commitSeconds: z.number().positive().max(3_600).default(5),
    /** Members that the brokers bear; beyond them they slow down. One more than there are, where absent. */
    membersMax: count.optional(),
    /** Messages that may wait when a move counts as settled; as many as at its beginning, where absent. */
    lagMax: count.optional(),
    /** When the group is quiet; for the policy `quiet`. May pass midnight. */
    quietHours: z.strictObject({ start: hour, end: hour }).optional(),
  })
  .superRefine(({ policy, staticIdPrefix, quietHours }, context) => {
    const wrong = (message: string) => context.addIssue({ code: "custom", path: ["policy"], message });
    if (staticIdPrefix !== undefined && policy !== undefined && policy !== "static" && policy !== "drained")
      wrong(
        `is ${policy}, but its members are static (staticIdPrefix) and two of one id fence each other: static or drained`,
      );
    if (policy === "static" && staticIdPrefix === undefined) wrong("is static, which needs a staticIdPrefix");
    if (policy === "quiet" && !quietHours) wrong("is quiet, which needs quietHours");
  });
export type KafkaGroupSettings = z.infer<typeof KafkaGroup>;

/** How Repot reaches the brokers. */
export const KafkaSettings = z.strictObject({
  /** `host:port`, reachable from where Repot's functions run. */
  bootstrapServers: z.array(z.string().regex(/^[^\s:,]+:\d{1,5}$/)).min(1),
  tls: z.boolean().default(true),
  saslMechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]).optional(),
});

export const Queue = z.strictObject({
  queue: z.string(),
  kind: z.enum(["rabbitmq", "sqs"]),
  /** `namespace/name` of the workload whose pods are the consumers. */
  workload: z.string(),
  messagesPerSecond: z.number().nonnegative().default(20),
  /** RabbitMQ: base URL of the broker's management API, as Repot reaches it. */
  managementUrl: z.url({ protocol: /^https?$/ }).optional(),
  vhost: z.string().default("/"),
  /** SQS: looked up by the queue's name where absent. */
  queueUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Messages that one consumer holds without having acknowledged them. */
  prefetch: z.number().int().min(1).max(65_535).default(10),
  /** What a worker takes for one message; with the prefetch, how long its pod needs to stop well. */
  messageSeconds: z.number().positive().max(43_200).default(1),
  /** SQS: how long a message that was received stays hidden from others. */
  visibilitySeconds: z.number().int().min(0).max(43_200).default(30),
  /**
   * `shares`: some consumers after the others change sides. `drained`: for those of which both sides must not work at once (an order, a single
   * active consumer): publishers are sent elsewhere, the queue runs empty, then all change sides.
   */
  policy: z.enum(["shares", "drained"]).default("shares"),
  /** Share of the consumers that changes sides in one step; at least one of them. */
  stepShare: z.number().positive().max(1).default(0.34),
});
export type Queue = z.infer<typeof Queue>;
