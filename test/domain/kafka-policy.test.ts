/** Policies: bounds and moves, costs and what is recommended, and when a group counts as settled. */

import { expect, test } from "vitest";
import type { GroupItem } from "../../domain/items.ts";
import { type GroupSight, lagMaxOf, membersBySide, settle, waitingOf } from "../../domain/kafka.ts";
import { costOf } from "../../domain/kafka-cost.ts";
import {
  boundsOf,
  type GroupMove,
  nextMove,
  possiblePolicies,
  recommend,
} from "../../domain/kafka-policy.ts";
import { GROUP_POLICIES, KafkaGroup } from "../../domain/settings/messaging.ts";

const group = (more: Record<string, unknown> = {}) =>
  KafkaGroup.parse({ group: "readers", topic: "orders", workload: "shop/reader", ...more });

/** Makes every move until there is none, and says which counts it went through. */
const walk = (policy: GroupItem["policy"], members: number, ordinals: boolean) => {
  const now = { source: members, target: 0 };
  const seen: { total: number; move: GroupMove }[] = [];
  for (let tries = 0; tries < 100; tries += 1) {
    const move = nextMove({ policy, members, ordinals }, now);
    if (move.kind === "done") return { now, seen };
    if (move.kind === "scale") now[move.side] = move.replicas;
    else now.target = move.replicas;
    seen.push({ total: now.source + now.target, move });
  }
  throw new Error("it never ends");
};

test.each(GROUP_POLICIES.flatMap((policy) => [1, 2, 5].map((members) => [policy, members] as const)))(
  "%s with %i members: all get there, within the bounds, and each move has a name of its own",
  (policy, members) => {
    const ordinals = policy === "static";
    const { now, seen } = walk(policy, members, ordinals);
    const bounds = boundsOf(policy, members, ordinals);
    expect(now).toEqual({ source: 0, target: members });
    for (const { total } of seen) {
      expect(total).toBeGreaterThanOrEqual(bounds.min);
      expect(total).toBeLessThanOrEqual(bounds.max);
    }
    const names = seen.map(({ move }) => (move.kind === "done" ? "" : move.move));
    expect(new Set(names).size).toBe(names.length);
    expect([...names].sort()).toEqual(names);
  },
);

test("the same counts give the same move: a repeated question changes nothing", () => {
  const moving = { policy: "live", members: 4, ordinals: false } as const;
  expect(nextMove(moving, { source: 3, target: 1 })).toEqual(nextMove(moving, { source: 3, target: 1 }));
  expect(nextMove(moving, { source: 4, target: 1 })).toMatchObject({ side: "source", replicas: 3 });
  expect(nextMove(moving, { source: 3, target: 1 })).toMatchObject({ side: "target", replicas: 2 });
});

test("static ids go from the highest ordinal down, and the target begins where the source ends", () => {
  const { seen } = walk("static", 3, true);
  const ids = seen.flatMap(({ move }) => (move.kind === "hand-over-id" ? [move.ordinal] : []));
  expect(ids).toEqual([2, 1, 0]);
});

test.each([
  ["live", {}, "live", /joins on the target before one leaves the source/],
  ["static", { staticIdPrefix: "reader" }, "static", /0 rebalances/],
  ["swap", { membersMax: 4 }, "swap", /bear 4 members/],
  ["quiet", { quietHours: { start: "02:00", end: "04:00" } }, "quiet", /02:00–04:00/],
])("recommends %s, and says why", (_, settings, policy, reason) => {
  const of = group(settings);
  const costs = possiblePolicies(of).map((p) =>
    costOf(p, of, { members: 4, pauseSeconds: 30, ordinals: true }),
  );
  const found = recommend(of, 4, true, costs);
  expect(found.policy).toBe(policy);
  expect(found.reason).toMatch(reason);
});

test("costs are the measured ones for what was measured, and grow with members and messages", () => {
  const measured = group({ messagesPerSecond: 500, assignor: "cooperative" });
  const pods = { members: 4, pauseSeconds: 30, ordinals: true };
  expect(costOf("live", measured, pods)).toMatchObject({ rebalances: 12, duplicates: 54 });
  expect(costOf("live", measured, pods).longestDelayMs).toBeGreaterThan(3_093);
  expect(costOf("live", measured, { ...pods, members: 8 })).toMatchObject({
    rebalances: 24,
    duplicates: 108,
  });
  expect(costOf("static", measured, pods)).toMatchObject({ rebalances: 0, duplicates: 0 });
  expect(costOf("static", measured, { ...pods, pauseSeconds: 60 }).rebalances).toBeGreaterThan(0);
  expect(costOf("drained", measured, pods).source).toMatch(/1 rebalances, 6126 ms and 2 duplicates/);
});

