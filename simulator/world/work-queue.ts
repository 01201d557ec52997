/**
 * One RabbitMQ or SQS queue: messages wait (ready) or are in a worker's hands (unacknowledged), as many as it may prefetch. A worker that is told
 * to stop finishes what it holds if its grace period lets it; one that dies gives it back: at once where the broker sees the connection end, after
 * the visibility timeout at SQS.
 */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Queue } from "../../domain/settings/messaging.ts";
import type { Clock } from "../clock.ts";
import { concerns } from "./changes.ts";
import { brokerOf } from "./queue-consumers.ts";
import { type Log, makeLog } from "./queue-log.ts";
import type { Consumer, QueueView } from "./queues.ts";
import { podsOf } from "./traffic/pods.ts";
import type { Changed, Cluster, PodView } from "./types.ts";

/** How the workers of a queue take messages. */
export type Hands = Pick<Queue, "prefetch" | "messageSeconds" | "visibilitySeconds" | "vhost"> & {
  readonly graceSeconds: number;
};

const HANDS: Hands = { prefetch: 10, messageSeconds: 1, visibilitySeconds: 30, vhost: "/", graceSeconds: 30 };

/** A worker that is connected to the broker. */
export type Worker = { readonly side: Side; readonly pod: PodView; readonly unacked: number };

export type WorkQueueView = {
  readonly name: string;
  readonly kind: "rabbitmq" | "sqs";
  readonly vhost: string;
  readonly prefetch: number;
  readonly ready: number;
  readonly unacked: number;
  readonly published: number;
  readonly workers: readonly Worker[];
};

export type WorkQueueOptions = {
  readonly clock: Clock;
  readonly plan: Plan;
  readonly targetShare?: () => number;
  /** Books the time until now. */
  readonly settle: () => void;
};

/** All workers together carry this many times what comes in. */
const HEADROOM = 1.5;
const OBJECTIVE_SECONDS = 60;

/** A worker that starts loads what it needs before it subscribes; it may be Ready long before. */
const SUBSCRIBE_MS = 20_000;

/** A worker's pod from the moment at which its process is there. */
type Known = {
  readonly pod: PodView;
  /** When it subscribes; undefined before it is ready. */
  readonly subscribesAt: number | undefined;
  readonly stopsAt: number | undefined;
  stuck: number;
};

const works = (pod: PodView): boolean =>
  pod.ready && pod.accepting && (!pod.terminating || pod.hanging === true);

export class WorkQueue {
  readonly #consumer: Consumer;
  readonly #hands: Hands;
  readonly #options: WorkQueueOptions;
  readonly #broker: ReturnType<typeof brokerOf>;
  readonly #apart: boolean;
  readonly #logs: { readonly [S in Side]: Log };
  #known: { readonly [S in Side]: ReadonlyMap<string, Known> } = { source: new Map(), target: new Map() };
  #working: { readonly [S in Side]: number } = { source: 0, target: 0 };
  #brokers: { readonly [S in Side]: boolean } = { source: false, target: false };
  #unreachable: { readonly [S in Side]: boolean } = { source: false, target: false };
  #begun = false;
  #share = 0;
  #publishing = 1;
  #elsewhere = false;
  #reappeared = false;
  /** SQS: in nobody's hands any more and not visible yet. */
  readonly #hidden = new Set<{ readonly inLog: number; readonly aside: number }>();
  #lost = 0;
  #discarded = 0;

