/** A consumer group as its coordinator describes it, and whether it has settled after a move: pods, members, partitions, lag. Pure. */

import { counted, type Seen, seen, some } from "./checks/judging.ts";
import type { Verdict } from "./gates.ts";
import type { GroupItem } from "./items.ts";
import { byCodeUnit } from "./kube.ts";
import { SIDES, type Side } from "./phases.ts";

/** What the brokers are asked, by the names that steps declare. Questions only: Repot changes nothing in Kafka. */
export const KAFKA_ACTIONS = [
  "list-brokers",
  "list-groups",
  "describe-group",
  "list-committed",
  "list-offsets",
  "list-producers",
] as const;
export type KafkaAction = (typeof KAFKA_ACTIONS)[number];

export type GroupProtocol = "classic" | "kip-848";

export type TopicPartition = { readonly topic: string; readonly partition: number };
/** The next offset to be written (log end) or to be read (committed). */
export type Offset = TopicPartition & { readonly offset: number };

export type GroupMember = {
  readonly memberId: string;
  readonly clientId: string;
  /** The client's address as the broker sees it: a pod's, where nothing translates it on the way. */
  readonly host: string;
  /** `group.instance.id`, of static members only. */
  readonly instanceId?: string;
  readonly partitions: readonly TopicPartition[];
};

/** A broker by the address that it tells its clients to use. */
export type KafkaBroker = { readonly id: number; readonly host: string; readonly port: number };

export type ObservedGroup = {
  readonly group: string;
  readonly protocol: GroupProtocol;
  /** What the members have agreed on (`range`, `cooperative-sticky`), or what the brokers assign by; absent while there are none. */
  readonly assignor?: string;
  /** The coordinator's states in three words: rebalancing is every state on the way to stable. */
  readonly state: "stable" | "rebalancing" | "empty";
  readonly members: readonly GroupMember[];
};

/** Messages that were written and not yet committed, by the offsets themselves; undefined where a partition that holds any has no commit. */
export const waitingOf = (ends: readonly Offset[], committed: readonly Offset[]): number | undefined => {
  const read = new Map(committed.map((c) => [keyOf(c), c.offset]));
  let waiting = 0;
  for (const end of ends) {
    const offset = read.get(keyOf(end)) ?? (end.offset === 0 ? 0 : undefined);
    if (offset === undefined) return undefined;
    waiting += Math.max(0, end.offset - offset);
  }
  return waiting;
};

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** How much may wait when a move counts as settled: what waited before it, and what comes between two commits. */
export const lagMaxOf = (
  group: Pick<GroupItem, "lagMax" | "messagesPerSecond" | "commitSeconds">,
  waitingBefore: number,
): number =>
  group.lagMax ??
  Math.ceil(
    Math.max(waitingBefore * LAG_MARGIN, group.messagesPerSecond * (group.commitSeconds + LAG_SECONDS)),
  );

const LAG_MARGIN = 1.5;
/** A poll, a fetch and the offsets' own topic take their time. */
const LAG_SECONDS = 3;

/** The pods of a group's workload on one side. */
export type MemberPods = {
  readonly wanted: number;
  readonly ready: number;
  /** Terminating ones included. */
  readonly all: number;
  readonly addresses: readonly string[];
};

export type GroupSight = {
  readonly group: GroupItem;
  readonly pods: { readonly [S in Side]: MemberPods };
  /** Absent where the group isn't asked: nobody of it is to be there. */
  readonly observed: ObservedGroup;
  readonly ends: readonly Offset[];
  readonly committed: readonly Offset[];
  readonly lagMax: number;
};

/** Which side each member's address belongs to: discovery by client address against pod addresses. */
export const membersBySide = (
  members: readonly GroupMember[],
  pods: { readonly [S in Side]: Pick<MemberPods, "addresses"> },
): { readonly [S in Side | "elsewhere"]: readonly GroupMember[] } => {
  const at = { source: new Set(pods.source.addresses), target: new Set(pods.target.addresses) };
  const side = (m: GroupMember) =>
    at.source.has(m.host) ? "source" : at.target.has(m.host) ? "target" : "elsewhere";
  return {
    source: members.filter((m) => side(m) === "source"),
    target: members.filter((m) => side(m) === "target"),
    elsewhere: members.filter((m) => side(m) === "elsewhere"),
  };
};

const hostsOf = (members: readonly GroupMember[]): number => new Set(members.map((m) => m.host)).size;

type Reason = { readonly sentence: string; readonly broken?: boolean };

