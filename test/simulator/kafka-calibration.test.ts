/** The simulated group protocols against what was measured with Kafka 4.1.0: rebalances exactly, delays and duplicates within a band. */

import { expect, test } from "vitest";
import { heartbeatSecondsOf, type Manner, MEASURED, MEASURED_STATIC } from "../../domain/kafka-cost.ts";
import type { Plan } from "../../domain/plan.ts";
import { KafkaGroup } from "../../domain/settings/messaging.ts";
import { makeKafka } from "../../simulator/world/kafka/index.ts";
import { shop, trial, workload } from "./traffic.fixture.ts";

const HOW = ["pairs", "swaps", "all at once"] as const;

const SETTINGS: { readonly [M in Manner]: Record<string, unknown> } = {
  "classic, eager": { assignor: "eager" },
  "classic, cooperative": { assignor: "cooperative" },
  "KIP-848": { protocol: "kip-848" },
};

const NAMES = { group: "readers", topic: "orders", workload: "shop/reader" };

/** Four members, 12 partitions, 500 messages a second, as on the machine where the figures were taken. */
const platform = (more: Record<string, unknown>, kind = "Deployment"): Plan => {
  const group = {
    ...NAMES,
    partitions: 12,
    messagesPerSecond: 500,
    ...more,
  };
  const base = shop({}, { groups: [group] });
  const reader = workload("shop/reader", { class: "group-member", replicas: 4, services: [] });
  return { ...base, workloads: [...base.workloads, { ...reader, kind: kind as "Deployment" }] };
};

/** Moves four members to the target, waits for the group between two moves, and says what it cost. */
const move = (
  manner: Manner,
  how: (typeof HOW)[number],
  { inHandSeconds = 0 }: { inHandSeconds?: number } = {},
) => {
  const t = trial(platform(SETTINGS[manner]));
  t.source.scale("shop/reader", 4);
  const kafka = makeKafka({
    clock: t.clock,
    plan: t.plan,
    source: t.source,
    target: t.target,
    emit: () => {},
    inHandSeconds,
    // The processes stood ready: nothing had to be started.
    startMs: 40,
  });
  t.pass(20);
  const stop = (count: number) => t.source.alter("shop/reader", { terminating: true }, count);
  const settle = () => {
    t.pass(4.3);
    for (let tries = 0; tries < 100 && kafka.groups()[0]?.state !== "stable"; tries += 1) t.pass(0.5);
  };
  if (how === "all at once") {
    stop(4);
    for (let started = 1; started <= 4; started += 1) {
      t.target.scale("shop/reader", started);
      t.pass(0.02);
    }
  } else
    for (let pair = 1; pair <= 4; pair += 1) {
      if (how === "swaps") stop(pair);
      t.target.scale("shop/reader", pair);
      settle();
      if (how === "swaps") continue;
      stop(pair);
      settle();
    }
  settle();
  t.pass(60);
  const [group] = kafka.groups();
  if (!group) throw new Error("there is no group");
  return group;
};

/** A delay hangs on where a heartbeat falls: up to a whole interval, never much more than was measured or than one interval. */
const BAND = { lowest: 0.04, highest: 1.25, slackMs: 300 } as const;

for (const manner of Object.keys(SETTINGS) as Manner[])
  for (const how of HOW)
    test(`${manner}, ${how}: as many rebalances as were measured, the delay within the band`, () => {
      const measured = MEASURED[manner][how];
      const group = move(manner, how);
      expect(group.members).toEqual({ source: 0, target: 4 });
      expect(group.state).toBe("stable");
      expect(group.ownedTwice).toBe(0);
      expect(group.waiting).toBeLessThan(1);
      const { rebalances, lost, duplicates, longestDelayMs } = group.figures;
      expect({ rebalances, lost, duplicates }).toEqual({
        rebalances: measured.rebalances,
        lost: 0,
        duplicates: 0,
      });
      // Without a heartbeat to wait for (KIP-848, swaps) nothing may take as long as one.
      const beatMs =
        measured.longestDelayMs < 1_000
          ? 0
          : heartbeatSecondsOf(KafkaGroup.parse({ ...NAMES, ...SETTINGS[manner] })) * 1000;
      expect(longestDelayMs).toBeGreaterThan(measured.longestDelayMs * BAND.lowest);
      expect(longestDelayMs).toBeLessThan(
        Math.max(measured.longestDelayMs, beatMs) * BAND.highest + BAND.slackMs,
      );
    });

test("a client that commits late repeats what it had in hand: about as much as was measured", () => {
  // @platformatic/kafka had about 70 ms of messages in hand.
  for (const manner of ["classic, cooperative", "KIP-848"] as const) {
    const { figures } = move(manner, "pairs", { inHandSeconds: 0.07 });
    const { duplicates } = MEASURED[manner].pairs;
    expect(figures.duplicates).toBeGreaterThan(duplicates / 3);
    expect(figures.duplicates).toBeLessThan(duplicates * 3);
  }
});

test("a static id that is stopped here and started there costs no rebalance, and a delay as long as the gap", () => {
  const t = trial(platform({ staticIdPrefix: "reader" }, "StatefulSet"));
  t.source.scale("shop/reader", 4);
  const kafka = makeKafka({
    clock: t.clock,
    plan: t.plan,
    source: t.source,
    target: t.target,
    emit: () => {},
  });
  t.pass(20);
  t.source.alter("shop/reader", { terminating: true });
  t.pass(0.2);
  const [stopped] = t.source.pods().filter((p) => p.terminating);
  t.target.scale("shop/reader", 1);
  t.target.alter("shop/reader", { name: stopped?.name ?? "" });
  t.pass(30);
  const [group] = kafka.groups();
  expect(group?.members).toEqual({ source: 3, target: 1 });
  expect(group?.figures).toMatchObject({ rebalances: MEASURED_STATIC.rebalances, lost: 0, duplicates: 0 });
  expect(group?.figures.longestDelayMs).toBeGreaterThan(600);
  expect(group?.figures.longestDelayMs).toBeLessThan(1_000);
});
