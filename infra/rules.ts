/** What starts functions by itself: events of EventBridge (executions that end where no Catch sees it), and the reconciler's clock. */

import { arn, functionArn, machineArn } from "../domain/permissions/place.ts";
import type { Listener } from "../functions/listener.ts";
import { listeners } from "../functions/listeners.ts";
import { type Functions, resourceName } from "./functions.ts";
import type { Queues } from "./queues.ts";
import type { Stage } from "./stage.ts";

/** EventBridge tries for so long; the reconciler finds what is lost after. */
const EVENT_SECONDS_MAX = 3_600;

export const makeRules = (stage: Stage, queues: Queues, functions: Functions): void => {
  const dead = queues.dead.get("events");
  if (!dead) return;
  const rules = listeners.flatMap((l) =>
    l.trigger.kind === "rule" ? [makeRule(stage, functions, dead, l)] : [],
  );
  if (rules.length === 0) return;
  new aws.sqs.QueuePolicy("DeadEventsPolicy", {
    queueUrl: dead.url,
    policy: $util.all([dead.arn, ...rules.map((rule) => rule.arn)]).apply(([queue, ...ruleArns]) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "UndeliveredEvents",
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: queue,
            Condition: { ArnEquals: { "aws:SourceArn": ruleArns } },
          },
        ],
      }),
    ),
  });
  for (const l of listeners)
    if (l.trigger.kind === "schedule") makeClock(stage, queues, l, l.trigger.everyMinutes);
};

/** The machines of the pattern by ARN: names mean nothing to EventBridge. */
const makeRule = (
  { place }: Stage,
  functions: Functions,
  dead: aws.sqs.Queue,
  { name, does, trigger }: Listener,
): aws.cloudwatch.EventRule => {
  if (trigger.kind !== "rule") throw new Error(`${name} is not triggered by events.`);
  const { pattern, machines } = trigger;
  const stateMachineArn = machines.map((machine) => machineArn(place, machine));
  const rule = new aws.cloudwatch.EventRule(`${resourceName(name)}Rule`, {
    name: `${place.prefix}-${name}`,
    description: does.slice(0, 512),
    eventPattern: JSON.stringify({ ...pattern, detail: { ...pattern.detail, stateMachineArn } }),
  });
  new aws.cloudwatch.EventTarget(`${resourceName(name)}Target`, {
    rule: rule.name,
    arn: functionArn(place, name),
    deadLetterConfig: { arn: dead.arn },
    retryPolicy: { maximumEventAgeInSeconds: EVENT_SECONDS_MAX, maximumRetryAttempts: 60 },
  });
  const fn = functions.get(name);
  new aws.lambda.Permission(
    `${resourceName(name)}FromRule`,
    {
      action: "lambda:InvokeFunction",
      function: `${place.prefix}-${name}`,
      principal: "events.amazonaws.com",
      sourceArn: rule.arn,
    },
    fn ? { dependsOn: [fn] } : {},
  );
  return rule;
};

/** Again and again; one that is missed is not made up for, the next one finds the same. */
const makeClock = ({ place }: Stage, queues: Queues, { name }: Listener, everyMinutes: number): void => {
  const role = makeClockRole(place, name, functionArn(place, name), "lambda:InvokeFunction", queues);
  new aws.scheduler.Schedule(`${resourceName(name)}Clock`, {
    name: `${place.prefix}-${name}`,
    scheduleExpression: `rate(${everyMinutes} minutes)`,
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: functionArn(place, name),
      roleArn: role.arn,
      retryPolicy: { maximumEventAgeInSeconds: Math.max(60, everyMinutes * 60), maximumRetryAttempts: 3 },
      deadLetterConfig: { arn: arn(place, "sqs", `${place.prefix}-dead-schedules`) },
    },
  });
};

/** The role of one schedule: its one target, and its dead letters. */
export const makeClockRole = (
  place: Stage["place"],
  name: string,
  target: string,
  action: string,
  queues: Queues,
): aws.iam.Role => {
  const role = new aws.iam.Role(`${resourceName(name)}ClockRole`, {
    name: `${place.prefix}-${name}-clock`,
    assumeRolePolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: ["scheduler.amazonaws.com"] },
          Action: ["sts:AssumeRole"],
          Condition: {
            StringEquals: { "aws:SourceAccount": place.account },
            ArnLike: { "aws:SourceArn": arn(place, "scheduler", "schedule-group/default") },
          },
        },
      ],
    }),
  });
  const dead = queues.dead.get("schedules");
  new aws.iam.RolePolicy(`${resourceName(name)}ClockPolicy`, {
    name: "target",
    role: role.name,
    policy: (dead?.arn ?? $util.output("")).apply((deadArn) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Sid: "ItsTarget", Effect: "Allow", Action: [action], Resource: [target] },
          { Sid: "ItsDeadLetters", Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [deadArn] },
        ],
      }),
    ),
  });
  return role;
};
