/** Who can't be reached from the target, and whose firewall it is: from probes and flow logs to a sentence that names somebody. */

import { describe, expect, it } from "vitest";
import { type Flow, type Flows, judgeFirewalls } from "../../domain/checks/firewalls.ts";
import { type Destination, namedDestinations, seenDestinations } from "../../domain/destinations.ts";
import { type ProbeReport, probesOf, readReports } from "../../domain/egress-probes.ts";
import { overall } from "../../domain/gates.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { aPlan, aWorkload, someSettings } from "./checks.fixture.ts";

const AT = "2026-03-03T02:00:00.000Z";
const NOW = Date.parse(AT);
const settings = someSettings();
const PARTNER: Destination = { name: "partner", host: "pay.example", port: 443, kind: "third-party" };

const podOf = (report: unknown, endedAt = AT): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "egress-00-1", namespace: "repot-system" },
  status: {
    containerStatuses: [
      { state: { terminated: { exitCode: 0, finishedAt: endedAt, message: JSON.stringify(report) } } },
    ],
  },
});

type Is = ProbeReport["to"][number]["is"];
const triedAs = (side: Side, is: Is, egress = "203.0.113.10") =>
  readReports(
    side,
    [podOf({ egress, to: [{ at: "pay.example:443", ip: is === "no-name" ? null : "198.51.100.4", is }] })],
    NOW - 60_000,
  );

const GOOD: Flow = { accepted: 3, rejected: 0, answered: 3 };
const flowsAs = (flow: Flow | undefined): Flows => new Map(flow ? [["198.51.100.4:443", flow]] : []);

const judged = (source: Is, target: Is, there: Flow | undefined, here: Flow | undefined = GOOD) =>
  judgeFirewalls(
    settings,
    [PARTNER],
    { source: triedAs("source", source), target: triedAs("target", target) },
    { value: { source: flowsAs(here), target: flowsAs(there) } },
    AT,
  );

describe("a destination", () => {
  it.each([
    [
      "that both reach passes",
      "connected",
      "connected",
      GOOD,
      "pass",
      /answers at pay\.example:443 from shop-eks/,
    ],
    [
      "that only the target can't reach, let out and never answered, is dropped by them",
      "connected",
      "timeout",
      { accepted: 4, rejected: 0, answered: 0 },
      "fail",
      /the firewall of partner is likely to drop 203\.0\.113\.10/,
    ],
    [
      "that only the target can't reach, rejected, is stopped by us",
      "connected",
      "timeout",
      { accepted: 0, rejected: 4, answered: 0 },
      "fail",
      /our own security group or network ACL rejects it/,
    ],
    [
      "that only the target can't reach fails before the flow logs are there",
      "connected",
      "timeout",
      undefined,
      "fail",
      /the flow logs can't tell yet/,
    ],
    [
      "whose name only the source knows fails",
      "connected",
      "no-name",
      undefined,
      "fail",
      /its name doesn't resolve/,
    ],
    ["that answers nobody isn't the target's doing", "timeout", "timeout", GOOD, "pass", /answers neither/],
  ] as const)("%s", (_, source, target, flow, verdict, sentence) => {
    const found = judged(source, target, flow).find((v) => v.check === "egress/destination");
    expect(found).toMatchObject({ verdict });
    expect(found?.sentence).toMatch(sentence);
    if (verdict === "fail") expect(found?.remedy).toBeTruthy();
  });

  it("that was not tried is unknown, and so is one whose report is old", () => {
    const old = readReports(
      "target",
      [
        podOf({
          egress: "203.0.113.10",
          to: [{ at: "pay.example:443", ip: "198.51.100.4", is: "connected" }],
        }),
      ],
      NOW + 1,
    );
    const verdicts = judgeFirewalls(
      settings,
      [PARTNER],
      { source: triedAs("source", "connected"), target: old },
      { value: { source: flowsAs(GOOD), target: flowsAs(GOOD) } },
      AT,
    );
    expect(verdicts.filter((v) => v.verdict === "unknown").map((v) => v.check)).toEqual([
      "egress/address",
      "egress/destination",
    ]);
  });

  it("is judged by its newest report", () => {
    const older = podOf(
      { egress: null, to: [{ at: "pay.example:443", ip: "198.51.100.4", is: "timeout" }] },
      "2026-03-03T01:55:00.000Z",
    );
    const newer = podOf({
      egress: null,
      to: [{ at: "pay.example:443", ip: "198.51.100.4", is: "connected" }],
    });
    for (const pods of [
      [older, newer],
      [newer, older],
    ])
      expect(readReports("target", pods, 0).byPlace.get("pay.example:443")?.is).toBe("connected");
  });
});

