/**
 * What a consumer group has read: positions and commits of each partition, owners, and what becomes of it all. In closed form between
 * changes; nothing is done for a single message. Coordinators (classic.ts, kip848.ts) say who owns what.
 */

import type { Side } from "../../../domain/phases.ts";
import type { Clock } from "../../clock.ts";
import type { Topic } from "./topic.ts";

/** One consumer as the coordinator knows it. Its process may be gone while its session still lasts. */
export class Member {
  readonly id: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly host: string;
  readonly side: Side;
  /** Its process lives and heartbeats. */
  alive = true;
  /** It died by no doing of ours: its node was lost. */
  excused = false;
  /** Heartbeats come every interval from here on. */
  beatsFrom: number;

  constructor(of: Omit<Member, "alive" | "excused" | "beatsFrom">, beatsFrom: number) {
    this.id = of.id;
    this.instanceId = of.instanceId;
    this.clientId = of.clientId;
    this.host = of.host;
    this.side = of.side;
    this.beatsFrom = beatsFrom;
  }
}

type Partition = {
  position: number;
  committed: number;
  owner: Member | undefined;
  /** Its last owner died by no doing of ours. */
  excused: boolean;
};

export type GroupFigures = {
  readonly rebalances: number;
  /** Read twice: what an owner had read and not committed when it lost a partition. */
  readonly duplicates: number;
  /** Written and gone before anybody read it. */
  readonly lost: number;
  readonly longestDelayMs: number;
  /** Of these, what came while the group was on the move and nothing else troubled it: what the move is judged by. */
  readonly ownDuplicates: number;
  readonly ownDelayMs: number;
};

export type GroupOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly topic: Topic;
  /** Members of the plan: together they carry half as much again as what comes in. */
  readonly members: number;
  /** Live members beyond which brokers slow down. */
  readonly membersMax: number;
  readonly commitSeconds: number;
  /** What a member has in hand, uncommitted, when it gives a partition back in order. */
  readonly inHandSeconds: number;
  /** Whether what happens now is the move's doing: it is under way, and no fault is. */
  readonly isOwn: () => boolean;
};

/** All members together carry this many times what comes in. */
const MEMBER_HEADROOM = 1.5;
/** Messages a second that the members of a topic without any are made for. */
const QUIET_RATE = 50;

export class Group {
  readonly name: string;
  readonly topic: Topic;
  readonly members = new Set<Member>();
  readonly #options: GroupOptions;
  readonly #partitions: Partition[];
  readonly #capacity: number;
  #advancedTo: number;
  #figures = { rebalances: 0, duplicates: 0, lost: 0, longestDelayMs: 0, ownDuplicates: 0, ownDelayMs: 0 };
  #delaySinceMs = 0;

