/** Queues between what comes from outside and what judges it, each with a dead-letter queue that an alarm watches. */

import { listeners } from "../functions/listeners.ts";
import type { Functions } from "./functions.ts";
import type { Stage } from "./stage.ts";

export type Queues = {
  readonly votes: aws.sqs.Queue;
  /** What could not be delivered: votes, events, schedules. */
  readonly dead: ReadonlyMap<string, aws.sqs.Queue>;
};

const FOURTEEN_DAYS_SECONDS = 1_209_600;
const ONE_DAY_SECONDS = 86_400;

const voteTrigger = listeners
  .map((listener) => listener.trigger)
  .find((trigger) => trigger.kind === "queue" && trigger.queue === "votes");

export const makeQueues = ({ place }: Stage): Queues => {
  const queue = (name: string, args: aws.sqs.QueueArgs) =>
    new aws.sqs.Queue(name, { ...args, sqsManagedSseEnabled: true });
  const deadVotes = queue("DeadVotes", {
    name: `${place.prefix}-dead-votes`,
    messageRetentionSeconds: FOURTEEN_DAYS_SECONDS,
  });
  const deadEvents = queue("DeadEvents", {
    name: `${place.prefix}-dead-events`,
    messageRetentionSeconds: FOURTEEN_DAYS_SECONDS,
  });
  const deadSchedules = queue("DeadSchedules", {
    name: `${place.prefix}-dead-schedules`,
    messageRetentionSeconds: FOURTEEN_DAYS_SECONDS,
  });
  const trigger = voteTrigger?.kind === "queue" ? voteTrigger : undefined;
  const votes = queue("Votes", {
    name: `${place.prefix}-votes`,
    // A vote that is older than a day is nobody's will any more.
    messageRetentionSeconds: ONE_DAY_SECONDS,
    visibilityTimeoutSeconds: trigger?.visibilitySeconds ?? 180,
    redrivePolicy: deadVotes.arn.apply((deadLetterTargetArn) =>
      JSON.stringify({ deadLetterTargetArn, maxReceiveCount: trigger?.receivesMax ?? 5 }),
    ),
  });
  return {
    votes,
    dead: new Map([
      ["votes", deadVotes],
      ["events", deadEvents],
      ["schedules", deadSchedules],
    ]),
  };
};

/** Hands the queue's messages to the listeners that it triggers; what a batch didn't do is delivered again, the rest isn't. */
export const connectQueues = (queues: Queues, functions: Functions): void => {
  for (const { name, trigger } of listeners) {
    const fn = functions.get(name);
    if (trigger.kind !== "queue" || !fn) continue;
    new aws.lambda.EventSourceMapping(`${trigger.queue}To${name}`, {
      eventSourceArn: queues[trigger.queue].arn,
      functionName: fn.name,
      batchSize: trigger.batchMax,
      functionResponseTypes: ["ReportBatchItemFailures"],
    });
  }
};
