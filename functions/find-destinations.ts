/** Whom does the source talk to outside of the clusters? Asked of the VPC's flow logs, beside what repot.yaml names. Changes nothing. */

import { FLOW_LOGS_LATE_SECONDS, flowsOf } from "../adapters/flow-logs.ts";
import { brokerDestinations, namedDestinations, seenDestinations } from "../domain/destinations.ts";
import { groupsThatMove } from "../domain/planning/groups.ts";
import { asking } from "./check.ts";
import { destinationsOf, keepSeen, nodeAddresses } from "./destinations.ts";
import { askFlowLogs, FLOW_LOG_READS } from "./flow-queries.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";
import { judge } from "./verdicts.ts";

const HOUR_SECONDS = 3_600;

export const findDestinations = gate({
  name: "find-destinations",
  does: "Reads the last hour of the flow logs of the source's nodes, and keeps every public address that they called; and the addresses that Kafka's brokers send their clients to.",
  needs: {
    s3: ["ListBucket", "PutObject migrations/*/destinations.json", "PutObject migrations/*/flow-queries/*"],
    logs: FLOW_LOG_READS,
    kubernetes: { source: ["list nodes"] },
    kafka: ["list-brokers"],
  },
  patience: { pollSeconds: 15, holdSecondsMax: 900 },
  measure: async ({ run, watcher }, context) => {
    const plan = await planOf(context, run);
    const { flowLogGroup } = plan.settings.network;
    const toSeconds = Math.floor(context.now().getTime() / 1_000) - FLOW_LOGS_LATE_SECONDS;
    const answer = await askFlowLogs(
      context,
      run,
      `find-destinations-${watcher}`,
      { logGroup: flowLogGroup, fromSeconds: toSeconds - HOUR_SECONDS, toSeconds },
      [flowsOf(await nodeAddresses(context, "source")).sent],
    );
    const [rows = []] = "rows" in answer ? answer.rows : [];
    const brokers =
      groupsThatMove(plan).length === 0 ? { value: [] } : await asking(() => context.kafka.listBrokers());
    // A cluster whose nodes called nobody in an hour isn't one that serves: such logs are empty, or of another VPC.
    const known = "rows" in answer && rows.length > 0 && "value" in brokers;
    if (!known) await answer.renew();
    if (known)
      await keepSeen(context, run, [
        ...brokerDestinations(brokers.value, plan.workloads),
        ...seenDestinations(rows),
      ]);
    const count = known ? (await destinationsOf(context, run, plan)).length : 0;
    return [
      judge(context, known ? true : undefined, {
        check: "egress/known",
        subject: plan.settings.source.name,
        sentence:
          "missing" in answer
            ? answer.missing
            : "missing" in brokers
              ? brokers.missing
              : known
                ? `${plan.settings.source.name} talks to ${count} destinations outside: ${namedDestinations(plan).length} by repot.yaml, the others by its flow logs and by Kafka's brokers.`
                : `${flowLogGroup} shows no flow of the nodes of ${plan.settings.source.name} in an hour.`,
        remedy: `Name the log group of the VPC's flow logs in repot.yaml (network.flowLogGroup), and see that it holds all traffic of the source's subnets.`,
        value: count,
        threshold: "flows of the source's nodes",
        samples: rows.length,
        source: `flow logs in ${flowLogGroup}`,
      }),
    ];
  },
});
