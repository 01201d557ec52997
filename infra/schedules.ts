/** Quiet-hour cutovers: EventBridge Scheduler as an alarm clock. Whether it may go on is decided by the plan's window, before every traffic step. */

import { machineArn } from "../domain/permissions/place.ts";
import { executionName } from "./deployment.ts";
import type { Queues } from "./queues.ts";
import { makeClockRole } from "./rules.ts";
import type { Stage } from "./stage.ts";
import type { Machines } from "./workflows.ts";

/** An alarm that rings this late would leave no time: the window decides anyway, this only spares an execution. */
const shareOfWindow = 0.5;
/** Scheduler takes no shorter and no longer age of an event. */
const AGE_SECONDS = [60, 86_400] as const;

export const makeSchedules = ({ place, deployment }: Stage, queues: Queues, machines: Machines): void => {
  const machine = machines.get("migrate-cluster");
  if (!machine || deployment.cutovers.length === 0) return;
  const target = machineArn(place, "migrate-cluster");
  const role = makeClockRole(place, "cutover", target, "states:StartExecution", queues);
  const dead = queues.dead.get("schedules");
  for (const { name, at, timeZone, windowSeconds, migration, plan } of deployment.cutovers)
    new aws.scheduler.Schedule(
      `Cutover-${name}`,
      {
        name: `${place.prefix}-cutover-${name}`,
        description: `Starts ${migration} in its quiet hour`,
        scheduleExpression: `at(${at})`,
        scheduleExpressionTimezone: timeZone,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          // The universal target: the templated one can't name an execution, and delivery is at least once.
          arn: `arn:${place.partition}:scheduler:::aws-sdk:sfn:startExecution`,
          roleArn: role.arn,
          input: JSON.stringify({
            StateMachineArn: target,
            Name: executionName(migration, at),
            Input: JSON.stringify({ migration, plan }),
          }),
          retryPolicy: {
            maximumEventAgeInSeconds: Math.min(
              AGE_SECONDS[1],
              Math.max(AGE_SECONDS[0], Math.floor(windowSeconds * shareOfWindow)),
            ),
            maximumRetryAttempts: 10,
          },
          ...(dead ? { deadLetterConfig: { arn: dead.arn } } : {}),
        },
      },
      { dependsOn: [machine] },
    );
};
