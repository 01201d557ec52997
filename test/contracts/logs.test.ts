/** The contract of Logs Insights over flow logs: late records, running queries, a small part of the language; and the adapter. */

import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { describe, expect, it } from "vitest";
import { flowsOf, makeFlowLogs } from "../../adapters/flow-logs.ts";
import type { AwsClients } from "../../functions/step.ts";
import { makeRandom } from "../../simulator/random.ts";
import { type FlowRecord, LATE_SECONDS, makeLogs } from "../../simulator/services/logs.ts";
import { makeBench, onWire, STARTS_AT, type WireRequest } from "./harness.ts";

const NEEDS = { logs: ["StartQuery", "GetQueryResults"] };
const NOW = STARTS_AT / 1000;
const PARTNER = "203.0.113.50";
const NODE = "10.0.0.7";

const flow = (start: number, fields: Partial<FlowRecord>): FlowRecord => ({
  start,
  end: start + 60,
  srcAddr: "10.0.0.7",
  dstAddr: PARTNER,
  srcPort: 40_000,
  dstPort: 443,
  protocol: 6,
  packets: 10,
  bytes: 1_000,
  action: "ACCEPT",
  ...fields,
});

/** What our own firewalls refused. */
const REFUSED =
  'filter action = "REJECT" | stats count(*) as flows by srcAddr, dstAddr, dstPort | sort flows desc | limit 10';

const RECORDS: readonly FlowRecord[] = [
  flow(NOW - 3_600, {}),
  flow(NOW - 3_500, { packets: 5 }),
  flow(NOW - 3_400, { srcAddr: PARTNER, dstAddr: "10.0.0.7", packets: 3 }),
  flow(NOW - 3_300, { dstAddr: "10.0.9.9", dstPort: 5432, action: "REJECT" }),
  flow(NOW - 3_200, { dstAddr: "10.0.9.9", dstPort: 5432, action: "REJECT" }),
  flow(NOW - 3_100, { dstAddr: "10.0.9.8", dstPort: 5672, action: "REJECT" }),
  flow(NOW - 60, { packets: 77 }),
];

const bench = () =>
  makeBench(
    (clock) => ({
      logs: makeLogs({
        clock,
        random: makeRandom(6),
        groups: { flows: (from, to) => RECORDS.filter((r) => r.start >= from && r.start < to) },
      }).handlers,
    }),
    { needs: NEEDS },
  );

const query = (text: string) => ({
  logGroup: "flows",
  fromSeconds: NOW - 7_200,
  toSeconds: NOW + 7_200,
  text,
});

/** Starts a query and waits until it has run. */
const rowsOf = async (aws: AwsClients, text: string, sleep: (ms: number) => Promise<void>) => {
  const logs = makeFlowLogs(aws.logs);
  const id = await logs.start(query(text));
  await sleep(10_000);
  const results = await logs.results(id);
  if (results.status === "running") throw new Error("still running");
  return results;
};

describe("Logs Insights refuses", () => {
  it.each([
    [
      "a group that isn't there",
      { logGroupName: "nothing", startTime: 0, endTime: 1, queryString: "fields a" },
      "ResourceNotFoundException",
    ],
    [
      "an end before the start",
      { logGroupName: "flows", startTime: 2, endTime: 1, queryString: "fields a" },
      "InvalidParameterException",
    ],
    [
      "a command that is none",
      { logGroupName: "flows", startTime: 0, endTime: 1, queryString: "select *" },
      "MalformedQueryException",
    ],
    [
      "a filter that is none",
      { logGroupName: "flows", startTime: 0, endTime: 1, queryString: "filter a ~ b" },
      "MalformedQueryException",
    ],
    [
      "a function that is none",
      { logGroupName: "flows", startTime: 0, endTime: 1, queryString: "stats median(a)" },
      "MalformedQueryException",
    ],
  ])("%s", async (_title, input, name) => {
    const { asStep } = bench();
    await expect(asStep((aws) => aws.logs.send(new StartQueryCommand(input)))).rejects.toMatchObject({
      name,
    });
  });

  it("results of a query that it doesn't know", async () => {
    const { asStep } = bench();
    const asked = asStep((aws) => aws.logs.send(new GetQueryResultsCommand({ queryId: "nothing" })));
    await expect(asked).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(
      asStep((aws) => makeFlowLogs(aws.logs).start({ ...query("select"), logGroup: "flows" })),
    ).rejects.toMatchObject({
      name: "Invalid",
    });
  });
});

