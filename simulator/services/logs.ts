/** CloudWatch Logs Insights over VPC flow logs of the world: queries run for a few seconds, and records arrive minutes late. */

import {
  type GetQueryResultsCommandInput,
  type GetQueryResultsCommandOutput,
  InvalidParameterException,
  LimitExceededException,
  MalformedQueryException,
  ResourceNotFoundException,
  type StartQueryCommandInput,
  type StartQueryCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { compile, type LogRow, type Query, QueryError } from "./logs-query.ts";
import type { AwsHandlers } from "./seam-aws.ts";
import { knownFields } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

/** One flow over one aggregation interval, as the network interface saw it. */
export type FlowRecord = {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly srcAddr: string;
  readonly dstAddr: string;
  readonly srcPort: number;
  readonly dstPort: number;
  /** 6 is TCP. */
  readonly protocol: number;
  readonly packets: number;
  readonly bytes: number;
  /** REJECT covers security groups and network ACLs only: a third party's drop is an ACCEPT without an answer. */
  readonly action: "ACCEPT" | "REJECT";
};

export type LogsOptions = {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** Flow logs by log group: the records whose interval begins in [from, to), seconds since 1970. */
  readonly groups: Readonly<
    Record<string, (fromSeconds: number, toSeconds: number) => readonly FlowRecord[]>
  >;
  /** From the end of an interval until its records can be found; LATE_SECONDS where absent. */
  readonly lateSeconds?: () => number;
};

/** From the end of an interval until its records can be found. */
export const LATE_SECONDS = 420;
const RUNS_MS = [1_500, 6_000] as const;
const CONCURRENT_MAX = 100;
const LIMIT_DEFAULT = 10_000;

type Running = {
  readonly query: Query;
  readonly limit: number;
  /** What could be found when the query was started; later records aren't in it. */
  readonly rows: readonly LogRow[];
  readonly doneAt: number;
};

const at400 = { httpStatusCode: 400 };

const rowOf = (record: FlowRecord): LogRow => ({
  "@timestamp": record.start * 1000,
  "@message": `2 - - ${record.srcAddr} ${record.dstAddr} ${record.srcPort} ${record.dstPort} ${record.protocol} ${record.packets} ${record.bytes} ${record.start} ${record.end} ${record.action} OK`,
  startTime: record.start,
  endTime: record.end,
  srcAddr: record.srcAddr,
  dstAddr: record.dstAddr,
  srcPort: record.srcPort,
  dstPort: record.dstPort,
  protocol: record.protocol,
  packets: record.packets,
  bytes: record.bytes,
  action: record.action,
  logStatus: "OK",
});

const compiled = (text: string): Query => {
  try {
    return compile(text);
  } catch (error) {
    if (error instanceof QueryError)
      throw new MalformedQueryException({ message: error.message, $metadata: at400 });
    throw error;
  }
};

const start =
  (options: LogsOptions, random: Random, running: Map<string, Running>) =>
  (input: StartQueryCommandInput): Output<StartQueryCommandOutput> => {
    knownFields("logs:StartQuery", input, ["logGroupName", "startTime", "endTime", "queryString", "limit"]);
    const group = options.groups[input.logGroupName ?? ""];
    if (!group)
      throw new ResourceNotFoundException({
        message: `Log group '${input.logGroupName}' does not exist for account ID`,
        $metadata: at400,
      });
    const [from, to] = [input.startTime ?? 0, input.endTime ?? 0];
    if (to < from)
      throw new InvalidParameterException({
        message: "End time should not be less than the start time.",
        $metadata: at400,
      });
    const query = compiled(input.queryString ?? "");
    const now = options.clock.now();
    if ([...running.values()].filter((other) => other.doneAt > now).length >= CONCURRENT_MAX)
      throw new LimitExceededException({
        message: "Account maximum query concurrency limit exceeded",
        $metadata: at400,
      });
    const id = random.id();
    const queryId = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join(
      "-",
    );
    running.set(queryId, {
      query,
      limit: Math.min(query.limit ?? input.limit ?? LIMIT_DEFAULT, LIMIT_DEFAULT),
      rows: group(from, to)
        .filter((record) => record.end + (options.lateSeconds?.() ?? LATE_SECONDS) <= now / 1000)
        .map(rowOf),
      doneAt: now + random.between(...RUNS_MS),
    });
    return { queryId };
  };

const results =
  (options: LogsOptions, running: ReadonlyMap<string, Running>) =>
  (input: GetQueryResultsCommandInput): Output<GetQueryResultsCommandOutput> => {
    const query = running.get(input.queryId ?? "");
    if (!query)
      throw new ResourceNotFoundException({
        message: `No query found for id ${input.queryId}`,
        $metadata: at400,
      });
    if (options.clock.now() < query.doneAt)
      return {
        status: "Running",
        results: [],
        statistics: { recordsMatched: 0, recordsScanned: 0, bytesScanned: 0 },
      };
    const rows = query.query.run(query.rows).slice(0, query.limit);
    return {
      status: "Complete",
      results: rows.map((row, i) => [
        ...Object.entries(row).map(([field, value]) => ({ field, value })),
        ...(query.query.isAggregate
          ? []
          : [{ field: "@ptr", value: Buffer.from(`${input.queryId}:${i}`).toString("base64") }]),
      ]),
      statistics: {
        recordsMatched: rows.length,
        recordsScanned: query.rows.length,
        bytesScanned: query.rows.reduce((sum, row) => sum + String(row["@message"]).length, 0),
      },
    };
  };

/** The commands in front of the flow logs. */
export const makeLogs = (options: LogsOptions): { readonly handlers: AwsHandlers } => {
  const running = new Map<string, Running>();
  return {
    handlers: {
      StartQuery: start(options, options.random.fork("logs"), running),
      GetQueryResults: results(options, running),
    },
  };
};
