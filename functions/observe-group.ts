/** Reads one workload's consumer groups and says whether the last move has settled: pods, members by address, partitions, lag. Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import { lagMaxOf, settle } from "../domain/kafka.ts";
import { gate } from "./gate.ts";
import { lookAtGroup, MEMBER_READS, memberPods } from "./members.ts";
import type { Item } from "./run.ts";
import type { Context } from "./step.ts";

export const observeGroup = gate({
  name: "observe-group",
  does: "Matches a group's members with the pods of both clusters by address; every partition has one owner, and no more waits than before.",
  needs: {
    kafka: ["describe-group", "list-committed", "list-offsets"],
    kubernetes: { source: MEMBER_READS, target: MEMBER_READS },
  },
  patience: { pollSeconds: 5, holdSecondsMax: 1_800 },
  measure: async ({ item }, context) => {
    if (item === null) return [];
    const pods = {
      source: await memberPods(context, item, "source"),
      target: await memberPods(context, item, "target"),
    };
    const verdicts: Verdict[] = [];
    for (const group of item.groups ?? []) verdicts.push(await judge(context, item, group, pods));
    return verdicts;
  },
});

const judge = async (
  context: Context,
  item: Item,
  group: NonNullable<Item["groups"]>[number],
  pods: Parameters<typeof settle>[0]["pods"],
): Promise<Verdict> => {
  const seen = await lookAtGroup(context.kafka, group);
  const lagMax = item.lagMax?.[group.group] ?? lagMaxOf(group, 0);
  return settle({ group, pods, ...seen, lagMax }, context.now().toISOString());
};
