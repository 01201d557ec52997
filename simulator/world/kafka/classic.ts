/**
 * The classic protocol: members learn at their heartbeats that a rebalance is on and join again; when all have, it is over. Eager members stop
 * reading when they learn of it; cooperative ones give up only what moves, and that takes a second round.
 */

import type { Clock } from "../../clock.ts";
import { stickyAssignment } from "./assign.ts";
import {
  type Coordinator,
  type CoordinatorState,
  nextBeat,
  ROUND_TRIPS_MS,
  spreadBeats,
  type Timing,
} from "./coordinator.ts";
import type { Group, Member } from "./group.ts";

export class Classic implements Coordinator {
  readonly #group: Group;
  readonly #clock: Clock;
  readonly #timing: Timing;
  readonly #eager: boolean;
  #phase: CoordinatorState = "empty";
  readonly #joined = new Set<Member>();
  /** Each rebalance ends the timers of the one before. */
  #round = 0;
  /** An empty group waits for more; whoever comes meanwhile makes it wait once more. */
  #waiting = false;
  #grew = false;
  /** What members that are away still have by their assignment. */
  readonly #kept = new Map<Member, readonly number[]>();

  constructor(group: Group, clock: Clock, timing: Timing, eager: boolean) {
    this.#group = group;
    this.#clock = clock;
    this.#timing = timing;
    this.#eager = eager;
  }

  state(): CoordinatorState {
    return this.#phase;
  }

  assigned(member: Member): readonly number[] {
    return this.#kept.get(member) ?? this.#group.ownedBy(member);
  }

  begin(members: readonly Member[]): void {
    for (const member of members) this.#group.members.add(member);
    if (members.length === 0) return;
    this.#assign();
    spreadBeats(members, this.#clock.now(), this.#timing.heartbeatMs);
    this.#phase = "stable";
  }

  join(member: Member): { readonly fenced?: Member } {
    const incumbent =
      member.instanceId === undefined
        ? undefined
        : [...this.#group.members].find((m) => m.instanceId === member.instanceId);
    if (incumbent) return this.#replace(incumbent, member);
    this.#group.members.add(member);
    if (this.#phase === "empty") this.#wait(member);
    else {
      if (this.#phase === "stable") this.#prepare();
      this.#joined.add(member);
      this.#grew = true;
      this.#completeIfAll();
    }
    this.#timing.changed();
    return {};
  }

  leave(member: Member): void {
    const owned = this.#group.ownedBy(member);
    this.#group.releaseAll(member, true);
    member.alive = false;
    if (member.instanceId === undefined) this.#remove(member);
    else {
      this.#kept.set(member, owned);
      this.#expire(member);
    }
    this.#timing.changed();
  }

  lose(member: Member): void {
    this.#group.advance();
    member.alive = false;
    this.#expire(member);
    this.#timing.changed();
  }

  disturb(): void {
    if (this.#phase !== "stable") return;
    this.#prepare();
    this.#timing.changed();
  }

  /** The same static id again: the newcomer gets what the incumbent had, without a rebalance; an incumbent that lives is fenced. */
  #replace(incumbent: Member, member: Member): { readonly fenced?: Member } {
    const owned = this.assigned(incumbent);
    const fenced = incumbent.alive;
    this.#group.releaseAll(incumbent, false);
    incumbent.alive = false;
    this.#kept.delete(incumbent);
    this.#group.members.delete(incumbent);
    this.#group.members.add(member);
    if (this.#joined.delete(incumbent) || this.#phase === "rebalancing") this.#joined.add(member);
    for (const index of owned) if (!this.#group.owners()[index]) this.#group.take(index, member);
    this.#completeIfAll();
    this.#timing.changed();
    return fenced ? { fenced: incumbent } : {};
  }

  #expire(member: Member): void {
    this.#clock.after(this.#timing.sessionMs, () => {
      if (member.alive || !this.#group.members.has(member)) return;
      this.#group.releaseAll(member, false);
      this.#remove(member);
      this.#timing.changed();
    });
  }

  #remove(member: Member): void {
    this.#group.members.delete(member);
    this.#joined.delete(member);
    this.#kept.delete(member);
    if (this.#group.members.size === 0) {
      this.#round += 1;
      this.#waiting = false;
      this.#phase = "empty";
    } else if (this.#phase === "stable") this.#prepare();
    else this.#completeIfAll();
  }

  #wait(first: Member): void {
    this.#phase = "rebalancing";
    this.#round += 1;
    this.#joined.clear();
    this.#joined.add(first);
    this.#waiting = true;
    const again = (round: number): void => {
      this.#grew = false;
      this.#clock.after(this.#timing.initialDelayMs, () => {
        if (this.#round !== round) return;
        if (this.#grew) return again(round);
        this.#waiting = false;
        this.#completeIfAll();
      });
    };
    again(this.#round);
  }

  #prepare(): void {
    this.#phase = "rebalancing";
    this.#round += 1;
    this.#joined.clear();
    const round = this.#round;
    const now = this.#clock.now();
    for (const member of this.#group.members) {
      this.#clock.at(nextBeat(member, now, this.#timing.heartbeatMs), () => {
        if (this.#round !== round || !member.alive || !this.#group.members.has(member)) return;
        if (this.#eager) this.#group.releaseAll(member, true);
        this.#joined.add(member);
        this.#completeIfAll();
      });
    }
  }

  #completeIfAll(): void {
    if (this.#phase !== "rebalancing" || this.#waiting) return;
    for (const member of this.#group.members) if (!this.#joined.has(member)) return;
    const round = this.#round;
    this.#clock.after(ROUND_TRIPS_MS, () => {
      if (this.#round === round && this.#phase === "rebalancing") this.#complete();
    });
  }

  #complete(): void {
    this.#phase = "stable";
    this.#round += 1;
    this.#group.rebalanced();
    const revoked = this.#assign();
    if (revoked.size > 0) {
      // Who gave something up joins again at once, so that it can be given to somebody.
      this.#prepare();
      for (const member of revoked) this.#joined.add(member);
      this.#completeIfAll();
    }
    this.#timing.changed();
  }

  /** Gives out what is free. @returns the members that had to give something up first. */
  #assign(): ReadonlySet<Member> {
    const group = this.#group;
    const owners = group.owners();
    // Members that are away were waited for: what they had is free by now.
    this.#kept.clear();
    const target = stickyAssignment([...group.members], owners);
    const revoked = new Set<Member>();
    for (const [index, member] of target.entries()) {
      const owner = owners[index];
      if (owner === member) continue;
      if (owner && !this.#eager) {
        group.release(index, true);
        revoked.add(owner);
      } else if (member) {
        if (owner) group.release(index, true);
        group.take(index, member);
      }
    }
    const now = this.#clock.now();
    for (const member of group.members) member.beatsFrom = now;
    return revoked;
  }
}