  constructor(consumer: Consumer, options: WorkQueueOptions) {
    this.#consumer = consumer;
    this.#hands = consumer.hands ?? HANDS;
    this.#options = options;
    this.#broker = brokerOf(consumer, options.plan);
    this.#apart = this.#broker?.rebuilt === true;
    const source = makeLog(OBJECTIVE_SECONDS + consumer.pauseSeconds);
    this.#logs = {
      source,
      target: this.#apart ? makeLog(OBJECTIVE_SECONDS + consumer.pauseSeconds) : source,
    };
  }

  pass(seconds: number): void {
    const rate = this.#rate();
    if (this.#apart) {
      this.#logs.source.pass(seconds, rate * (1 - this.#share), this.#capacity("source"));
      this.#logs.target.pass(seconds, rate * this.#share, this.#capacity("target"));
      this.#share = Math.min(1, Math.max(0, this.#options.targetShare?.() ?? 0));
    } else if (this.#isDown()) this.#lost += rate * seconds;
    else this.#logs.source.pass(seconds, rate, this.#capacity("source") + this.#capacity("target"));
  }

  /** Looks at the pods again: who is gone gives back what it held and had no time for. */
  look(clusters: { readonly [S in Side]: Cluster }): void {
    const now = this.#options.clock.now();
    for (const side of SIDES) {
      const before = this.#known[side];
      const each = this.#unackedEach(side);
      const pods = podsOf(clusters[side]).of(this.#consumer.workload);
      const known = new Map<string, Known>();
      for (const pod of pods) {
        if (!pod.accepting) continue;
        const old = before.get(pod.name);
        const stops = pod.terminating && pod.hanging !== true;
        known.set(pod.name, {
          pod,
          subscribesAt: old?.subscribesAt ?? this.#subscription(pod),
          stopsAt: stops ? (old?.stopsAt ?? now) : undefined,
          stuck: old?.stuck ?? 0,
        });
      }
      for (const [name, gone] of before) if (!known.has(name)) this.#end(side, gone, each);
      this.#known = { ...this.#known, [side]: known };
    }
    this.#begun = true;
    this.#count();
    this.#lookAtBrokers(clusters);
  }

  /** Whether its workers or its broker may be among what changed. */
  isConcerned(change: Changed | undefined): boolean {
    const broker = this.#broker?.workload;
    return concerns(change, this.#consumer.workload) || (broker !== undefined && concerns(change, broker));
  }

  get name(): string {
    return this.#consumer.name;
  }

  /** From now on this share of the usual messages comes in. */
  publish(share: number): void {
    this.#options.settle();
    this.#publishing = share;
  }

  /** People send the publishers to another place, or back. */
  sendElsewhere(elsewhere: boolean): void {
    this.#options.settle();
    this.#elsewhere = elsewhere;
  }

  /** Publishers come although they were sent elsewhere; none where they weren't. @returns whether they did. */
  reappear(on: boolean): boolean {
    this.#options.settle();
    this.#reappeared = on;
    return on && this.#elsewhere;
  }

  /** Some messages stay in the hands of one worker, which never acknowledges them. @returns whether there was one. */
  stick(messages: number): boolean {
    this.#options.settle();
    for (const side of SIDES)
      for (const known of this.#known[side].values())
        if (this.#takes(side, known)) {
          known.stuck += messages;
          this.#logs[side].hold(messages);
          return true;
        }
    return false;
  }

  /** What stuck is acknowledged after all. */
  release(): void {
    this.#options.settle();
    for (const side of SIDES)
      for (const known of this.#known[side].values()) {
        this.#logs[side].hold(-known.stuck);
        known.stuck = 0;
      }
  }

  /** Whether a whole message is gone that nobody had read. */
  hasLost(): boolean {
    return this.#lost >= 1;
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
      members: this.#working,
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

  /** As its broker has it (the source's, where each side has one of its own). */
  seen(): WorkQueueView {
    const sides: readonly Side[] = this.#apart ? ["source"] : SIDES;
    const workers = sides.flatMap((side) => {
      const each = this.#unackedEach(side);
      return [...this.#known[side].values()]
        .filter((known) => this.#isConnected(side, known))
        .map(
          ({ pod, stuck }): Worker => ({
            side,
            pod,
            unacked: Math.min(this.#hands.prefetch, Math.round(each) + stuck),
          }),
        );
    });
    const waiting = Math.round(this.#logs.source.waiting());
    const out = workers.reduce((sum, w) => sum + w.unacked, 0);
    const hidden = [...this.#hidden].reduce((sum, h) => sum + h.inLog, 0);
    const aside = [...this.#hidden].reduce((sum, h) => sum + h.aside, 0);
    const unacked = waiting > 0 ? Math.min(waiting, out + Math.round(hidden)) : out;
    return {
      name: this.#consumer.name,
      kind: this.#consumer.kind === "sqs" ? "sqs" : "rabbitmq",
      vhost: this.#hands.vhost,
      prefetch: this.#hands.prefetch,
      ready: waiting > 0 ? waiting - unacked : 0,
      unacked: unacked + Math.round(aside),
      published: Math.floor(this.#logs.source.counts().produced),
      workers,
    };
  }

  /** From now on the workers of a side can't reach the broker, or can again. */
  cutOff(side: Side, off: boolean): void {
    this.#options.settle();
    this.#unreachable = { ...this.#unreachable, [side]: off };
    this.#count();
  }

  /** Whether its broker runs in the source and serves the target's workers as well. */
  get crosses(): boolean {
    return this.#broker?.side === "source" && !this.#broker.rebuilt;
  }

  #isConnected(side: Side, { subscribesAt }: Known): boolean {
    return (
      !this.#unreachable[side] && subscribesAt !== undefined && subscribesAt <= this.#options.clock.now()
    );
  }

  #takes(side: Side, known: Known): boolean {
    return works(known.pod) && this.#isConnected(side, known);
  }

  #count(): void {
    const count = (side: Side): number =>
      [...this.#known[side].values()].filter((known) => this.#takes(side, known)).length;
    this.#working = { source: count("source"), target: count("target") };
  }

  /** When a pod that has become ready subscribes; what ran when the run began has subscribed long ago. */
  #subscription(pod: PodView): number | undefined {
    if (!works(pod)) return undefined;
    const { clock, settle } = this.#options;
    if (!this.#begun) return clock.now();
    clock.after(SUBSCRIBE_MS, () => {
      settle();
      this.#count();
    });
    return clock.now() + SUBSCRIBE_MS;
  }

  /** The one broker of both sides was there and isn't: nobody can publish to it, nobody takes anything from it. */
  #isDown(): boolean {
    const broker = this.#broker;
    return this.#begun && broker !== undefined && !this.#brokers[broker.side];
  }

  #rate(): number {
    const usual = this.#consumer.messagesPerSecond * this.#publishing;
    return this.#elsewhere && !this.#reappeared ? 0 : usual;
  }

  #perWorker(): number {
    return (this.#consumer.messagesPerSecond * HEADROOM) / Math.max(1, this.#consumer.replicas);
  }

  #capacity(side: Side): number {
    return this.#working[side] * this.#perWorker();
  }

  /** What each worker of a side holds: all that it may while messages wait, else what comes in while it works on one. */
  #unackedEach(side: Side): number {
    const { prefetch, messageSeconds } = this.#hands;
    const all = this.#apart ? this.#working[side] : this.#working.source + this.#working.target;
    if (this.#logs[side].waiting() > 0 || all === 0) return prefetch;
    const share = this.#apart ? (side === "target" ? this.#share : 1 - this.#share) : 1;
    return Math.min(prefetch, ((this.#rate() * share) / all) * messageSeconds);
  }

  /** A worker's connection ended. */
  #end(side: Side, known: Known, each: number): void {
    const { stopsAt, stuck } = known;
    const { clock, settle } = this.#options;
    // It was told to stop, took no more, and had the time for what it held.
    const finished = stopsAt !== undefined && this.#hands.graceSeconds >= this.#hands.messageSeconds;
    const log = this.#logs[side];
    const left = finished || !this.#isConnected(side, known) ? 0 : each;
    log.hold(-stuck);
    // While messages wait, those in hand are counted among them: nobody is done with them yet.
    const busy = log.waiting() > 0;
    const back = stuck + (busy ? 0 : Math.min(left, log.counts().consumed));
    if (busy) log.repeat(left);
    if (this.#consumer.kind === "rabbitmq") {
      if (back > 0) log.giveBack(back);
      return;
    }
    if (back + left <= 0) return;
    log.hold(back);
    const hidden = { inLog: busy ? left : 0, aside: back };
    this.#hidden.add(hidden);
    clock.after(this.#hands.visibilitySeconds * 1000, () => {
      settle();
      this.#hidden.delete(hidden);
      log.hold(-back);
      log.giveBack(back);
    });
  }

  /** The messages live in the broker's pods where no volume holds them. */
  #lookAtBrokers(clusters: { readonly [S in Side]: Cluster }): void {
    const broker = this.#broker;
    if (!broker) return;
    for (const side of SIDES) {
      const up = podsOf(clusters[side]).accepting(broker.workload) > 0;
      if (this.#brokers[side] && !up && broker.volatile && (this.#apart || side === broker.side)) {
        const gone = this.#logs[side].drop();
        if (this.#apart) this.#discarded += gone;
        else this.#lost += gone;
      }
      this.#brokers = { ...this.#brokers, [side]: up };
    }
  }
}
