/** What Repot expects of Step Functions' own API, SQS, Logs Insights and change calendars, a case each. */

import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { makeFlowLogs } from "../../adapters/flow-logs.ts";
import { sendToQueue } from "../../adapters/queue.ts";
import { seeSqsQueue } from "../../adapters/sqs.ts";
import { type Case, refusal } from "./aws-case.ts";

const starting = (sfn: SFNClient, stateMachineArn: string) => (name: string, input: unknown) =>
  sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));

const ended = (executionArn: string | undefined) =>
  new StopExecutionCommand({ executionArn, error: "RollbackStarted", cause: "by hand" });

const sfn: readonly Case[] = [
  {
    service: "sfn",
    title: "the same start again is the same execution, as long as it runs",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const start = starting(client, machineArn);
      const first = await start("same", { plan: "a" });
      const again = await start("same", { plan: "a" });
      return [
        first.executionArn === again.executionArn,
        first.startDate?.getTime() === again.startDate?.getTime(),
        first.executionArn === machineArn.replace(":stateMachine:", ":execution:").concat(":same"),
      ];
    },
    expected: [true, true, true],
  },
  {
    service: "sfn",
    title: "another input under the same name is refused; so is the same one after it has ended",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const start = starting(client, machineArn);
      const { executionArn } = await start("taken", { plan: "a" });
      const other = await refusal(() => start("taken", { plan: "b" }));
      await client.send(ended(executionArn));
      return [other, await refusal(() => start("taken", { plan: "a" }))];
    },
    expected: ["ExecutionAlreadyExists", "ExecutionAlreadyExists"],
  },
  {
    service: "sfn",
    title: "a start is refused for its machine, its ARN, its name and its input",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const start = (stateMachineArn: string, name: string, input: string) =>
        refusal(() => client.send(new StartExecutionCommand({ stateMachineArn, name, input })));
      return [
        await start(`${machineArn}-x`, "refused", "{}"),
        await start("migrate-cluster", "refused", "{}"),
        await start(machineArn, "with a blank", "{}"),
        await start(machineArn, "refused", "{"),
      ];
    },
    expected: ["StateMachineDoesNotExist", "InvalidArn", "InvalidName", "InvalidExecutionInput"],
  },
  {
    service: "sfn",
    title: "an execution is described with its machine, its name, its input and its state",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const { executionArn } = await starting(client, machineArn)("described", { plan: "a" });
      const seen = await client.send(new DescribeExecutionCommand({ executionArn }));
      return [
        seen.stateMachineArn === machineArn,
        seen.name,
        JSON.parse(seen.input ?? ""),
        seen.status,
        seen.stopDate,
      ];
    },
    expected: [true, "described", { plan: "a" }, "RUNNING", undefined],
  },
  {
    service: "sfn",
    title: "one that is stopped is ABORTED and has an end",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const { executionArn } = await starting(client, machineArn)("stopped", {});
      const { stopDate } = await client.send(ended(executionArn));
      const seen = await client.send(new DescribeExecutionCommand({ executionArn }));
      return [stopDate instanceof Date, seen.status, seen.stopDate instanceof Date];
    },
    expected: [true, "ABORTED", true],
  },
  {
    service: "sfn",
    title: "what isn't there can be neither described nor stopped",
    source: "moto",
    run: async ({ sfn: client }, { machineArn }) => {
      const executionArn = `${machineArn.replace(":stateMachine:", ":execution:")}:nothing`;
      return [
        await refusal(() => client.send(new DescribeExecutionCommand({ executionArn }))),
        await refusal(() => client.send(new StopExecutionCommand({ executionArn }))),
        await refusal(() => client.send(new DescribeExecutionCommand({ executionArn: "nothing" }))),
      ];
    },
    expected: ["ExecutionDoesNotExist", "ExecutionDoesNotExist", "InvalidArn"],
  },
  {
    service: "sfn",
    title: "executions are listed by their state, over more than one page",
    source: "moto",
    run: async ({ sfn: client }, { machineArn: stateMachineArn }) => {
      const start = starting(client, stateMachineArn);
      for (const name of ["list-1", "list-2", "list-3"]) await start(name, {});
      const { executionArn } = await start("list-ended", {});
      await client.send(ended(executionArn));
      const names: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await client.send(
          new ListExecutionsCommand({
            stateMachineArn,
            statusFilter: "RUNNING",
            maxResults: 2,
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        );
        names.push(...(page.executions ?? []).map((e) => e.name ?? ""));
        nextToken = page.nextToken;
      } while (nextToken !== undefined && names.length < 100);
      return names.filter((name) => name.startsWith("list-")).sort();
    },
    expected: ["list-1", "list-2", "list-3"],
  },
  {
    service: "sfn",
    title: "a token of a list that was never given is refused",
    source: "moto",
    run: ({ sfn: client }, { machineArn }) =>
      refusal(() =>
        client.send(new ListExecutionsCommand({ stateMachineArn: machineArn, nextToken: "never-given" })),
      ),
    expected: "InvalidToken",
  },
  {
    service: "sfn",
    title: "a task's token that was never given is refused",
    source: "https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html",
    unlike: "moto takes any token",
    run: ({ sfn: client }) =>
      refusal(() => client.send(new SendTaskSuccessCommand({ taskToken: "never-given", output: "{}" }))),
    expected: "InvalidToken",
  },
];

