/** Consumer groups of a plan: which workloads are their members, how each moves, what that costs, and why that way. */

import type { Classified } from "../classes/classify.ts";
import { costOf, heartbeatSecondsOf } from "../kafka-cost.ts";
import { boundsOf, type GroupPlan, possiblePolicies, recommend } from "../kafka-policy.ts";
import { byCodeUnit } from "../kube.ts";
import { nameOf, type Plan, type Workload } from "../plan.ts";
import { KafkaGroup, type KafkaGroupSettings } from "../settings/messaging.ts";
import type { Settings } from "../settings.ts";

/** Groups of the settings, and every group member of the plan that they don't name. */
export const groupsOf = (plan: {
  readonly settings: Pick<Settings, "groups">;
  readonly workloads: readonly Workload[];
}): readonly KafkaGroupSettings[] => {
  const named = new Set(plan.settings.groups.map((g) => g.workload));
  const inferred = plan.workloads
    .filter((w) => w.class === "group-member" && !named.has(nameOf(w)))
    .map((w) => KafkaGroup.parse({ group: nameOf(w), topic: nameOf(w), workload: nameOf(w) }));
  return [...plan.settings.groups, ...inferred].sort((a, b) => byCodeUnit(a.group, b.group));
};

/** The groups that somebody has named and whose members move by their policy: those that their brokers are asked about. */
export const groupsThatMove = (plan: {
  readonly settings: Pick<Settings, "groups">;
  readonly workloads: readonly Workload[];
}): readonly KafkaGroupSettings[] => {
  const moved = new Set(plan.workloads.filter((w) => w.move === "shift-group").map(nameOf));
  return plan.settings.groups
    .filter((g) => moved.has(g.workload))
    .toSorted((a, b) => byCodeUnit(a.group, b.group));
};

/** Whether others call a workload: then it leaves as a whole, so that its Service can be led after it at once. */
const serves = (w: Workload, workloads: readonly Workload[]): boolean =>
  w.hosts.length > 0 ||
  workloads.some((c) => nameOf(c) !== nameOf(w) && c.calls.some((call) => w.services.includes(call.service)));

/**
 * Members move with their group. Where their brokers are rebuilt the target's group is another one: its members start there in full, and those on
 * the source read on until they are retired.
 */
export const moveGroups = (
  workloads: readonly Workload[],
  classified: readonly Classified[],
): readonly Workload[] => {
  const stores = new Set(
    classified.filter((c) => c.store?.product === "Kafka").map((c) => c.subject.running.id),
  );
  const brokers = workloads.filter((w) => stores.has(nameOf(w)));
  return workloads.map((w) => {
    if (w.class !== "group-member" || w.move !== "stop-then-start") return w;
    const broker = brokers.find((b) => w.calls.some((c) => b.services.includes(c.service)));
    const member = broker ? { ...w, broker: nameOf(broker) } : w;
    if (broker?.decision === "rebuild")
      return { ...member, move: "start-on-target" as const, pauseSecondsMax: null };
    return serves(w, workloads) ? member : { ...member, move: "shift-group" as const };
  });
};

/** From this version on a StatefulSet's first ordinal can be set: on by default. */
const ORDINALS_SINCE = 27;

const knowsOrdinals = (version: string): boolean => Number(version.split(".")[1]) >= ORDINALS_SINCE;

/** The groups whose members move one by one. */
export const planGroups = (
  workloads: readonly Workload[],
  settings: Settings,
): NonNullable<Plan["groups"]> => {
  const byName = new Map(workloads.map((w) => [nameOf(w), w]));
  return groupsOf({ workloads, settings }).flatMap((group): readonly GroupPlan[] => {
    const workload = byName.get(group.workload);
    return workload?.move === "shift-group" ? [planGroup(group, workload, settings)] : [];
  });
};

const planGroup = (group: KafkaGroupSettings, workload: Workload, settings: Settings): GroupPlan => {
  const members = workload.replicas;
  const ordinals = workload.kind === "StatefulSet" && knowsOrdinals(settings.target.kubernetesVersion);
  const pods = { members, pauseSeconds: workload.pauseSecondsMax ?? 0, ordinals };
  const costs = possiblePolicies(group).map((policy) => costOf(policy, group, pods));
  const recommended = recommend(group, members, ordinals, costs);
  const policy = group.policy ?? recommended.policy;
  const bounds = boundsOf(policy, members, ordinals);
  const optional = <K extends "staticIdPrefix" | "lagMax" | "quietHours">(key: K) =>
    group[key] === undefined ? {} : { [key]: group[key] };
  return {
    group: group.group,
    topic: group.topic,
    workload: group.workload,
    members,
    partitions: group.partitions,
    policy,
    recommended: recommended.policy,
    reason: recommended.reason,
    membersMin: bounds.min,
    membersMax: bounds.max,
    ordinals,
    heartbeatSeconds: heartbeatSecondsOf(group),
    commitSeconds: group.commitSeconds,
    messagesPerSecond: group.messagesPerSecond,
    ...optional("staticIdPrefix"),
    ...optional("lagMax"),
    ...optional("quietHours"),
    cost: costOf(policy, group, pods),
    costs,
  };
};

/** Only a group whose members stop before others start is away for a while; the others have nothing to pause for. */
export const withoutPauses = (
  workloads: readonly Workload[],
  groups: readonly GroupPlan[],
): readonly Workload[] =>
  workloads.map((w) => {
    const pauses = groups.some(
      (g) => g.workload === nameOf(w) && (g.policy === "static" || g.policy === "drained"),
    );
    return w.move === "shift-group" && !pauses ? { ...w, pauseSecondsMax: null } : w;
  });
