/** Preflight, Kafka: what its brokers say of each group that will move, against the plan; and the addresses that they send clients to. Changes nothing. */

import { judging, seen } from "../domain/checks/judging.ts";
import { type GroupFound, judgeAdvertised, judgeGroup } from "../domain/checks/kafka.ts";
import { nameOf } from "../domain/plan.ts";
import { groupsThatMove } from "../domain/planning/groups.ts";
import { asking, check, forEach } from "./check.ts";
import { MEMBER_READS, memberPods } from "./members.ts";
import { planOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

export const checkKafka = check({
  name: "check-kafka",
  does: "Asks the brokers for each group that moves: its members against the pods, protocol, assignor and static ids against the plan; and for the addresses that they advertise.",
  needs: { kafka: ["describe-group", "list-brokers"], kubernetes: { source: MEMBER_READS } },
  measure: async (run: Run, context: Context) => {
    const at = context.now().toISOString();
    const plan = await planOf(context, run);
    const groups = groupsThatMove(plan);
    if (groups.length === 0)
      return [
        judging(at)("kafka/groups", plan.platform).pass(
          "No consumer group of the plan moves member by member.",
          [seen("groups that move", 0, "those of the plan", "the plan", plan.workloads.length)],
        ),
      ];
    const found = await forEach(groups, (planned) => look(context, plan, planned));
    return [
      ...found.flatMap((group) => judgeGroup(group, at)),
      judgeAdvertised(await asking(() => context.kafka.listBrokers()), plan, at),
    ];
  },
});

const look = async (
  context: Context,
  plan: SlimPlan,
  planned: GroupFound["planned"],
): Promise<GroupFound> => {
  const workload = plan.workloads.find((w) => nameOf(w) === planned.workload);
  return {
    planned,
    observed: await asking(() => context.kafka.describeGroup(planned.group)),
    addresses: await asking(async () =>
      workload ? (await memberPods(context, workload, "source")).addresses : [],
    ),
  };
};