const sqs: readonly Case[] = [
  {
    service: "sqs",
    title: "a message is taken, and its digest is the one that the client expects",
    source: "moto",
    run: async ({ sqs: client }, { queueUrl }) => {
      await sendToQueue(client, queueUrl, { click: "ü" });
      return "taken";
    },
    expected: "taken",
  },
  {
    service: "sqs",
    title: "a queue that isn't there is NotFound, for a message and for a look",
    source: "moto",
    run: async ({ sqs: client }, { queueUrl }) => [
      await refusal(() => sendToQueue(client, `${queueUrl}-x`, {})),
      await refusal(() => seeSqsQueue(client, { queue: "no-such-queue" })),
      await refusal(() => seeSqsQueue(client, { queue: "x", queueUrl: `${queueUrl}-x` })),
    ],
    expected: ["NotFound", "NotFound", "NotFound"],
  },
  {
    service: "sqs",
    title: "what waits is counted apart from what is being worked on",
    source: "moto",
    run: async ({ sqs: client }, { queue }) => {
      const seen = await seeSqsQueue(client, { queue });
      return seen === "missing" ? seen : [seen.ready, seen.unacked, seen.delayed];
    },
    expected: [2, 0, 0],
  },
  {
    service: "sqs",
    title: "an attribute that there isn't is refused",
    source: "moto",
    run: ({ sqs: client }, { queueUrl, queue }) =>
      refusal(() =>
        client.send(
          new GetQueueAttributesCommand({
            QueueUrl: queueUrl.replace(/[^/]+$/, queue),
            AttributeNames: ["NumberOfConsumers" as "All"],
          }),
        ),
      ),
    expected: "InvalidAttributeName",
  },
];

const ASKED_MAX = 1_000;

const logs: readonly Case[] = [
  {
    service: "logs",
    title: "a query of a group that isn't there is NotFound",
    source: "moto",
    run: ({ logs: client }) =>
      refusal(() => makeFlowLogs(client).start({ ...FLOWS, logGroup: "no-such-group" })),
    expected: "NotFound",
  },
  {
    service: "logs",
    title: "a query is asked for by its id until it is complete; of nothing it has no rows",
    source: "moto",
    run: async ({ logs: client }, { logGroup }) => {
      const flowLogs = makeFlowLogs(client);
      const id = await flowLogs.start({ ...FLOWS, logGroup });
      for (let asked = 0; asked < ASKED_MAX; asked += 1) {
        const results = await flowLogs.results(id);
        if (results.status === "complete") return results.rows;
      }
      return `still running after ${ASKED_MAX} questions`;
    },
    expected: [],
  },
  {
    service: "logs",
    title: "a query that was never started is NotFound",
    source: "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html",
    unlike: "moto falls over it with a page of HTML",
    run: ({ logs: client }) => refusal(() => makeFlowLogs(client).results("never-started")),
    expected: "NotFound",
  },
];

/** In the past, whatever the counterpart's clock says. */
const FLOWS = {
  fromSeconds: 1_767_225_600,
  toSeconds: 1_767_229_200,
  text: "stats count(*) as flows by dstAddr | sort flows desc | limit 10",
} as const;

export const RUNNING_CASES: readonly Case[] = [...sfn, ...sqs, ...logs];
