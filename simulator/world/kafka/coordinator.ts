/** What a group's coordinator does for its members, whichever protocol they speak. */

import type { Member } from "./group.ts";

export type CoordinatorState = "stable" | "rebalancing" | "empty";

export type Coordinator = {
  readonly state: () => CoordinatorState;
  /** Partitions by the assignment: a static member that is away keeps its own. */
  readonly assigned: (member: Member) => readonly number[];
  /** A member joins. @returns the one that it fenced, or a refusal where its static id is still taken. */
  readonly join: (member: Member) => { readonly fenced?: Member } | { readonly refused: string };
  /** A member says good-bye: a dynamic one is out at once, a static one may come back within its session. */
  readonly leave: (member: Member) => void;
  /** Its process is gone and said nothing; its session runs out. */
  readonly lose: (member: Member) => void;
  /** Members that stand when the world begins own everything already. */
  readonly begin: (members: readonly Member[]) => void;
  /** Something makes all members agree anew: a storm of rebalances. */
  readonly disturb: () => void;
};

export type Timing = {
  readonly heartbeatMs: number;
  readonly sessionMs: number;
  readonly initialDelayMs: number;
  /** Told of each change that somebody could see. */
  readonly changed: () => void;
};

/** Join, sync and fetch take a few round trips. */
export const ROUND_TRIPS_MS = 60;

/** Members that have stood for long heartbeat at any time of their interval. */
export const spreadBeats = (members: Iterable<Member>, now: number, everyMs: number): void => {
  const all = [...members];
  for (const [i, member] of all.entries()) member.beatsFrom = now - ((i + 0.5) * everyMs) / all.length;
};

/** The first heartbeat of a member at or after a moment. */
export const nextBeat = (member: Member, now: number, everyMs: number): number =>
  member.beatsFrom + Math.max(1, Math.ceil((now - member.beatsFrom) / everyMs)) * everyMs;
