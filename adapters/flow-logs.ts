/**
 * VPC flow logs, asked through CloudWatch Logs Insights. Records arrive minutes late, so an empty answer about the last minutes says
 * nothing; and REJECT covers our own security groups and network ACLs only: a partner's drop shows as connections without an answer.
 */

import {
  type CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { Invalid, NotFound } from "../domain/errors.ts";
import { calling } from "./aws.ts";

/** Records younger than this may be missing. */
export const FLOW_LOGS_LATE_SECONDS = 600;

export type FlowQuery = {
  readonly logGroup: string;
  /** Seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Logs Insights text: one of the queries below. */
  readonly text: string;
};

export type FlowResults =
  | { readonly status: "running" }
  | {
      readonly status: "complete";
      readonly rows: readonly Readonly<Record<string, string>>[];
      readonly scanned: number;
    };

export type FlowLogs = {
  /** @returns the id to ask `results` with. @throws Invalid for a query that doesn't compile, NotFound without the group. */
  readonly start: (query: FlowQuery) => Promise<string>;
  /** @throws Invalid where the query failed, was cancelled or timed out at the service. */
  readonly results: (queryId: string) => Promise<FlowResults>;
};

const listOf = (addresses: readonly string[]): string => `[${addresses.map((a) => `"${a}"`).join(", ")}]`;

/** A query's text may hold 10,000 characters; beyond these the rest of a cluster's nodes isn't looked at. */
export const ADDRESSES_MAX = 500;

/**
 * Whom the nodes of a cluster called, and who answered them: rows of `dstAddr`, `dstPort`, `action`, `flows`, and of `srcAddr`, `srcPort`, `flows`.
 * @param nodes Addresses of the nodes: pods go out of the VPC under those.
 */
export const flowsOf = (nodes: readonly string[]): { readonly sent: string; readonly answered: string } => {
  if (nodes.length === 0) throw new Invalid("A query about no address at all would count every flow.");
  const list = listOf(nodes.slice(0, ADDRESSES_MAX));
  return {
    sent: `filter srcAddr in ${list} | stats count(*) as flows by dstAddr, dstPort, action | sort flows desc | limit 2000`,
    answered: `filter dstAddr in ${list} and action = "ACCEPT" | stats count(*) as flows by srcAddr, srcPort | sort flows desc | limit 2000`,
  };
};

/** Flow logs behind the official client. */
export const makeFlowLogs = (logs: CloudWatchLogsClient): FlowLogs => ({
  start: async ({ logGroup, fromSeconds, toSeconds, text }) => {
    const answer = await calling(`query the flow logs of ${logGroup}`, () =>
      logs.send(
        new StartQueryCommand({
          logGroupName: logGroup,
          startTime: fromSeconds,
          endTime: toSeconds,
          queryString: text,
        }),
      ),
    );
    if (answer.queryId === undefined)
      throw new NotFound(`CloudWatch Logs gave no id for the query of ${logGroup}.`);
    return answer.queryId;
  },
  results: async (queryId) => {
    const answer = await calling(`read the results of query ${queryId}`, () =>
      logs.send(new GetQueryResultsCommand({ queryId })),
    );
    switch (answer.status) {
      case "Scheduled":
      case "Running":
        return { status: "running" };
      case "Complete":
        return {
          status: "complete",
          scanned: answer.statistics?.recordsScanned ?? 0,
          rows: (answer.results ?? []).map((row) =>
            Object.fromEntries(
              row.flatMap(({ field, value }) => (field && field !== "@ptr" ? [[field, value ?? ""]] : [])),
            ),
          ),
        };
      default:
        throw new Invalid(
          `The flow log query ${queryId} ended as ${answer.status ?? "nothing"}. Nothing was learned; start it again.`,
        );
    }
  },
});
