/**
 * Workers of one queue change sides by shares: some more on the target, seen to consume, then as many fewer on the source. What a broker says
 * of the queue is judged here; who asks it is a step.
 */

import type { Queue } from "./settings/messaging.ts";

/** Numbers of both sides once a step is made: first the target's, then the source's. */
export type WorkerStep = { readonly target: number; readonly source: number };

/**
 * A step more at the same time than there were: what brokers, databases and third parties of the workers have to bear.
 * @param total What the target has in the end. @param now What the source has before; an autoscaler may have made it another number.
 */
export const stepsFor = (total: number, share: number, now = total): readonly WorkerStep[] => {
  const size = Math.max(1, Math.floor(total * share));
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => {
    const target = Math.min(total, (i + 1) * size);
    return { target, source: Math.max(0, now - target) };
  });
};

/** How long a broker's figures lag behind: RabbitMQ collects every 5 s; SQS's attributes settle within a minute. */
export const SETTLING_SECONDS: { readonly [K in Queue["kind"]]: number } = { rabbitmq: 10, sqs: 60 };

/** A consumer as the broker lists it. */
export type QueueConsumer = {
  /** Its client's address, as the broker sees it. */
  readonly address: string;
  /** Zero is no limit. */
  readonly prefetch: number;
  /** Delivered to it and not acknowledged; undefined where the broker doesn't say it. */
  readonly unacked: number | undefined;
};

/** What a broker says of one queue. */
export type QueueSeen = {
  /** Messages that wait for a consumer. */
  readonly ready: number;
  /** Messages that a consumer holds. */
  readonly unacked: number;
  /** SQS: messages whose delay isn't over. */
  readonly delayed: number;
  /** Undefined where the service knows no consumers (SQS). */
  readonly consumers: readonly QueueConsumer[] | undefined;
  /** Messages ever published to it: that it stands still is proof, a rate of zero is none. Undefined where the service doesn't count (SQS). */
  readonly published: number | undefined;
};

/** A worker pod of one side, as its cluster has it. */
export type WorkerPod = {
  readonly name: string;
  readonly address: string | undefined;
  readonly ready: boolean;
  /** Seconds for which it has been ready; zero while it isn't. */
  readonly readySeconds: number;
  /** Seconds since it should have been gone; undefined while nobody deletes it, negative within its grace period. */
  readonly overdueSeconds: number | undefined;
};

export type Workers = {
  readonly side: "source" | "target";
  readonly wanted: number;
  readonly pods: readonly WorkerPod[];
};

/** What was found about one question, as gates say it. */
export type WorkerFinding = {
  readonly check: "workers/consuming" | "workers/terminating" | "workers/unacked" | "workers/backlog";
  readonly passes: boolean | undefined;
  readonly sentence: string;
  readonly remedy: string;
  readonly value: number;
  readonly threshold: string;
};

/** Beyond its grace period a pod is not late but stuck. */
const OVERDUE_SECONDS = 30;
/** Messages that may wait more than at the beginning: what comes while a step is made. */
const BACKLOG_SECONDS = 60;

const isGoing = (pod: WorkerPod): boolean => pod.overdueSeconds !== undefined;

/** Whether as many pods of a side consume as it wants. */
export const judgeConsuming = (
  name: string,
  workers: Workers,
  queue: Queue,
  seen: QueueSeen,
): WorkerFinding => {
  const { side, wanted, pods } = workers;
  const standing = pods.filter((p) => p.ready && !isGoing(p));
  const addresses = new Set(seen.consumers?.map((c) => c.address));
  const settled = standing.filter((p) =>
    seen.consumers === undefined
      ? p.readySeconds >= SETTLING_SECONDS[queue.kind]
      : p.address !== undefined && addresses.has(p.address),
  );
  const how =
    seen.consumers === undefined
      ? `ready for ${SETTLING_SECONDS[queue.kind]} s (SQS knows no consumers)`
      : `consumers of ${queue.queue} at the broker, by their addresses`;
  return {
    check: "workers/consuming",
    passes: settled.length >= wanted ? true : undefined,
    sentence: `${name} on the ${side}: ${settled.length} of ${wanted} pods are ${how}.`,
    remedy: `Look at the logs of the pods of ${name} on the ${side}: do they reach the broker, and with the right credentials?`,
    value: settled.length,
    threshold: `${wanted}`,
  };
};

/** Whether pods that were told to stop do stop. */
export const judgeTerminating = (name: string, { side, pods }: Workers): WorkerFinding => {
  const going = pods.filter(isGoing);
  const stuck = going.find((p) => (p.overdueSeconds ?? 0) > OVERDUE_SECONDS);
  return {
    check: "workers/terminating",
    passes: stuck ? false : going.length === 0 ? true : undefined,
    sentence: stuck
      ? `${stuck.name} of ${name} on the ${side} should have been gone ${Math.round(stuck.overdueSeconds ?? 0)} s ago and hangs in Terminating: its process never got the signal, or a finalizer or its node holds it. Nothing more is stopped.`
      : `${going.length} pods of ${name} on the ${side} are stopping.`,
    remedy: `kubectl -n ${name.split("/")[0]} describe pod ${stuck?.name ?? ""}: a finalizer, a preStop hook that never ends, a lost node or a container runtime that doesn't pass the signal on. Remove the cause, then retry.`,
    value: going.length,
    threshold: `none later than ${OVERDUE_SECONDS} s after its grace period`,
  };
};

/** Whether the broker has out no more than its consumers may hold. */
export const judgeUnacked = (
  name: string,
  queue: Queue,
  seen: QueueSeen,
  stopping: number,
): WorkerFinding => {
  const { consumers, unacked } = seen;
  const free = consumers?.some((c) => c.prefetch === 0) ?? true;
  const room = (consumers ?? []).reduce((sum, c) => sum + c.prefetch, 0) + stopping * queue.prefetch;
  return {
    check: "workers/unacked",
    passes: free || unacked <= room ? true : undefined,
    sentence: free
      ? `${unacked} messages of ${queue.queue} are out; its consumers have no limit.`
      : `${unacked} messages of ${queue.queue} are out, where ${consumers?.length ?? 0} consumers may hold ${room}.`,
    remedy: `Find the consumer of ${queue.queue} that holds messages and isn't one of ${name}'s pods.`,
    value: unacked,
    threshold: free ? "no limit" : `at most ${room}`,
  };
};

/** Whether the queue is worked on as well as before the first step. */
export const judgeBacklog = (queue: Queue, seen: QueueSeen, before: number): WorkerFinding => {
  const most = Math.ceil(before + queue.messagesPerSecond * BACKLOG_SECONDS);
  return {
    check: "workers/backlog",
    passes: seen.ready <= most ? true : undefined,
    sentence: `${seen.ready} messages of ${queue.queue} wait; ${before} waited when its workers began to shift.`,
    remedy: `More comes into ${queue.queue} than its workers take. Wait, or find out what slows them down.`,
    value: seen.ready,
    threshold: `at most ${most}`,
  };
};
