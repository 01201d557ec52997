/** The first state of an execution: the plan is there and complete, no rollback has begun, and nobody else holds the clusters. */

import * as z from "zod";
import { FenceRaised, Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { readStart } from "../domain/start.ts";
import { mustBeBaked } from "./baked.ts";
import { isRunning } from "./executions.ts";
import { clustersOf, takeLocks } from "./lock.ts";
import { bucketOf, planOf, type Run, type SlimPlan } from "./run.ts";
import { recordStarter } from "./starters.ts";
import { step } from "./step.ts";

export const validateStart = step({
  name: "validate-start",
  does: "Refuses a start with a sentence, or takes the clusters' lock and answers with what the machine goes by.",
  input: z.object({
    /** What the execution was started with, as it came. */
    start: z.unknown(),
    machine: z.enum(["migrate-cluster", "decommission"]),
    execution: z.string(),
  }),
  needs: {
    sfn: ["DescribeExecution"],
    s3: ["GetObject", "ListBucket", "PutObject clusters/*/lock.json", "PutObject migrations/*/starts/*"],
  },
  run: async ({ start, machine, execution }, context) => {
    const asked = readStart(start);
    const plan = await planOf(context, { migration: asked.migration ?? "", plan: asked.plan });
    const run: Run = { migration: plan.migration, plan: asked.plan };
    if (asked.migration !== undefined && plan.migration !== asked.migration)
      throw new Refused(
        `The plan is for ${plan.migration}, the start for ${asked.migration}. Start it under the plan's name.`,
      );
    const blocked = plan.workloads.filter(
      (w) => w.class === "blocked" || (w.move === "none" && w.class === "stateful"),
    );
    if (plan.open.length > 0 || blocked.length > 0)
      throw new Refused(
        `The plan has ${plan.open.length} open decisions and ${blocked.length} blocked workloads. Decide them, plan again, and have the new plan approved.`,
      );
    mustKnowTheBrokers(plan, context.deployed.kafkaBootstrapServers);
    const bucket = bucketOf(context);
    if (await bucket.getJson(keys.fence(run.migration)))
      throw new FenceRaised(
        `${run.migration} was rolled back; nothing was started. Plan again under another name.`,
      );
    if (machine === "decommission") await mustBeBaked(context, run, plan);
    await takeLocks(bucket, clustersOf(plan.settings), run.migration, execution, (other) =>
      isRunning(context, other),
    );
    await recordStarter(bucket, run, execution, asked.requester);
    return {
      run,
      pollSeconds: plan.settings.policy.pollSeconds,
      concurrency: plan.settings.policy.concurrency,
      waves: Math.max(-1, ...plan.workloads.map((w) => w.wave ?? -1)) + 1,
    };
  },
});

/** Groups are judged by what brokers say: by the plan's own, or by none. */
const mustKnowTheBrokers = ({ settings }: SlimPlan, asked: readonly string[]): void => {
  if (settings.groups.length === 0) return;
  const wanted = settings.kafka?.bootstrapServers ?? asked;
  const isSame = wanted.length === asked.length && wanted.every((server) => asked.includes(server));
  if (asked.length > 0 && isSame) return;
  throw new Refused(
    `The plan has Kafka groups at ${wanted.join(", ") || "brokers that it doesn't name"}, and this deployment asks ${asked.join(", ") || "none"}. Nothing was started: put the same brokers into deployments/STAGE.yaml (kafka) and into repot.yaml, deploy, and plan again where that changed.`,
  );
};
