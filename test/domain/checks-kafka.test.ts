/** Preflight's judgement of Kafka: what the brokers say against what the plan says. */

import { describe, expect, test } from "vitest";
import { type GroupFound, judgeAdvertised, judgeGroup } from "../../domain/checks/kafka.ts";
import type { GroupMember, ObservedGroup } from "../../domain/kafka.ts";
import { KafkaGroup } from "../../domain/settings/messaging.ts";
import { checkKafka } from "../../functions/check-kafka.ts";
import { aPlan, aWorkload } from "./checks.fixture.ts";

const AT = "2026-03-02T08:00:00.000Z";

const member = (n: number, more: Partial<GroupMember> = {}): GroupMember => ({
  memberId: `m-${n}`,
  clientId: "reader",
  host: `10.0.0.${n}`,
  partitions: [{ topic: "orders", partition: n }],
  ...more,
});

const found = (
  settings: object = {},
  observed: Partial<ObservedGroup> = {},
  addresses: GroupFound["addresses"] = { value: ["10.0.0.1", "10.0.0.2"] },
): GroupFound => ({
  planned: KafkaGroup.parse({ group: "readers", topic: "orders", workload: "shop/reader", ...settings }),
  observed: {
    value: {
      group: "readers",
      protocol: "classic",
      assignor: "range",
      state: "stable",
      members: [member(1), member(2)],
      ...observed,
    },
  },
  addresses,
});

const verdicts = (of: GroupFound) =>
  Object.fromEntries(judgeGroup(of, AT).map(({ check, verdict }) => [check, verdict]));

const RIGHT = {
  "kafka/group": "pass",
  "kafka/protocol": "pass",
  "kafka/assignor": "pass",
  "kafka/members": "pass",
};

describe("a group against its plan", () => {
  test("is right where the brokers say what the plan says", () => {
    expect(verdicts(found())).toEqual(RIGHT);
  });

  test.each<[string, GroupFound, object]>([
    ["speaks another protocol", found({}, { protocol: "kip-848" }), { "kafka/protocol": "fail" }],
    [
      "fell back to an eager assignor, since not all members know the cooperative one",
      found({ assignor: "cooperative" }),
      { "kafka/assignor": "fail" },
    ],
    [
      "is cooperative where the plan reckons with eager",
      found({}, { assignor: "cooperative-sticky" }),
      { "kafka/assignor": "fail" },
    ],
    ["doesn't say its assignor", found({}, { assignor: "" }), { "kafka/assignor": "unknown" }],
    [
      "has a member that is no pod",
      found({}, { members: [member(1), member(2), member(9)] }),
      { "kafka/members": "fail" },
    ],
    [
      "has members at translated addresses",
      found({}, { members: [member(8), member(9)] }),
      { "kafka/members": "unknown" },
    ],
    ["lacks a pod", found({}, { members: [member(1)] }), { "kafka/members": "unknown" }],
    [
      "is of pods that can't be listed",
      found({}, {}, { missing: "No answer." }),
      { "kafka/members": "unknown" },
    ],
    [
      "has static ids that the plan doesn't know",
      found({}, { members: [member(1, { instanceId: "a" }), member(2)] }),
      { "kafka/static-ids": "fail" },
    ],
    [
      "has one static id twice",
      found(
        { staticIdPrefix: "reader" },
        { members: [member(1, { instanceId: "reader-0" }), member(2, { instanceId: "reader-0" })] },
      ),
      { "kafka/static-ids": "fail" },
    ],
    [
      "has a member without the id that is handed over",
      found({ staticIdPrefix: "reader" }, { members: [member(1, { instanceId: "reader-0" }), member(2)] }),
      { "kafka/static-ids": "fail" },
    ],
    [
      "has its static ids",
      found(
        { staticIdPrefix: "reader" },
        { members: [member(1, { instanceId: "reader-0" }), member(2, { instanceId: "reader-1" })] },
      ),
      { "kafka/static-ids": "pass" },
    ],
  ])("%s", (_, of, wrong) => {
    expect(verdicts(of)).toEqual({ ...RIGHT, ...wrong });
    for (const { verdict, remedy, evidence } of judgeGroup(of, AT)) {
      expect(evidence.length).toBeGreaterThan(0);
      if (verdict !== "pass") expect(remedy).not.toBe("");
    }
  });

  test("that rebalances, or that nobody knows, says nothing", () => {
    expect(verdicts(found({}, { state: "rebalancing" }))).toEqual({ "kafka/group": "unknown" });
    expect(verdicts({ ...found(), observed: { missing: "Kafka knows no group readers." } })).toEqual({
      "kafka/group": "unknown",
    });
  });
});

describe("advertised addresses", () => {
  const plan = aPlan({ workloads: [aWorkload({ services: ["shop/log"] })] });
  const broker = (host: string) => ({ id: 1, host, port: 9092 });
  test.each([
    ["a name of the world", [broker("kafka-1.data.example.com")], "pass"],
    ["a Service of the platform", [broker("log.shop")], "pass"],
    [
      "a pod of a headless Service",
      [broker("kafka-1.data.example.com"), broker("log-0.log-headless.shop.svc.cluster.local")],
      "fail",
    ],
    ["an address", [broker("10.0.0.7")], "fail"],
    ["this host", [broker("localhost")], "fail"],
    ["nobody", [], "unknown"],
  ])("%s", (_, brokers, verdict) => {
    expect(judgeAdvertised({ value: brokers }, plan, AT).verdict).toBe(verdict);
  });
  test("that aren't told are unknown", () => {
    expect(judgeAdvertised({ missing: "No answer." }, plan, AT).verdict).toBe("unknown");
    expect(checkKafka.needs.kafka).toContain("list-brokers");
  });
});