/** Whether pods stand as they are wanted; nothing can be said about members before. */
const podsStand = ({ pods }: GroupSight): Reason | undefined => {
  for (const side of SIDES) {
    const { wanted, ready, all } = pods[side];
    if (ready !== wanted || all !== wanted)
      return {
        sentence: `${ready} of ${wanted} pods are ready on the ${side}, ${counted(all, "pod")} there.`,
      };
  }
  return undefined;
};

/** Every partition has one owner and no more. */
const partitionsOwned = ({ observed, ends }: GroupSight): Reason | undefined => {
  const owners = new Map<string, number>();
  for (const member of observed.members)
    for (const p of member.partitions) owners.set(keyOf(p), (owners.get(keyOf(p)) ?? 0) + 1);
  const twice = [...owners].filter(([, n]) => n > 1).map(([key]) => key);
  if (twice.length > 0) return { sentence: `Two members own ${some(twice.sort(byCodeUnit))}.`, broken: true };
  const free = ends.map(keyOf).filter((key) => !owners.has(key));
  if (free.length > 0) return { sentence: `Nobody owns ${some(free.sort(byCodeUnit))}.` };
  return ends.length === 0 ? { sentence: "The topic has no partitions." } : undefined;
};

const membersThere = ({ observed, pods }: GroupSight): Reason | undefined => {
  const by = membersBySide(observed.members, pods);
  if (by.elsewhere.length > 0)
    return {
      sentence: `${counted(by.elsewhere.length, "member")} at ${some(by.elsewhere.map((m) => `${m.host} (${m.clientId})`))} ${by.elsewhere.length === 1 ? "is" : "are"} no pod of either cluster.`,
    };
  for (const side of SIDES) {
    const here = hostsOf(by[side]);
    if (here !== pods[side].wanted)
      return {
        sentence: `${here} of ${counted(pods[side].wanted, "pod")} on the ${side} ${pods[side].wanted === 1 ? "is a member" : "are members"}.`,
      };
  }
  const ids = observed.members.flatMap((m) => (m.instanceId === undefined ? [] : [m.instanceId]));
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  return twice.length > 0
    ? { sentence: `Two members call themselves ${some(twice)}.`, broken: true }
    : undefined;
};

const lagBack = ({ ends, committed, lagMax }: GroupSight): Reason | undefined => {
  const waiting = waitingOf(ends, committed);
  if (waiting === undefined) return { sentence: "A partition that holds messages has no committed offset." };
  return waiting <= lagMax
    ? undefined
    : {
        sentence: `${counted(waiting, "message")} ${waiting === 1 ? "waits" : "wait"}, more than ${lagMax}.`,
      };
};

/** Whether members are only expected back later: an id on its way, or a group that was stopped as a whole. */
const isBetween = ({ group, pods }: GroupSight): boolean =>
  (group.policy === "static" || group.policy === "drained") &&
  pods.source.wanted + pods.target.wanted < group.members;

/**
 * Whether a group has settled. Whatever isn't there yet is unknown, and is looked at again; what must never be (two owners, one id twice) fails.
 * @param observedAt ISO 8601.
 */
export const settle = (sight: GroupSight, observedAt: string): Verdict => {
  const { group, observed, ends, committed, lagMax } = sight;
  const reason =
    podsStand(sight) ??
    (isBetween(sight)
      ? undefined
      : ((observed.state === "stable" ? undefined : { sentence: `The group is ${observed.state}.` }) ??
        membersThere(sight) ??
        partitionsOwned(sight) ??
        lagBack(sight)));
  const evidence: readonly Seen[] = [
    seen("state of the group", observed.state, "stable", "describe-group"),
    seen(
      "members",
      observed.members.length,
      `${sight.pods.source.wanted} on the source, ${sight.pods.target.wanted} on the target`,
      "describe-group",
    ),
    seen("partitions", ends.length, "each owned by one member", "describe-group", ends.length),
    seen(
      "messages that wait",
      waitingOf(ends, committed) ?? null,
      isBetween(sight) ? "not judged while a member is on its way" : `at most ${lagMax}`,
      "list-offsets, list-committed",
      committed.length,
    ),
  ];
  const common = {
    check: "kafka/group",
    subject: group.group,
    evidence: evidence.map((e) => ({ ...e, observedAt })),
  };
  if (!reason)
    return {
      ...common,
      verdict: "pass",
      sentence: `${group.group} has settled: ${counted(observed.members.length, "member")}, ${counted(ends.length, "partition")}.`,
    };
  return {
    ...common,
    verdict: reason.broken === true ? "fail" : "unknown",
    sentence: `${group.group} hasn't settled. ${reason.sentence}`,
    remedy: `Look at the group: kafka-consumer-groups.sh --describe --members --group ${group.group}; then choose to try again or to roll back.`,
  };
};
