/**
 * The protocol of KIP-848: brokers assign at once, and each member is told at its own heartbeat: first what to give up, then what it gets once
 * nobody else has it. Nobody else stops reading.
 */

import type { Clock } from "../../clock.ts";
import { stickyAssignment } from "./assign.ts";
import {
  type Coordinator,
  type CoordinatorState,
  nextBeat,
  spreadBeats,
  type Timing,
} from "./coordinator.ts";
import type { Group, Member } from "./group.ts";

export class Kip848 implements Coordinator {
  readonly #group: Group;
  readonly #clock: Clock;
  readonly #timing: Timing;
  #target: readonly (Member | undefined)[] = [];
  readonly #told = new Set<Member>();
  /** Static members that said that they come back. */
  readonly #away = new Map<Member, readonly number[]>();

  constructor(group: Group, clock: Clock, timing: Timing) {
    this.#group = group;
    this.#clock = clock;
    this.#timing = timing;
  }

  state(): CoordinatorState {
    if (this.#group.members.size === 0) return "empty";
    return [...this.#group.members].every((m) => this.#away.has(m) || !this.#differs(m))
      ? "stable"
      : "rebalancing";
  }

  assigned(member: Member): readonly number[] {
    return this.#away.get(member) ?? this.#group.ownedBy(member);
  }

  begin(members: readonly Member[]): void {
    for (const member of members) this.#group.members.add(member);
    spreadBeats(members, this.#clock.now(), this.#timing.heartbeatMs);
    this.#target = stickyAssignment(members, this.#group.owners());
    for (const [index, member] of this.#target.entries()) if (member) this.#group.take(index, member);
  }

  join(member: Member): { readonly refused: string } | Record<string, never> {
    const incumbent =
      member.instanceId === undefined
        ? undefined
        : [...this.#group.members].find((m) => m.instanceId === member.instanceId);
    if (incumbent && !this.#away.has(incumbent))
      return { refused: `UNRELEASED_INSTANCE_ID: ${member.instanceId} is used by another member.` };
    if (incumbent) this.#return(incumbent, member);
    else {
      this.#group.members.add(member);
      this.#anew();
      // The answer to its first heartbeat brings what is free already.
      this.#beat(member);
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
      this.#away.set(member, owned);
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
    // A new epoch with the same members: everybody is asked, nobody has to give anything up.
    this.#group.rebalanced();
    this.#timing.changed();
  }

  /** A static member comes back within its session: its partitions waited for it. */
  #return(incumbent: Member, member: Member): void {
    const kept = this.#away.get(incumbent) ?? [];
    this.#away.delete(incumbent);
    this.#group.members.delete(incumbent);
    this.#group.members.add(member);
    this.#target = this.#target.map((m) => (m === incumbent ? member : m));
    for (const index of kept) if (!this.#group.owners()[index]) this.#group.take(index, member);
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
    this.#away.delete(member);
    this.#anew();
  }

  /** Another epoch: the brokers assign anew, sticky to what members have; what is free goes to who has least. */
  #anew(): void {
    this.#group.rebalanced();
    const owners = this.#group.owners().map((owner, i) => owner ?? this.#keeperOf(i));
    this.#target = stickyAssignment([...this.#group.members], owners);
    this.#tell();
  }

  #differs(member: Member): boolean {
    return this.#group.owners().some((owner, i) => (owner === member) !== (this.#target[i] === member));
  }

  #tell(): void {
    const now = this.#clock.now();
    for (const member of this.#group.members) {
      if (!member.alive || this.#told.has(member) || !this.#differs(member)) continue;
      this.#told.add(member);
      this.#clock.at(nextBeat(member, now, this.#timing.heartbeatMs), () => this.#beat(member));
    }
  }

  /** Gives up what it isn't to have; gets what nobody has; and is asked again at its next heartbeat while anything is missing. */
  #beat(member: Member): void {
    this.#told.delete(member);
    if (!member.alive || !this.#group.members.has(member)) return;
    for (const index of this.#group.ownedBy(member))
      if (this.#target[index] !== member) this.#group.release(index, true);
    for (const [index, owner] of this.#group.owners().entries())
      if (!owner && this.#target[index] === member && !this.#keeperOf(index)) this.#group.take(index, member);
    this.#tell();
    this.#timing.changed();
  }

  /** The static member that is away and for which a partition waits. */
  #keeperOf(index: number): Member | undefined {
    return [...this.#away].find(([, kept]) => kept.includes(index))?.[0];
  }
}
