/** How the members of a consumer group get to the target: bounds, the next move, and which policy is recommended. Pure. */

import * as z from "zod";
import { type GroupCost, mannerOf } from "./kafka-cost.ts";
import { GROUP_POLICIES, type GroupPolicy, type KafkaGroupSettings } from "./settings/messaging.ts";

const CostSchema = z.object({
  policy: z.enum(GROUP_POLICIES),
  rebalances: z.number().int().nonnegative(),
  longestDelayMs: z.number().nonnegative(),
  duplicates: z.number().int().nonnegative(),
  source: z.string(),
});

/** One consumer group of the plan: how it moves, what that costs, and what the others would. */
export const GroupPlanSchema = z.object({
  group: z.string(),
  topic: z.string(),
  /** `namespace/name` of the workload whose pods are the members. */
  workload: z.string(),
  /** Members at the time of the plan: its pods. */
  members: z.number().int().positive(),
  partitions: z.number().int().nonnegative(),
  policy: z.enum(GROUP_POLICIES),
  recommended: z.enum(GROUP_POLICIES),
  /** Why that one is recommended. */
  reason: z.string(),
  /** Live members, never fewer nor more while it moves. */
  membersMin: z.number().int().nonnegative(),
  membersMax: z.number().int().positive(),
  /** Whether pods keep their ids by their ordinals, so that one static id moves at a time. */
  ordinals: z.boolean(),
  staticIdPrefix: z.string().optional(),
  heartbeatSeconds: z.number().positive(),
  commitSeconds: z.number().positive(),
  messagesPerSecond: z.number().nonnegative(),
  lagMax: z.number().int().nonnegative().optional(),
  quietHours: z.object({ start: z.string(), end: z.string() }).optional(),
  /** What the chosen policy is not to exceed. */
  cost: CostSchema,
  /** The same for every policy that is possible here. */
  costs: z.array(CostSchema),
});
export type GroupPlan = z.infer<typeof GroupPlanSchema>;

/** Live members while a group of N moves. */
export const boundsOf = (
  policy: GroupPolicy,
  members: number,
  ordinals: boolean,
): { readonly min: number; readonly max: number } => {
  switch (policy) {
    case "live":
    case "quiet":
      return { min: members, max: members + 1 };
    case "swap":
      return { min: members - 1, max: members };
    case "static":
      return { min: ordinals ? members - 1 : 0, max: members };
    case "drained":
      return { min: 0, max: members };
  }
};

/**
 * Whether a workload stops on the source before its like starts on the target: what was stopped has to start, whatever holds the run meanwhile.
 * @param policy That of its consumer group, where it has one.
 */
export const stopsFirst = (move: string, policy?: GroupPolicy): boolean =>
  move === "stop-then-start" ||
  move === "copy-with-pause" ||
  (move === "shift-group" && (policy === "swap" || policy === "static" || policy === "drained"));

export type Counts = { readonly source: number; readonly target: number };

/** One step of the loop. `settle` says whether the group has to be watched before the next one. */
export type GroupMove =
  | { readonly kind: "done" }
  | {
      readonly kind: "scale";
      readonly side: "source" | "target";
      readonly replicas: number;
      /** Its number and name in the journal. */
      readonly move: string;
      readonly settle: boolean;
    }
  | {
      readonly kind: "hand-over-id";
      readonly ordinal: number;
      readonly replicas: number;
      readonly move: string;
      readonly settle: true;
    };

export type Moving = Pick<GroupPlan, "policy" | "members" | "ordinals">;

const numbered = (pair: number, what: string): string => `${String(pair).padStart(3, "0")}-${what}`;

/**
 * What comes next, from the wanted pods of both sides alone: a repeated question gets the same answer.
 * @returns `done` when the target has all of them and the source none.
 */
export const nextMove = ({ policy, members, ordinals }: Moving, now: Counts): GroupMove => {
  const { source, target } = now;
  if (source === 0 && target >= members) return { kind: "done" };
  const up = (replicas: number): GroupMove => ({
    kind: "scale",
    side: "target",
    replicas,
    move: numbered(target, "1-target-up"),
    settle: true,
  });
  const down = (replicas: number, settle: boolean, pair: number, name: string): GroupMove => ({
    kind: "scale",
    side: "source",
    replicas,
    move: numbered(pair, name),
    settle,
  });
  switch (policy) {
    case "live":
    case "quiet":
      // First the new one, then the old one: what is missing is added before anything is taken away.
      return source + target > members || target >= members
        ? down(source - 1, true, members - source, "2-source-down")
        : up(target + 1);
    case "swap":
      return source + target >= members
        ? down(source - 1, false, members - source, "0-source-down")
        : up(target + 1);
    case "static":
      if (!ordinals) return source > 0 ? down(0, true, 0, "0-source-down") : up(members);
      if (source + target >= members) return down(source - 1, true, members - source, "0-source-down");
      return {
        kind: "hand-over-id",
        ordinal: members - target - 1,
        replicas: target + 1,
        move: numbered(target, "1-target-up"),
        settle: true,
      };
    case "drained":
      return source > 0 ? down(0, true, 0, "0-source-down") : up(members);
  }
};

/** Which policies a group could take at all: ids that are used once can't stand twice. */
export const possiblePolicies = (settings: KafkaGroupSettings): readonly GroupPolicy[] => {
  if (settings.staticIdPrefix !== undefined) return ["static", "drained"];
  return ["live", "swap", "drained", ...(settings.quietHours ? (["quiet"] as const) : [])];
};

export type Recommended = { readonly policy: GroupPolicy; readonly reason: string };

/** One policy, and why. Starting the new before stopping the old is the rule; what departs from it needs a reason. */
export const recommend = (
  settings: KafkaGroupSettings,
  members: number,
  ordinals: boolean,
  costs: readonly GroupCost[],
): Recommended => {
  const of = (policy: GroupPolicy) => costs.find((c) => c.policy === policy);
  if (settings.staticIdPrefix !== undefined)
    return {
      policy: "static",
      reason: `Its members are static: an id that is handed over costs ${of("static")?.rebalances ?? 0} rebalances, and two members of one id fence each other.${ordinals ? "" : " Its pods have no ordinals, so all ids move together."}`,
    };
  const membersMax = settings.membersMax ?? members + 1;
  if (membersMax <= members)
    return {
      policy: "swap",
      reason: `Its brokers bear ${membersMax} members and not one more (membersMax), so one leaves before the next joins.`,
    };
  if (settings.quietHours)
    return {
      policy: "quiet",
      reason: `It has quiet hours (${settings.quietHours.start}–${settings.quietHours.end}): the ${of("live")?.rebalances ?? 0} rebalances hurt least then.`,
    };
  return {
    policy: "live",
    reason: `A member joins on the target before one leaves the source, so that capacity never falls: ${of("live")?.rebalances ?? 0} rebalances (${mannerOf(settings)}), and no record waits longer than ${of("live")?.longestDelayMs ?? 0} ms.`,
  };
};
