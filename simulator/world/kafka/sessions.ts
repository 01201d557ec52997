/**
 * Who is a member, and until when: the sessions that both protocols keep alike. A dynamic member that leaves is gone at once; a static one that
 * leaves keeps what it had for as long as its session lasts; one that is lost is noticed when its session has ended.
 */

import type { Clock } from "../../clock.ts";
import type { Timing } from "./coordinator.ts";
import type { Group, Member } from "./group.ts";

export class Sessions {
  readonly #group: Group;
  readonly #clock: Clock;
  readonly #timing: Timing;
  /** The protocol's answer to a member that is gone for good. */
  readonly #gone: (member: Member) => void;
  /** Static members that said that they come back, and what they had. */
  readonly #kept = new Map<Member, readonly number[]>();

  constructor(group: Group, clock: Clock, timing: Timing, gone: (member: Member) => void) {
    this.#group = group;
    this.#clock = clock;
    this.#timing = timing;
    this.#gone = gone;
  }

  /** The member that has this static id already. */
  incumbentOf({ instanceId }: Member): Member | undefined {
    return instanceId === undefined
      ? undefined
      : [...this.#group.members].find((m) => m.instanceId === instanceId);
  }

  isAway(member: Member): boolean {
    return this.#kept.has(member);
  }

  /** The static member that is away and for which a partition waits. */
  keeperOf(index: number): Member | undefined {
    return [...this.#kept].find(([, kept]) => kept.includes(index))?.[0];
  }

  assigned(member: Member): readonly number[] {
    return this.#kept.get(member) ?? this.#group.ownedBy(member);
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

  /** A static id comes again: the newcomer takes the incumbent's place, and what nobody else has of what was kept for it. */
  replace(incumbent: Member, member: Member): void {
    const owned = this.assigned(incumbent);
    this.#group.releaseAll(incumbent, false);
    incumbent.alive = false;
    this.#kept.delete(incumbent);
    this.#group.members.delete(incumbent);
    this.#group.members.add(member);
    for (const index of owned) if (!this.#group.owners()[index]) this.#group.take(index, member);
  }

  /** Nothing waits for anybody any more. */
  forget(): void {
    this.#kept.clear();
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
    this.#kept.delete(member);
    this.#gone(member);
  }
}