  constructor(options: GroupOptions) {
    const { topic, clock, members } = options;
    this.name = options.name;
    this.topic = topic;
    this.#options = options;
    this.#advancedTo = clock.now();
    const end = topic.end(clock.now());
    this.#partitions = Array.from({ length: topic.partitions }, () => ({
      position: end,
      committed: end,
      owner: undefined,
      excused: false,
    }));
    const useful = Math.max(1, Math.min(members, topic.partitions));
    // Members of a topic that is quiet now can read all the same.
    const comesIn = Math.max(topic.rate() * topic.partitions, QUIET_RATE);
    this.#capacity = (comesIn * MEMBER_HEADROOM) / useful;
    topic.onRate(() => this.advance());
  }

  owners(): readonly (Member | undefined)[] {
    return this.#partitions.map((p) => p.owner);
  }

  ownedBy(member: Member): readonly number[] {
    return this.#partitions.flatMap((p, i) => (p.owner === member ? [i] : []));
  }

  live(): readonly Member[] {
    return [...this.members].filter((m) => m.alive);
  }

  rebalanced(): void {
    this.#figures.rebalances += 1;
  }

  figures(): GroupFigures {
    this.advance();
    return { ...this.#figures };
  }

  /** The longest delay since it was asked before. */
  takeDelay(): number {
    this.advance();
    const delayMs = this.#delaySinceMs;
    this.#delaySinceMs = 0;
    return delayMs;
  }

  /** Messages that were written and not yet read. */
  unread(): number {
    this.advance();
    const end = this.topic.end(this.#advancedTo);
    return this.#partitions.reduce((sum, p) => sum + (end - p.position), 0);
  }

  /** For how long the oldest message that nobody has read has waited. */
  oldestMs(): number {
    this.advance();
    return this.behindMs();
  }

  /** The same as of the last change. */
  behindMs(): number {
    const rate = this.topic.rate();
    if (rate <= 0) return 0;
    const end = this.topic.end(this.#advancedTo);
    return (Math.max(...this.#partitions.map((p) => end - p.position)) / rate) * 1000;
  }

  /** Whole offsets, as the offsets topic has them. */
  committed(): readonly number[] {
    this.advance();
    return this.#partitions.map((p) => Math.floor(p.committed));
  }

  /** Gives a partition up. In order: what was read is committed but for what is in hand; else nothing more than the last commit. */
  release(index: number, inOrder: boolean): void {
    this.advance();
    const partition = this.#partitions[index];
    if (!partition?.owner) return;
    partition.excused = partition.owner.excused;
    partition.owner = undefined;
    if (!inOrder) return;
    const inHand = this.topic.rate() * this.#options.inHandSeconds;
    partition.committed = Math.max(partition.committed, partition.position - inHand);
  }

  releaseAll(member: Member, inOrder: boolean): void {
    for (const index of this.ownedBy(member)) this.release(index, inOrder);
  }

  /** Reads on from the last commit: what lay between it and the position is read twice. */
  take(index: number, member: Member): void {
    this.advance();
    const partition = this.#partitions[index];
    if (!partition || partition.owner === member) return;
    const repeated = partition.position - partition.committed;
    this.#figures.duplicates += repeated;
    if (!partition.excused && this.#options.isOwn()) this.#figures.ownDuplicates += repeated;
    partition.position = partition.committed;
    partition.owner = member;
    this.#age(partition, this.topic.end(this.#advancedTo));
  }

  /** The log is gone with its broker. @returns how much nobody had read. */
  drop(lost: boolean): number {
    const unread = this.unread();
    const end = this.topic.end(this.#advancedTo);
    for (const partition of this.#partitions) {
      partition.position = end;
      partition.committed = end;
    }
    if (lost) this.#figures.lost += unread;
    return unread;
  }

  /** Lets time pass at the rates that there were. */
  advance(): void {
    const now = this.#options.clock.now();
    const seconds = (now - this.#advancedTo) / 1000;
    if (seconds <= 0) return;
    const end = this.topic.end(now);
    const began = this.#advancedTo;
    this.#advancedTo = now;
    const every = this.#options.commitSeconds * 1000;
    const lastCommit = Math.floor(now / every) * every;
    const sinceCommit = (now - lastCommit) / 1000;
    const before = end - this.topic.rate() * seconds;
    for (const [partition, rate] of this.#readingRates()) {
      this.#age(partition, before);
      const start = partition.position;
      partition.position = Math.min(end, start + rate * seconds);
      if (lastCommit > began)
        partition.committed = Math.min(
          end - this.topic.rate() * sinceCommit,
          start + rate * (seconds - sinceCommit),
        );
      this.#age(partition, end);
    }
  }

  /** A member's capacity is shared by what it owns; brokers with too many clients slow everybody down. */
  #readingRates(): readonly (readonly [Partition, number])[] {
    const owned = new Map<Member, number>();
    for (const { owner } of this.#partitions) if (owner) owned.set(owner, (owned.get(owner) ?? 0) + 1);
    const live = this.live().length;
    const slowed = live > this.#options.membersMax ? (this.#options.membersMax / live) ** 2 : 1;
    return this.#partitions.flatMap((p) =>
      p.owner?.alive ? [[p, (this.#capacity * slowed) / (owned.get(p.owner) ?? 1)] as const] : [],
    );
  }

  /** The record that is read next has waited for as long as what waits took to come in. */
  #age(partition: Partition, end: number): void {
    const rate = this.topic.rate();
    if (rate <= 0) return;
    const delayMs = ((end - partition.position) / rate) * 1000;
    this.#delaySinceMs = Math.max(this.#delaySinceMs, delayMs);
    this.#figures.longestDelayMs = Math.max(this.#figures.longestDelayMs, delayMs);
    if (delayMs > this.#figures.ownDelayMs && this.#options.isOwn()) this.#figures.ownDelayMs = delayMs;
  }
}
