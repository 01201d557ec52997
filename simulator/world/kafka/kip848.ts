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
import { Sessions } from "./sessions.ts";

export class Kip848 implements Coordinator {
  readonly #group: Group;
  readonly #clock: Clock;
  readonly #timing: Timing;
  #target: readonly (Member | undefined)[] = [];
  readonly #told = new Set<Member>();
  readonly #sessions: Sessions;

  constructor(group: Group, clock: Clock, timing: Timing) {
    this.#group = group;
    this.#clock = clock;
    this.#timing = timing;
    this.#sessions = new Sessions(group, clock, timing, () => this.#anew());
  }

  state(): CoordinatorState {
    if (this.#group.members.size === 0) return "empty";
    return [...this.#group.members].every((m) => this.#sessions.isAway(m) || !this.#differs(m))
      ? "stable"
      : "rebalancing";
  }

  assigned(member: Member): readonly number[] {
    return this.#sessions.assigned(member);
  }

  begin(members: readonly Member[]): void {
    for (const member of members) this.#group.members.add(member);
    spreadBeats(members, this.#clock.now(), this.#timing.heartbeatMs);
    this.#target = stickyAssignment(members, this.#group.owners());
    for (const [index, member] of this.#target.entries()) if (member) this.#group.take(index, member);
  }

  join(member: Member): { readonly refused: string } | Record<string, never> {
    const incumbent = this.#sessions.incumbentOf(member);
    if (incumbent && !this.#sessions.isAway(incumbent))
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
    this.#sessions.leave(member);
  }

  lose(member: Member): void {
    this.#sessions.lose(member);
  }

  disturb(): void {
    // A new epoch with the same members: everybody is asked, nobody has to give anything up.
    this.#group.rebalanced();
    this.#timing.changed();
  }

  /** A static member comes back within its session: its partitions waited for it. */
  #return(incumbent: Member, member: Member): void {
    this.#target = this.#target.map((m) => (m === incumbent ? member : m));
    this.#sessions.replace(incumbent, member);
  }

  /** Another epoch: the brokers assign anew, sticky to what members have; what is free goes to who has least. */
  #anew(): void {
    this.#group.rebalanced();
    const owners = this.#group.owners().map((owner, i) => owner ?? this.#sessions.keeperOf(i));
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
      if (!owner && this.#target[index] === member && !this.#sessions.keeperOf(index))
        this.#group.take(index, member);
    this.#tell();
    this.#timing.changed();
  }
}
