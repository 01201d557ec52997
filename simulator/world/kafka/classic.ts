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
import { Sessions } from "./sessions.ts";

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
  readonly #sessions: Sessions;

  constructor(group: Group, clock: Clock, timing: Timing, eager: boolean) {
    this.#group = group;
    this.#clock = clock;
    this.#timing = timing;
    this.#eager = eager;
    this.#sessions = new Sessions(group, clock, timing, (member) => this.#gone(member));
  }

  state(): CoordinatorState {
    return this.#phase;
  }

  assigned(member: Member): readonly number[] {
    return this.#sessions.assigned(member);
  }

  begin(members: readonly Member[]): void {
    for (const member of members) this.#group.members.add(member);
    if (members.length === 0) return;
    this.#assign();
    spreadBeats(members, this.#clock.now(), this.#timing.heartbeatMs);
    this.#phase = "stable";
  }

  join(member: Member): { readonly fenced?: Member } {
    const incumbent = this.#sessions.incumbentOf(member);
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
    this.#sessions.leave(member);
  }

  lose(member: Member): void {
    this.#sessions.lose(member);
  }

  disturb(): void {
    if (this.#phase !== "stable") return;
    this.#prepare();
    this.#timing.changed();
  }

  /** The same static id again: the newcomer gets what the incumbent had, without a rebalance; an incumbent that lives is fenced. */
  #replace(incumbent: Member, member: Member): { readonly fenced?: Member } {
    const fenced = incumbent.alive;
    this.#sessions.replace(incumbent, member);
    if (this.#joined.delete(incumbent) || this.#phase === "rebalancing") this.#joined.add(member);
    this.#completeIfAll();
    this.#timing.changed();
    return fenced ? { fenced: incumbent } : {};
  }

  #gone(member: Member): void {
    this.#joined.delete(member);
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
    this.#sessions.forget();
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
