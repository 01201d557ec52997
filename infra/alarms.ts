/** What wakes somebody: executions that failed or timed out, dead letters, throttles, votes and questions that wait; and the dashboard. docs/runbook.md has each alarm. */

import { functionName, machineArn } from "../domain/permissions/place.ts";
import { listeners } from "../functions/listeners.ts";
import { ALARMING, reconcile } from "../functions/reconcile.ts";
import { machines } from "../workflows/index.ts";
import { type Functions, resourceName } from "./functions.ts";
import type { Queues } from "./queues.ts";
import type { Stage } from "./stage.ts";

type Watch = {
  readonly name: string;
  /** What is the matter, for whoever is woken. */
  readonly sentence: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic?: "Sum" | "Maximum";
  readonly above?: number;
  readonly periodSeconds?: number;
};

/** A vote that nobody has judged for so long is one that somebody clicks again. */
const VOTE_SECONDS_MAX = 120;

/** Lines of the reconciler's log that are counted, by the alarm that looks at the count. */
const LINES = [
  {
    name: "reconciler-found",
    line: ALARMING.found,
    sentence: "An execution ended, no event told of it, and the reconciler answered it.",
  },
  {
    name: "question-waits",
    line: ALARMING.waiting,
    sentence: "A question has waited half an hour for an answer.",
  },
  {
    name: "page-untold",
    line: ALARMING.untold,
    sentence: "Something needs a person, and Slack has not taken the message that says so.",
  },
] as const;

const TOP = ["migrate-cluster", "roll-back", "decommission"] as const;

const watchesOf = ({ place }: Stage, queues: Queues): readonly Watch[] => [
  ...TOP.flatMap((machine) =>
    (["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] as const).map((metric) => ({
      name: `${machine}-${metric}`,
      sentence: `An execution of ${machine} ended as ${metric.replace("Executions", "").toLowerCase()}.`,
      namespace: "AWS/States",
      metric,
      dimensions: { StateMachineArn: machineArn(place, machine) },
    })),
  ),
  ...machines.map(({ name }) => ({
    name: `${name}-throttled`,
    sentence: `Step Functions throttles ${name}: a quota of the account is too small for this move.`,
    namespace: "AWS/States",
    metric: "ExecutionThrottled",
    dimensions: { StateMachineArn: machineArn(place, name) },
  })),
  ...[...queues.dead.keys()].map((kind) => ({
    name: `dead-${kind}`,
    sentence: `There are dead letters among the ${kind}: something was asked for and was not done.`,
    namespace: "AWS/SQS",
    metric: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: `${place.prefix}-dead-${kind}` },
    statistic: "Maximum" as const,
  })),
  {
    name: "votes-wait",
    sentence: "A vote waits in the queue and nobody judges it.",
    namespace: "AWS/SQS",
    metric: "ApproximateAgeOfOldestMessage",
    dimensions: { QueueName: `${place.prefix}-votes` },
    statistic: "Maximum",
    above: VOTE_SECONDS_MAX,
  },
  ...listeners.map(({ name }) => ({
    name: `${name}-errors`,
    sentence: `The function ${name} failed: what called it from outside got no answer.`,
    namespace: "AWS/Lambda",
    metric: "Errors",
    dimensions: { FunctionName: functionName(place, name) },
  })),
  ...LINES.map(({ name, sentence }) => ({
    name,
    sentence,
    namespace: place.prefix,
    metric: name,
    dimensions: {},
    // As often as the reconciler looks.
    periodSeconds: 300,
  })),
  {
    name: "functions-throttled",
    sentence: "Lambda throttles functions of this account; steps are retried, and slower.",
    namespace: "AWS/Lambda",
    metric: "Throttles",
    dimensions: {},
  },
];

export const makeAlarms = (stage: Stage, queues: Queues, functions: Functions): void => {
  const { place, deployment } = stage;
  const topic = new aws.sns.Topic("Alarms", { name: `${place.prefix}-alarms` });
  deployment.alarmEmails.forEach((endpoint, index) => {
    new aws.sns.TopicSubscription(`AlarmMail${index}`, { topic: topic.arn, protocol: "email", endpoint });
  });
  countLines(stage, functions);
  const watches = watchesOf(stage, queues);
  for (const watch of watches)
    new aws.cloudwatch.MetricAlarm(`Alarm-${watch.name}`, {
      name: `${place.prefix}-${watch.name}`,
      alarmDescription: `${watch.sentence} docs/runbook.md says what to do.`,
      namespace: watch.namespace,
      metricName: watch.metric,
      dimensions: { ...watch.dimensions },
      statistic: watch.statistic ?? "Sum",
      period: watch.periodSeconds ?? 60,
      evaluationPeriods: 1,
      threshold: watch.above ?? 0,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [topic.arn],
    });
  makeDashboard(stage, watches, [...functions.keys()]);
};

/** A filter of the log for each line: a quoted phrase is looked for wherever in the line it stands. */
const countLines = ({ place }: Stage, functions: Functions): void => {
  const fn = functions.get(reconcile.name);
  for (const { name, line } of LINES)
    new aws.cloudwatch.LogMetricFilter(
      `Count${resourceName(name)}`,
      {
        name: `${place.prefix}-${name}`,
        logGroupName: `/aws/lambda/${functionName(place, reconcile.name)}`,
        pattern: JSON.stringify(line),
        metricTransformation: { name, namespace: place.prefix, value: "1", defaultValue: "0" },
      },
      fn ? { dependsOn: [fn] } : {},
    );
};

/** Executions, functions and queues at a glance; the record itself is in the bucket and in `repot events`. */
const makeDashboard = (
  { place }: Stage,
  watches: readonly Watch[],
  functionNames: readonly string[],
): void => {
  const widget = (title: string, y: number, metrics: readonly (readonly unknown[])[], stat = "Sum") => ({
    type: "metric",
    x: 0,
    y,
    width: 24,
    height: 6,
    properties: { title, region: place.region, stat, period: 60, metrics },
  });
  const flat = ({ namespace, metric, dimensions }: Watch) => [
    namespace,
    metric,
    ...Object.entries(dimensions).flat(),
  ];
  new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: place.prefix,
    dashboardBody: JSON.stringify({
      widgets: [
        widget("What wakes somebody", 0, watches.filter((w) => w.namespace === "AWS/States").map(flat)),
        widget("Queues", 6, watches.filter((w) => w.namespace === "AWS/SQS").map(flat), "Maximum"),
        widget(
          "Errors of functions",
          12,
          functionNames.map((name) => ["AWS/Lambda", "Errors", "FunctionName", `${place.prefix}-${name}`]),
        ),
        widget(
          "Duration of functions (p99)",
          18,
          functionNames.map((name) => ["AWS/Lambda", "Duration", "FunctionName", `${place.prefix}-${name}`]),
          "p99",
        ),
      ],
    }),
  });
};
