/** What steps of consumer groups look at: the pods of the members on both sides, and the groups as Kafka has them. */

import type { Kafka } from "../adapters/kafka.ts";
import { addressOf, isEndedPod, isReadyPod } from "../domain/conditions.ts";
import type { GroupItem } from "../domain/items.ts";
import { type MemberPods, type ObservedGroup, type Offset, waitingOf } from "../domain/kafka.ts";
import type { Side } from "../domain/phases.ts";
import { type Item, kubernetesOf } from "./run.ts";
import type { Context } from "./step.ts";
import { podsOf, refOfItem, statusOf } from "./workload.ts";

export const MEMBER_READS = ["get deployments", "get statefulsets", "list pods"] as const;

/** The pods of a workload on one side, with the addresses that brokers see. */
export const memberPods = async (
  context: Context,
  item: Pick<Item, "apiVersion" | "kind" | "namespace" | "name">,
  side: Side,
): Promise<MemberPods> => {
  const cluster = kubernetesOf(context, side);
  const workload = await cluster.get(refOfItem(item));
  const pods = (await podsOf(cluster, workload)).filter((pod) => !isEndedPod(pod));
  return {
    wanted: statusOf(workload).wanted,
    ready: pods.filter(isReadyPod).length,
    all: pods.length,
    addresses: pods.flatMap((pod) => addressOf(pod) ?? []),
  };
};

export type GroupSeen = {
  readonly observed: ObservedGroup;
  readonly ends: readonly Offset[];
  readonly committed: readonly Offset[];
};

/** A group, what is written to its topic, and what it has committed. */
export const lookAtGroup = async (kafka: Kafka, { group, topic }: GroupItem): Promise<GroupSeen> => {
  // Committed before written: what comes in between counts as waiting, never as read.
  const committed = await kafka.listCommitted(group, topic);
  const ends = await kafka.listOffsets(topic);
  return { observed: await kafka.describeGroup(group), ends, committed };
};

/** Messages that wait for a group now; undefined where a partition that holds any has no commit. */
export const waitingNow = async (kafka: Kafka, { group, topic }: GroupItem): Promise<number | undefined> => {
  const committed = await kafka.listCommitted(group, topic);
  return waitingOf(await kafka.listOffsets(topic), committed);
};
