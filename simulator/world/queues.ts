/**
 * Kafka groups and RabbitMQ or SQS queues: messages come at a rate, ready member pods of both clusters take them, and what waits grows while
 * there is nobody. A broker outside the clusters, or one that stays on the source, is one log for both; one that is rebuilt on the target is a
 * second, empty log. Counted: produced, consumed, duplicated, delayed, and lost.
 */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import { concerns } from "./changes.ts";
import { brokerOf, consumersOf } from "./queue-consumers.ts";
import { type Log, makeLog } from "./queue-log.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Changed, Cluster, PodView } from "./types.ts";

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

/** All members together carry this many times what comes in. */
const MEMBER_HEADROOM = 1.5;
/** A message may wait so long, beyond the pause that the plan states. */
const OBJECTIVE_SECONDS = 60;
/** Seconds of its work that a killed member had not confirmed: the usual auto-commit interval, or what it had prefetched. */
const UNCONFIRMED_SECONDS: { readonly [K in QueueKind]: number } = { kafka: 5, rabbitmq: 1, sqs: 1 };
const DUST = 1e-6;
const up = (x: number): number => Math.max(0, Math.ceil(x - DUST));

export const makeQueues = (options: QueueOptions): QueueWorld => {
  const clusters: { readonly [S in Side]: Cluster } = options;
  const queues = consumersOf(options.plan)
    .filter((consumer) => consumer.kind !== "kafka")
    .map((consumer) => new Queue(consumer, options));
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
};

type MemberState = { readonly working: number; readonly pods: ReadonlyMap<string, boolean> };

class Queue {
  readonly #consumer: Consumer;
  readonly #broker: ReturnType<typeof brokerOf>;
  readonly #logs: { readonly [S in Side]: Log };
  readonly #apart: boolean;
  readonly #targetShare: () => number;
  #members: { readonly [S in Side]: MemberState } = { source: NOBODY, target: NOBODY };
  #brokers: { readonly [S in Side]: boolean } = { source: false, target: false };
  #share: number;
  #lost = 0;
  #discarded = 0;

  constructor(consumer: Consumer, { plan, targetShare }: QueueOptions) {
    this.#consumer = consumer;
    this.#broker = brokerOf(consumer, plan);
    this.#apart = this.#broker?.rebuilt === true;
    const objective = OBJECTIVE_SECONDS + consumer.pauseSeconds;
    const source = makeLog(objective);
    this.#logs = { source, target: this.#apart ? makeLog(objective) : source };
    this.#targetShare = targetShare ?? (() => 0);
    this.#share = 0;
  }

  pass(seconds: number): void {
    const { messagesPerSecond } = this.#consumer;
    if (this.#apart) {
      this.#logs.source.pass(seconds, messagesPerSecond * (1 - this.#share), this.#capacity("source"));
      this.#logs.target.pass(seconds, messagesPerSecond * this.#share, this.#capacity("target"));
    } else {
      this.#logs.source.pass(seconds, messagesPerSecond, this.#capacity("source") + this.#capacity("target"));
    }
    // A log that both sides share needs no share of the clients, and asking for it makes the traffic look at itself.
    if (this.#apart) this.#share = Math.min(1, Math.max(0, this.#targetShare()));
  }

  /** Counts members and brokers again; what a killed member had in hand comes a second time. */
  look(clusters: { readonly [S in Side]: Cluster }): void {
    const members = { source: this.#count(clusters.source), target: this.#count(clusters.target) };
    for (const side of SIDES) this.#repeatKilled(side, members[side]);
    this.#members = members;
    const broker = this.#broker;
    if (!broker) return;
    for (const side of SIDES) {
      const up = podsOf(clusters[side]).accepting(broker.workload) > 0;
      // The log lives in the broker's pods where no volume holds it.
      if (this.#brokers[side] && !up && broker.volatile && (this.#apart || side === broker.side))
        this.#drop(side);
      this.#brokers = { ...this.#brokers, [side]: up };
    }
  }

  /** Whether its members or its broker may be among what changed. */
  isConcerned(change: Changed | undefined): boolean {
    const broker = this.#broker?.workload;
    return concerns(change, this.#consumer.workload) || (broker !== undefined && concerns(change, broker));
  }

  view(): QueueView {
    const { name, kind, topic, workload } = this.#consumer;
    const logs = this.#apart ? [this.#logs.source, this.#logs.target] : [this.#logs.source];
    const sum = (pick: (log: Log) => number): number => logs.reduce((n, log) => n + pick(log), 0);
    return {
      name,
      kind,
      topic,
      workload,
      members: { source: this.#members.source.working, target: this.#members.target.working },
      waiting: sum((log) => log.waiting()),
      totals: {
        produced: sum((log) => log.counts().produced),
        consumed: sum((log) => log.counts().consumed),
        duplicated: sum((log) => log.counts().duplicated),
        delayed: sum((log) => log.counts().delayed),
        lost: this.#lost,
        discarded: this.#discarded,
      },
    };
  }

  #count(cluster: Cluster): MemberState {
    const pods = podsOf(cluster).of(this.#consumer.workload);
    return {
      working: pods.filter((p) => p.ready && p.accepting && !p.terminating).length,
      pods: new Map(pods.filter((p) => p.accepting).map((p: PodView) => [p.name, p.terminating])),
    };
  }

  /** A member takes its share; beyond the partitions there is nothing to take. */
  #capacity(side: Side): number {
    const { messagesPerSecond, replicas, membersMax } = this.#consumer;
    const { source, target } = this.#members;
    const all = this.#apart ? this.#members[side].working : source.working + target.working;
    const useful = all === 0 ? 0 : (this.#members[side].working / all) * Math.min(all, membersMax);
    return (useful * messagesPerSecond * MEMBER_HEADROOM) / Math.max(1, Math.min(replicas, membersMax));
  }

  #repeatKilled(side: Side, now: MemberState): void {
    const before = this.#members[side];
    const killed = [...before.pods].filter(
      ([name, terminating]) => !terminating && !now.pods.has(name),
    ).length;
    if (killed === 0 || before.working === 0) return;
    const rate = Math.min(this.#consumer.messagesPerSecond, this.#capacity(side)) / before.working;
    this.#logs[side].repeat(killed * rate * UNCONFIRMED_SECONDS[this.#consumer.kind]);
  }

  #drop(side: Side): void {
    const gone = this.#logs[side].drop();
    if (this.#apart) this.#discarded += gone;
    else this.#lost += gone;
  }
}

const NOBODY: MemberState = { working: 0, pods: new Map() };