const ITEM: GroupItem = {
  group: "readers",
  topic: "orders",
  workload: "shop/reader",
  members: 2,
  partitions: 2,
  policy: "live",
  membersMin: 2,
  membersMax: 3,
  ordinals: false,
  heartbeatSeconds: 3,
  commitSeconds: 5,
  messagesPerSecond: 10,
};
const at = (partition: number, offset: number) => ({ topic: "orders", partition, offset });
const member = (n: number, host: string, partitions: readonly number[]) => ({
  memberId: `m-${n}`,
  clientId: "reader",
  host,
  partitions: partitions.map((partition) => ({ topic: "orders", partition })),
});
const WELL: GroupSight = {
  group: ITEM,
  pods: {
    source: { wanted: 1, ready: 1, all: 1, addresses: ["10.0.0.1"] },
    target: { wanted: 1, ready: 1, all: 1, addresses: ["10.32.0.1"] },
  },
  observed: {
    group: "readers",
    protocol: "classic",
    state: "stable",
    members: [member(1, "10.0.0.1", [0]), member(2, "10.32.0.1", [1])],
  },
  ends: [at(0, 100), at(1, 100)],
  committed: [at(0, 90), at(1, 95)],
  lagMax: 80,
};
const NOW = "2026-03-02T08:00:00.000Z";

test("pods stand, members are those pods, every partition has one owner, little waits: settled", () => {
  expect(settle(WELL, NOW)).toMatchObject({
    verdict: "pass",
    sentence: "readers has settled: 2 members, 2 partitions.",
  });
});

const observed = (change: Partial<GroupSight["observed"]>) => ({ observed: { ...WELL.observed, ...change } });
const pods = (side: "source" | "target", change: object) => ({
  pods: { ...WELL.pods, [side]: { ...WELL.pods[side], ...change } },
});

test.each<[string, Partial<GroupSight>, "unknown" | "fail", RegExp]>([
  ["a pod isn't ready", pods("target", { ready: 0 }), "unknown", /0 of 1 pods are ready on the target/],
  ["a pod is still going", pods("source", { all: 2 }), "unknown", /2 pods there/],
  ["the group rebalances", observed({ state: "rebalancing" }), "unknown", /is rebalancing/],
  [
    "a ready pod hasn't joined",
    observed({ members: [member(1, "10.0.0.1", [0, 1])] }),
    "unknown",
    /0 of 1 pod on the target/,
  ],
  [
    "a stranger is a member",
    observed({ members: [...WELL.observed.members, member(3, "10.9.9.9", [])] }),
    "unknown",
    /10\.9\.9\.9 \(reader\) is no pod of either cluster/,
  ],
  [
    "a partition has no owner",
    observed({ members: [member(1, "10.0.0.1", [0]), member(2, "10.32.0.1", [])] }),
    "unknown",
    /Nobody owns orders\/1/,
  ],
  [
    "a partition has two owners",
    observed({ members: [member(1, "10.0.0.1", [0, 1]), member(2, "10.32.0.1", [1])] }),
    "fail",
    /Two members own orders\/1/,
  ],
  ["too much waits", { committed: [at(0, 10), at(1, 95)] }, "unknown", /95 messages wait, more than 80/],
  ["a partition was never committed", { committed: [at(0, 90)] }, "unknown", /no committed offset/],
  ["nothing is known of the topic", { ends: [] }, "unknown", /no partitions/],
])("not settled while %s", (_, change, verdict, sentence) => {
  const found = settle({ ...WELL, ...change }, NOW);
  expect(found.verdict).toBe(verdict);
  expect(found.sentence).toMatch(sentence);
  expect(found.remedy).toContain("kafka-consumer-groups.sh");
});

test("while a static id is on its way nobody is asked for it; the pods have to be gone", () => {
  const between = {
    ...WELL,
    group: { ...ITEM, policy: "static" as const },
    ...pods("target", { wanted: 0, ready: 0, all: 0 }),
  };
  expect(settle({ ...between, ...observed({ members: [] }) }, NOW).verdict).toBe("pass");
  expect(settle({ ...between, ...pods("target", { wanted: 0, ready: 0, all: 1 }) }, NOW).verdict).toBe(
    "unknown",
  );
});

test("what may wait is what waited, with a margin, and at least what comes between two commits", () => {
  expect(lagMaxOf(ITEM, 1_000)).toBe(1_500);
  expect(lagMaxOf(ITEM, 0)).toBe(80);
  expect(lagMaxOf({ ...ITEM, lagMax: 7 }, 1_000)).toBe(7);
});

test("members are told apart by their pods' addresses", () => {
  const by = membersBySide([...WELL.observed.members, member(3, "10.9.9.9", [])], WELL.pods);
  expect([by.source.length, by.target.length, by.elsewhere.length]).toEqual([1, 1, 1]);
});

test("a log that nobody has written to waits for nobody", () => {
  expect(waitingOf([at(0, 0)], [])).toBe(0);
  expect(waitingOf([at(0, 5)], [])).toBeUndefined();
});
