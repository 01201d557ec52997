/**
 * A cohort: the resolvers of one class that refresh at the same moments. Its caches are data with an expiry; while nothing changes
 * at the servers, a refresh brings the same again, and the expiry is moved by arithmetic instead of by an event.
 */

import type { HostShares } from "../types.ts";
import type { ResolverClass } from "./classes.ts";
import type { Outcome } from "./outcome.ts";

/** The servers of the zone, with the TTL that they came with. */
export type Delegation = { readonly servers: readonly string[]; readonly ttlSeconds: number };

/** What the servers of the world say now. */
export type Authorities = {
  /** The parent's delegation; undefined where no server of the parent answers. */
  readonly fromParent: (startAt: number) => Delegation | undefined;
  /** The zone's own NS set, asked from these servers; undefined where none of them speaks for it. */
  readonly fromChild: (servers: readonly string[], startAt: number) => Delegation | undefined;
  readonly outcome: (servers: readonly string[], startAt: number, host: string) => Outcome;
};

/** A cached thing. `stale`: the servers may have changed since, so its expiry has to be watched. */
type Cached<T> = { value: T; learnedAt: number; keepsMs: number; stale: boolean };

/** Clients of a host that a refresh sent elsewhere. */
export type Moved = { readonly host: string; readonly before: HostShares; readonly after: HostShares };

/** A resolver that ignores TTLs keeps what it has for about this long. */
const IGNORES_MS = 6 * 3_600_000;

/** Nothing is kept shorter, whatever its TTL: a TTL of 0 would be asked for each request, which is once a second here. */
const KEEPS_MS_MIN = 1_000;

/** Moves a cache's beginning to its last refresh before now, as if it had refreshed at every expiry; one that is due now is still to come. */
const catchUp = (cached: Cached<unknown>, now: number): void => {
  const cycles = Math.ceil((now - cached.learnedAt) / cached.keepsMs) - 1;
  if (cycles > 0) cached.learnedAt += cycles * cached.keepsMs;
};

const sameShares = (a: HostShares, b: HostShares): boolean => a.source === b.source && a.target === b.target;

export class Cohort {
  readonly class: ResolverClass;
  /** Which server it asks first; another cohort asks another one. */
  readonly #startAt: number;
  readonly #authorities: Authorities;
  /** Where in its cycles it stands, in [0, 1). */
  readonly #phase: number;
  readonly #ns: Cached<Delegation>;
  readonly #hosts = new Map<string, Cached<Outcome>>();
  #ignoring = false;

  constructor(kind: ResolverClass, index: number, phase: number, authorities: Authorities, now: number) {
    this.class = kind;
    this.#startAt = index;
    this.#phase = phase;
    this.#authorities = authorities;
    const value = this.#learnDelegation([]);
    const keepsMs = this.#nsMs(value);
    this.#ns = { value, keepsMs, learnedAt: now - Math.floor(phase * keepsMs), stale: false };
  }

  /** Where its clients of a host go. A host that is new to it is asked for now. */
  shares(host: string, now: number): HostShares {
    const known = this.#hosts.get(host);
    if (known) return known.value.shares;
    const value = this.#authorities.outcome(this.#ns.value.servers, this.#startAt, host);
    const keepsMs = this.#addressMs(value);
    const learnedAt = now - Math.floor(this.#phase * keepsMs);
    this.#hosts.set(host, { value, keepsMs, learnedAt, stale: this.#ns.stale });
    return value.shares;
  }

  /** The servers have changed: from now on each expiry matters again. */
  noticeChange(now: number): void {
    for (const cached of [this.#ns, ...this.#hosts.values()]) this.#watch(cached, now);
  }

  /** While it ignores TTLs it keeps what it has; afterwards it asks at the next expiry as before. */
  ignore(on: boolean, now: number): void {
    if (!this.class.mayIgnore || on === this.#ignoring) return;
    this.#ignoring = on;
    for (const cached of [this.#ns, ...this.#hosts.values()]) {
      this.#watch(cached, now);
      cached.learnedAt = on ? now : cached.learnedAt;
    }
    this.#remember();
  }

  /** When the next expiry comes that may bring something new; undefined where none does. */
  nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const cached of [this.#ns, ...this.#hosts.values()]) {
      const at = cached.learnedAt + cached.keepsMs;
      if (cached.stale && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Refreshes what has expired. @returns the hosts whose clients go elsewhere now, and where they went before. */
  refresh(now: number): readonly Moved[] {
    if (this.#ns.stale && this.#ns.learnedAt + this.#ns.keepsMs <= now) {
      const before = this.#ns.value.servers;
      const value = this.#learnDelegation(this.#ns.value.servers);
      this.#keep(this.#ns, value, this.#nsMs(value), now);
      if (value.servers.join() !== before.join())
        for (const cached of this.#hosts.values()) this.#watch(cached, now);
    }
    const moved: Moved[] = [];
    for (const [host, cached] of this.#hosts) {
      if (!cached.stale || cached.learnedAt + cached.keepsMs > now) continue;
      const value = this.#authorities.outcome(this.#ns.value.servers, this.#startAt, host);
      const before = cached.value.shares;
      if (!sameShares(value.shares, before)) moved.push({ host, before, after: value.shares });
      this.#keep(cached, value, this.#addressMs(value), now);
    }
    return moved;
  }

  #keep<T>(cached: Cached<T>, value: T, keepsMs: number, now: number): void {
    cached.value = value;
    cached.keepsMs = keepsMs;
    cached.learnedAt = now;
    cached.stale = false;
  }

  #watch(cached: Cached<unknown>, now: number): void {
    if (!cached.stale) catchUp(cached, now);
    cached.stale = true;
  }

  /** After ignoring began or ended, what is held is held for another time. */
  #remember(): void {
    this.#ns.keepsMs = this.#nsMs(this.#ns.value);
    for (const cached of this.#hosts.values()) cached.keepsMs = this.#addressMs(cached.value);
  }

  #nsMs(ns: Delegation): number {
    return this.#keptMs(this.class.keepsNsSeconds(ns.ttlSeconds));
  }

  #addressMs(outcome: Outcome): number {
    return this.#keptMs(this.class.keepsAddressSeconds(outcome.ttlSeconds));
  }

  #keptMs(seconds: number): number {
    if (this.#ignoring) return Math.round((0.5 + this.#phase) * IGNORES_MS);
    return Math.max(KEEPS_MS_MIN, Math.round(seconds * 1000));
  }

  /** A child-centric resolver refreshes from the servers that it knows, and asks the parent only where none of them answers. */
  #learnDelegation(known: readonly string[]): Delegation {
    const { fromParent, fromChild } = this.#authorities;
    const nobody: Delegation = { servers: [], ttlSeconds: 30 };
    if (this.class.delegation === "parent") return fromParent(this.#startAt) ?? nobody;
    const refreshed = fromChild(known, this.#startAt);
    if (refreshed) return refreshed;
    const delegation = fromParent(this.#startAt) ?? nobody;
    return fromChild(delegation.servers, this.#startAt) ?? delegation;
  }
}