describe("a query", () => {
  it("runs for a while before it is complete", async () => {
    const { asStep, clock } = bench();
    await asStep(async (aws) => {
      const logs = makeFlowLogs(aws.logs);
      const id = await logs.start(query(REFUSED));
      expect(await logs.results(id)).toEqual({ status: "running" });
      await clock.sleep(7_000);
      expect((await logs.results(id)).status).toBe("complete");
    });
  });

  it("doesn't find what happened in the last minutes, and finds it later", async () => {
    const { asStep, clock } = bench();
    const sleep = (ms: number) => clock.sleep(ms);
    const flows = (rows: readonly Readonly<Record<string, string>>[]) =>
      rows.filter((r) => r["dstAddr"] === PARTNER).map((r) => r["flows"]);
    await asStep(async (aws) => {
      const { sent } = flowsOf([NODE]);
      expect(flows((await rowsOf(aws, sent, sleep)).rows)).toEqual(["2"]);
      await clock.sleep(LATE_SECONDS * 1000);
      expect(flows((await rowsOf(aws, sent, sleep)).rows)).toEqual(["3"]);
    });
  });

  it.each([
    [flowsOf([NODE]).answered, [{ srcAddr: PARTNER, srcPort: "40000", flows: "1" }]],
    [
      flowsOf([NODE]).sent,
      [
        { dstAddr: PARTNER, dstPort: "443", action: "ACCEPT", flows: "2" },
        { dstAddr: "10.0.9.9", dstPort: "5432", action: "REJECT", flows: "2" },
        { dstAddr: "10.0.9.8", dstPort: "5672", action: "REJECT", flows: "1" },
      ],
    ],
    [
      REFUSED,
      [
        { srcAddr: "10.0.0.7", dstAddr: "10.0.9.9", dstPort: "5432", flows: "2" },
        { srcAddr: "10.0.0.7", dstAddr: "10.0.9.8", dstPort: "5672", flows: "1" },
      ],
    ],
    [REFUSED.replace("10", "1"), [{ srcAddr: "10.0.0.7", dstAddr: "10.0.9.9", dstPort: "5432", flows: "2" }]],
    ['filter dstAddr = "10.9.9.9" | stats count(*) as flows', [{ flows: "0" }]],
    ['filter dstAddr = "10.9.9.9" | stats count(*) as flows by dstAddr', []],
    [
      "fields srcAddr, packets | filter packets < 5 and action = 'ACCEPT'",
      [{ srcAddr: PARTNER, packets: "3" }],
    ],
    [
      "filter dstPort not in [443, 5432] | stats max(dstPort) as port, count_distinct(srcAddr) as sources",
      [{ port: "5672", sources: "1" }],
    ],
    ["fields packets | sort packets desc | limit 2", [{ packets: "10" }, { packets: "10" }]],
  ])("%s", async (text, rows) => {
    const { asStep, clock } = bench();
    const results = await asStep((aws) => rowsOf(aws, text, (ms) => clock.sleep(ms)));
    expect(results.rows).toEqual(rows);
    expect(results.scanned).toBe(6);
  });

  it("about no address would count everything, and is refused by the adapter", () => {
    expect(() => flowsOf([])).toThrow("no address at all");
  });
});

describe("Logs Insights on the wire", () => {
  it("serialises a query and reads results of the simulated shape", async () => {
    const sent: WireRequest[] = [];
    const started = new CloudWatchLogsClient(onWire(sent, { body: JSON.stringify({ queryId: "q-1" }) }));
    expect(await makeFlowLogs(started).start(query(REFUSED))).toBe("q-1");
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({
      logGroupName: "flows",
      startTime: NOW - 7_200,
      endTime: NOW + 7_200,
      queryString: REFUSED,
    });
    expect(sent[0]?.headers["x-amz-target"]).toBe("Logs_20140328.StartQuery");
    const answer = {
      status: "Complete",
      results: [
        [
          { field: "packets", value: "3" },
          { field: "@ptr", value: "p" },
        ],
      ],
      statistics: { recordsMatched: 1, recordsScanned: 6, bytesScanned: 600 },
    };
    const client = new CloudWatchLogsClient(onWire([], { body: JSON.stringify(answer) }));
    const real = await client.send(new GetQueryResultsCommand({ queryId: "q-1" }));
    const { asStep, clock } = bench();
    const simulated = await asStep(async (aws) => {
      const queryId = await makeFlowLogs(aws.logs).start(query("fields packets | filter packets = 3"));
      await clock.sleep(10_000);
      return aws.logs.send(new GetQueryResultsCommand({ queryId }));
    });
    expect(Object.keys(simulated).sort()).toEqual(Object.keys(real).sort());
    expect(simulated.results?.map((row) => row.map((f) => f.field))).toEqual([["packets", "@ptr"]]);
  });

  it.each([
    "MalformedQueryException",
    "ResourceNotFoundException",
    "ThrottlingException",
    "AccessDeniedException",
  ])("%s keeps its name", async (code) => {
    const client = new CloudWatchLogsClient(
      onWire([], { status: 400, body: JSON.stringify({ __type: code, message: "why" }) }),
    );
    await expect(client.send(new GetQueryResultsCommand({ queryId: "q" }))).rejects.toMatchObject({
      name: code,
    });
  });
});
