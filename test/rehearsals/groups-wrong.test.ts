/** Wrong ways to move a consumer group, each found out by exactly the invariant that it breaks. */

import { describe, expect, test } from "vitest";
import type { Plan } from "../../domain/plan.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { kafkaDelay } from "../../simulator/invariants/kafka-delay.ts";
import { kafkaDuplicates } from "../../simulator/invariants/kafka-duplicates.ts";
import { kafkaLost } from "../../simulator/invariants/kafka-lost.ts";
import { kafkaMembers } from "../../simulator/invariants/kafka-members.ts";
import { kafkaOwners } from "../../simulator/invariants/kafka-owners.ts";
import { makeKafka } from "../../simulator/world/kafka/index.ts";
import { machines } from "../../workflows/index.ts";
import { shop, trial, workload } from "../simulator/traffic.fixture.ts";
import { groupOf } from "./reader.ts";
import { run } from "./small.ts";
import * as wrong from "./wrong/groups.ts";

const RIGHT = { machines, steps, listeners };

const CASES = [
  {
    title: "all members at once on both sides",
    platform: groupOf({ policy: "live" }),
    wrong: wrong.twiceAsMany,
    breaks: ["kafka-members"],
    says: /reader has more than the 4 members that live allows/,
  },
  {
    title: "one fewer before one more, where the policy says otherwise",
    platform: groupOf({ policy: "live" }),
    wrong: wrong.sourceFirst,
    breaks: ["kafka-members"],
    says: /reader has fewer than the 3 members that live keeps/,
  },
  {
    title: "members that are killed rather than stopped",
    platform: groupOf({ policy: "live" }),
    wrong: wrong.killed,
    // Nobody wrote down that pods go, and what they had waits until their sessions are over.
    breaks: ["intent-before-effect", "kafka-delay", "kafka-duplicates"],
    says: /more messages read twice than the 0/,
  },
  {
    title: "a static id that is away for ten minutes",
    platform: groupOf({ staticIdPrefix: "reader", sessionTimeoutSeconds: 1800 }, "StatefulSet"),
    wrong: wrong.coffeeBetween,
    breaks: ["kafka-delay"],
    says: /waited longer than the \d+ ms that the plan says/,
  },
] as const;

describe("a wrong move of a group is found out", () => {
  test.each(CASES)("$title breaks $breaks", async ({ platform, wrong: program, breaks, says }) => {
    const { summary } = await run(platform, { ...program(RIGHT), goesOn: true });
    expect(summary.outcome).toBe("violated");
    expect([...new Set(summary.violations.map((v) => v.invariant))].sort()).toEqual(breaks);
    expect(summary.violations.map((v) => v.sentence).join("\n")).toMatch(says);
  });
});

const CALLED = { service: "shop/kafka", field: "env" };

test("brokers that are stopped with what nobody has read break exactly the invariant of loss", () => {
  const base = shop(
    {},
    { groups: [{ group: "readers", topic: "orders", workload: "shop/reader", messagesPerSecond: 60 }] },
  );
  const reader = workload("shop/reader", {
    class: "group-member",
    replicas: 3,
    services: [],
    calls: [CALLED],
    broker: "shop/kafka",
  });
  const brokers = workload("shop/kafka", {
    class: "stateful",
    replicas: 1,
    move: "keep-on-source",
    services: ["shop/kafka"],
  });
  const t = trial({ ...base, workloads: [...base.workloads, reader, brokers] } as Plan);
  t.source.scale("shop/reader", 3);
  t.source.scale("shop/kafka", 1);
  const kafka = makeKafka({ ...t, emit: () => {} });
  const look = () => kafka.groups().flatMap((group) => kafkaLost().check({ group, planned: undefined }));
  t.pass(60);
  expect(look()).toEqual([]);
  t.source.alter("shop/reader", { terminating: true }, 3);
  t.pass(60);
  expect(look()).toEqual([]);
  t.source.scale("shop/kafka", 0);
  expect(kafka.groups()[0]?.figures.lost).toBeGreaterThan(3_500);
  expect(look()).toEqual(["readers lost messages that nobody had read: its brokers were stopped with them."]);
});

test("a coordinator that gives a partition to two members is found out", () => {
  const t = trial({
    ...shop({}, { groups: [{ group: "readers", topic: "orders", workload: "shop/reader" }] }),
  });
  const [group] = makeKafka({ ...t, emit: () => {} }).groups();
  if (!group) throw new Error("there is no group");
  expect(kafkaOwners().check({ group, planned: undefined })).toEqual([]);
  expect(kafkaOwners().check({ group: { ...group, ownedTwice: 1 }, planned: undefined })).toHaveLength(1);
});

test("a group whose members don't move by a policy is judged by its losses and owners only", () => {
  const t = trial({
    ...shop({}, { groups: [{ group: "readers", topic: "orders", workload: "shop/reader" }] }),
  });
  const [group] = makeKafka({ ...t, emit: () => {} }).groups();
  if (!group) throw new Error("there is no group");
  const scene = {
    group: { ...group, own: true, moving: true, members: { source: 99, target: 0 }, oldestMs: 1e9 },
    planned: undefined,
  };
  for (const invariant of [kafkaMembers(), kafkaDuplicates(), kafkaDelay()])
    expect(invariant.check(scene), "nothing to look at").toBeUndefined();
});
