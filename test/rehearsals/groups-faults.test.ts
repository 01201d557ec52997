/** Storms, clashes and spikes while a consumer group moves: held, waited out or rolled back, and nothing lost. */

import { describe, expect, test } from "vitest";
import { env, workload } from "../domain/platform.ts";
import { groupOf } from "./reader.ts";
import { planned, run } from "./small.ts";

const LIVE = () => groupOf({ policy: "live", assignor: "cooperative" });
const STATIC = () => groupOf({ staticIdPrefix: "reader" }, "StatefulSet");

const CASES = [
  { kind: "rebalance-storm", step: "plan-move", plan: LIVE },
  { kind: "rebalance-storm", step: "observe-group", plan: STATIC },
  { kind: "static-member-clash", step: "plan-move", plan: STATIC },
  { kind: "static-member-clash", step: "hand-over-static-id", plan: STATIC },
  { kind: "lag-spike", step: "plan-move", plan: LIVE },
  { kind: "lag-spike", step: "observe-group", plan: LIVE },
  { kind: "members-late", step: "plan-move", plan: LIVE },
  { kind: "members-late", step: "observe-group", plan: STATIC },
] as const;

describe.each(CASES)("$kind at $step", ({ kind, step, plan }) => {
  test("strikes, is waited out, and loses nothing", async () => {
    const { summary } = await run(plan(), { faults: [{ kind, step }] });
    expect(summary.faults[0]?.struck).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      outcome: "completed",
      violations: [],
      requests: { failed: 0 },
      kafka: { lost: 0 },
    });
  });

  test("strikes while it is rolled back, and everything is as it was", async () => {
    const { summary } = await run(plan(), { faults: [{ kind, step }], rollBackAt: "move-workloads" });
    expect(summary.faults[0]?.struck).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      outcome: "rolled-back",
      violations: [],
      requests: { failed: 0 },
      kafka: { lost: 0 },
    });
  });
});

/** Brokers that stay on the source: the target's members reach them from afar. */
const FROM_AFAR = () =>
  planned(
    {
      meter: null,
      kafka: workload("kafka", {
        kind: "StatefulSet",
        image: "apache/kafka:3.9.0",
        replicas: 1,
        service: 9092,
        spec: "serviceName: kafka",
        container: env("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://kafka.shop:9092"),
      }),
      reader: workload("reader", {
        replicas: 3,
        container: `resources: {requests: {cpu: 50m, memory: 64Mi}}\n${env("KAFKA_BOOTSTRAP_SERVERS", "kafka.shop:9092")}`,
      }),
    },
    {
      decisions: { "shop/kafka": "keep-on-source" },
      groups: [{ group: "reader", topic: "orders", workload: "shop/reader", messagesPerSecond: 60 }],
    },
  );

test("clusters that are cut off from each other while a group moves: its members on the target lose their brokers, and come back", async () => {
  const faults = [{ kind: "clusters-cut-off", step: "observe-group", skip: 4 }];
  const { summary, events } = await run(FROM_AFAR(), { faults });
  expect(summary.faults[0]?.struck).toBeGreaterThan(0);
  const struckAt = events.find((e) => e.type === "fault")?.at ?? 0;
  const members = events.flatMap((e) => (e.type === "kafka" && e.at > struckAt ? [e.target] : []));
  // The session of who said nothing runs out.
  expect([Math.min(...members), members.at(-1)]).toEqual([0, 3]);
  expect(summary).toMatchObject({
    outcome: "completed",
    violations: [],
    requests: { failed: 0 },
    kafka: { lost: 0 },
  });
});

test("a storm in which no pod gets ready asks people, and without an answer the run goes back", async () => {
  const faults = [
    { kind: "rebalance-storm", step: "plan-move" },
    { kind: "pod-never-ready", step: "plan-move" },
  ];
  const { summary } = await run(LIVE(), { faults, approve: "never" });
  expect(["rolled-back", "waiting"]).toContain(summary.outcome);
  expect(summary).toMatchObject({ violations: [], requests: { failed: 0 }, kafka: { lost: 0 } });
});
