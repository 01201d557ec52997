/** Consumer groups on the move, whole: plan-move, scale-workload, hand-over-static-id and observe-group under shift-group, by every policy, forward and back. */

import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../domain/events.ts";
import { groupOf as platform } from "./reader.ts";
import { run } from "./small.ts";

type KafkaLine = Extract<RunEvent, { type: "kafka" }>;

const linesOf = (events: readonly RunEvent[]): readonly KafkaLine[] =>
  events.filter((e) => e.type === "kafka");

const WAYS = [
  { title: "live, eager", more: { policy: "live" }, low: 0, high: 1, rebalances: 6 },
  {
    title: "live, cooperative",
    more: { policy: "live", assignor: "cooperative" },
    low: 0,
    high: 1,
    rebalances: 9,
  },
  { title: "live, KIP-848", more: { policy: "live", protocol: "kip-848" }, low: 0, high: 1, rebalances: 6 },
  { title: "swap", more: { policy: "swap" }, low: -1, high: 0, rebalances: 6 },
  {
    title: "static, by ordinals",
    more: { staticIdPrefix: "reader" },
    kind: "StatefulSet",
    low: -1,
    high: 0,
    rebalances: 0,
  },
  { title: "static, all ids together", more: { staticIdPrefix: "reader" }, low: -3, high: 0, rebalances: 1 },
  { title: "drained", more: { policy: "drained", messagesPerSecond: 0 }, low: -3, high: 0, rebalances: 1 },
  {
    title: "quiet",
    more: { policy: "quiet", quietHours: { start: "03:00", end: "05:00" } },
    low: 0,
    high: 1,
    rebalances: 6,
  },
] as const;

describe.each(WAYS)("$title", ({ more, low, high, rebalances, ...way }) => {
  const plan = () => platform(more, "kind" in way ? way.kind : "Deployment");

  test("the group gets to the target within its bounds, nothing is lost, and no more is repeated than was said", async () => {
    const { summary, events } = await run(plan());
    expect(summary).toMatchObject({ outcome: "completed", violations: [] });
    const lines = linesOf(events);
    expect(lines.at(-1)).toMatchObject({ source: 0, target: 3, state: "stable" });
    expect(Math.min(...lines.map((l) => l.overN))).toBeGreaterThanOrEqual(low);
    expect(summary.kafka.membersMaxOverN).toBe(Math.max(0, high));
    expect(summary.kafka).toMatchObject({ lost: 0, duplicates: 0 });
    expect(summary.kafka.rebalances).toBeLessThanOrEqual(rebalances);
    const [stated] = plan().plan.groups ?? [];
    expect(summary.kafka.longestDelayMs).toBeLessThanOrEqual(stated?.cost.longestDelayMs ?? 0);
  });

  test("and back again, in order, within the same bounds", async () => {
    const { summary, events } = await run(plan(), { rollBackAt: "cut-traffic" });
    expect(summary).toMatchObject({ outcome: "rolled-back", violations: [] });
    const lines = linesOf(events);
    expect(lines.at(-1)).toMatchObject({ source: 3, target: 0, state: "stable" });
    expect(Math.min(...lines.map((l) => l.overN))).toBeGreaterThanOrEqual(low);
    expect(summary.kafka).toMatchObject({ membersMaxOverN: Math.max(0, high), lost: 0, duplicates: 0 });
  });
});

test("the quiet policy moves in its quiet hours", async () => {
  const { events } = await run(platform({ policy: "quiet", quietHours: { start: "03:00", end: "05:00" } }));
  const starts = new Date(events.find((e) => e.type === "run")?.startsAt ?? 0).getTime();
  const moved = linesOf(events).filter((l) => l.target > 0 && l.source > 0);
  expect(moved.length).toBeGreaterThan(0);
  for (const { at } of moved) expect(new Date(starts + at * 1000).getUTCHours()).toBe(3);
});

test("a topic that is written to all the time doesn't drain: people are asked, and the run goes back with nothing lost", async () => {
  const { summary, events } = await run(platform({ policy: "drained" }));
  expect(summary).toMatchObject({
    outcome: "rolled-back",
    violations: [],
    kafka: { lost: 0, duplicates: 0 },
  });
  expect(events.some((e) => e.type === "approval" && /Still written to by producer/.test(e.sentence))).toBe(
    true,
  );
});

test("what can't be chosen is refused with its line", () => {
  expect(() => platform({ policy: "live", staticIdPrefix: "reader" })).toThrow(
    /repot.yaml, line \d+: groups\[0\].policy is live, but its members are static/,
  );
  expect(() => platform({ policy: "static" })).toThrow(/needs a staticIdPrefix/);
  expect(() => platform({ policy: "quiet" })).toThrow(/needs quietHours/);
});
