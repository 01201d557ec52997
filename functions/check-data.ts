/** Preflight, data: connections of both fleets at every step, lag and depth as they are now, ids that must be unique. Changes nothing. */

import { makeMetrics } from "../adapters/metrics.ts";
import { judgeConnections, judgeGroups, judgeQueues } from "../domain/checks/data.ts";
import type { Observed } from "../domain/checks/judging.ts";
import { judgeTransactionalIds } from "../domain/checks/transactions.ts";
import { datastoreConnections, groupLag, queueDepth } from "../domain/queries.ts";
import { asking, check, forEach, wholePlanOf } from "./check.ts";

export const checkData = check({
  name: "check-data",
  does: "Judges each datastore's connection budget at every step, consumer groups, queues and transactional ids.",
  needs: { metrics: ["query"] },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const cluster = plan.settings.source.name;
    const metrics = makeMetrics(context);
    const now = async (query: string, what: string): Promise<Observed<number>> => {
      const answer = await asking(() => metrics.query("source", query));
      if (!("value" in answer)) return answer;
      return answer.value === "missing"
        ? { missing: `The source's metrics have no sample of ${what}.` }
        : { value: answer.value.value };
    };
    const connections = await forEach(plan.settings.datastores, async ({ name }) => ({
      datastore: name,
      now: await now(datastoreConnections(cluster, name), `connections to ${name}`),
    }));
    const lags = await forEach(plan.settings.groups, async ({ group }) => ({
      name: group,
      now: await now(groupLag(cluster, group), `the lag of ${group}`),
    }));
    const depths = await forEach(plan.settings.queues, async ({ queue }) => ({
      name: queue,
      now: await now(queueDepth(cluster, queue), `the depth of ${queue}`),
    }));
    return [
      ...judgeConnections(plan, connections, at),
      ...judgeGroups(plan, lags, at),
      ...judgeQueues(plan, depths, at),
      judgeTransactionalIds(plan, at),
    ];
  },
});