describe("the flow logs", () => {
  it("that don't show what the probes did are late, whatever else they say", () => {
    expect(overall(judged("connected", "connected", undefined))).toBe("unknown");
    expect(
      judged("connected", "connected", undefined).find((v) => v.check === "egress/flow-logs")?.sentence,
    ).toContain("records are late");
  });

  it("that can't be read leave it unknown", () => {
    const verdicts = judgeFirewalls(
      settings,
      [PARTNER],
      { source: triedAs("source", "connected"), target: triedAs("target", "connected") },
      { missing: "The log group does not exist." },
      AT,
    );
    expect(overall(verdicts)).toBe("unknown");
  });

  it.each([
    ["rejects of the target alone", { accepted: 0, rejected: 2, answered: 0 }, "egress/rejects", /of ours/],
    [
      "flows that come back to the source alone",
      { accepted: 2, rejected: 0, answered: 0 },
      "egress/no-return",
      /isn't ours/,
    ],
  ])("show %s, though the probes got through", (_, there, check, sentence) => {
    const found = judged("connected", "connected", there).find((v) => v.check === check);
    expect(found).toMatchObject({ verdict: "fail", sentence: expect.stringMatching(sentence) });
  });

  it("say nothing about what fails on both sides alike", () => {
    const silent = { accepted: 2, rejected: 0, answered: 0 };
    expect(judged("timeout", "timeout", silent, silent).map((v) => v.verdict)).not.toContain("fail");
  });
});

it("an egress address that nobody announced fails", () => {
  const verdicts = judgeFirewalls(
    settings,
    [],
    { source: triedAs("source", "connected"), target: triedAs("target", "connected", "192.0.2.99") },
    { value: { source: new Map(), target: new Map() } },
    AT,
  );
  expect(verdicts[0]).toMatchObject({ check: "egress/address", verdict: "fail" });
});

describe("destinations", () => {
  it("are the third parties and outside datastores of the plan, not its own Services", () => {
    const plan = aPlan(
      { workloads: [aWorkload({ services: ["shop/redis"] })] },
      {
        thirdParties: [{ name: "partner", host: "pay.example" }],
        datastores: [
          { name: "redis", host: "redis.shop", connectionsMax: 1, connectionsPerPod: {} },
          { name: "db", host: "db.example:5432", connectionsMax: 1, connectionsPerPod: {} },
        ],
      },
    );
    expect(namedDestinations(plan).map((d) => `${d.host}:${d.port}`)).toEqual([
      "db.example:5432",
      "pay.example:443",
    ]);
  });

  it("are what the flow logs show beyond the VPC, without answers to others' calls", () => {
    expect(
      seenDestinations([
        { dstAddr: "198.51.100.9", dstPort: "443" },
        { dstAddr: "198.51.100.9", dstPort: "443" },
        { dstAddr: "10.0.3.4", dstPort: "5432" },
        { dstAddr: "198.51.100.8", dstPort: "51234" },
      ]).map((d) => d.name),
    ).toEqual(["198.51.100.9:443"]);
  });

  it("fit into termination messages, whatever their names", () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ ...PARTNER, host: `h${i}.example` }));
    const probes = probesOf("m", many, "echo.example");
    expect(probes.map((p) => JSON.stringify(p).match(/--connect/g)?.length)).toEqual([25, 25, 10]);
    expect(probesOf("m", [], "echo.example")).toHaveLength(1);
  });
});
