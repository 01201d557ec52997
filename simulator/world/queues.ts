/**
 * RabbitMQ and SQS queues: messages come at a rate, workers of both clusters take them, and what waits grows while there is nobody. A broker
 * outside the clusters, or one that stays on the source, is one log for both; one that is rebuilt on the target is a second, empty log. Counted: produced, consumed, duplicated, delayed, and lost.
 */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import { consumersOf } from "./queue-consumers.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Changed, Cluster } from "./types.ts";
import { type Hands, WorkQueue, type WorkQueueView } from "./work-queue.ts";

export type QueueKind = "kafka" | "rabbitmq" | "sqs";

export type QueueTotals = {
  readonly produced: number;
  readonly consumed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly delayed: number;
  /** Went with a broker whose data a person decided to be worth nothing. */
  readonly discarded: number;
};

export type QueueView = {
  readonly name: string;
  readonly kind: QueueKind;
  readonly topic: string;
  /** `namespace/name` of the consumers. */
  readonly workload: string;
  readonly members: { readonly [S in Side]: number };
  /** Messages that wait, on both sides' logs together. */
  readonly waiting: number;
  readonly totals: QueueTotals;
};

export type QueueWorld = {
  readonly settle: () => void;
  readonly queues: () => readonly QueueView[];
  /** RabbitMQ's and SQS's queues as their brokers have them. */
  readonly workQueues: () => readonly WorkQueueView[];
  /** The same queues to switch: what comes in, and what stays in a worker's hands. */
  readonly switches: () => readonly Pick<
    WorkQueue,
    "name" | "publish" | "sendElsewhere" | "reappear" | "stick" | "release" | "cutOff" | "crosses"
  >[];
  /** Names of the queues that have lost a message; asked after every event. */
  readonly losing: () => readonly string[];
  /** Whole numbers: lost and delayed round up. */
  readonly totals: () => QueueTotals;
  /** What the exporter of a side shows. */
  readonly gauges: (
    side: Side,
  ) => Readonly<
    Record<
      string,
      () => readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
    >
  >;
};

export type QueueOptions = {
  readonly clock: Clock;
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  /** Share of the producers' work that is done on the target now: the share of the clients there. */
  readonly targetShare?: () => number;
};

const DUST = 1e-6;
const up = (x: number): number => Math.max(0, Math.ceil(x - DUST));

export const makeQueues = (options: QueueOptions): QueueWorld => {
  const clusters: { readonly [S in Side]: Cluster } = options;
  const queues = consumersOf(options.plan)
    .filter((consumer) => consumer.kind !== "kafka")
    .map((consumer) => new WorkQueue(consumer, { ...options, settle: () => settle() }));
  let settledAt = options.clock.now();
  const settle = (): void => {
    const seconds = (options.clock.now() - settledAt) / 1000;
    settledAt = options.clock.now();
    for (const queue of queues) queue.pass(seconds);
  };
  // What flowed until now flowed with the members that there were: they are looked at after the time was booked.
  const changed = (change?: Changed): void => {
    settle();
    for (const queue of queues) if (queue.isConcerned(change)) queue.look(clusters);
  };
  for (const side of SIDES) {
    podsOf(clusters[side]);
    clusters[side].onChange(changed);
  }
  changed();
  const views = (): readonly QueueView[] => {
    settle();
    return queues.map((q) => q.view());
  };
  return {
    settle,
    queues: views,
    losing: () => queues.filter((q) => q.hasLost()).map((q) => q.name),
    workQueues: () => {
      settle();
      return queues.map((q) => q.seen());
    },
    switches: () => queues,
    totals: () => {
      const all = views().map((v) => v.totals);
      const sum = (field: keyof QueueTotals): number => all.reduce((n, t) => n + t[field], 0);
      return {
        produced: Math.floor(sum("produced") + DUST),
        consumed: Math.floor(sum("consumed") + DUST),
        lost: up(sum("lost")),
        duplicated: up(sum("duplicated")),
        delayed: up(sum("delayed")),
        discarded: up(sum("discarded")),
      };
    },
    gauges: () => ({
      queue_messages: () =>
        views()
          .filter((v) => v.kind !== "kafka")
          .map((v) => ({ labels: { queue: v.name }, value: v.waiting })),
    }),
  };
};

export type Consumer = {
  readonly name: string;
  readonly kind: QueueKind;
  readonly topic: string;
  readonly workload: string;
  readonly messagesPerSecond: number;
  /** Members beyond these have nothing to do; for Kafka, the partitions. */
  readonly membersMax: number;
  readonly replicas: number;
  readonly pauseSeconds: number;
  /** How its workers take messages, for RabbitMQ and SQS. */
  readonly hands?: Hands;
};
