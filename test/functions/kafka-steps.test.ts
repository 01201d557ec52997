/** The steps that ask Kafka, against a simulated group. */

import { expect, test } from "vitest";
import type { GroupItem } from "../../domain/items.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { Plan } from "../../domain/plan.ts";
import { KafkaGroup } from "../../domain/settings/messaging.ts";
import { handOverStaticId } from "../../functions/hand-over-static-id.ts";
import { observeDrain } from "../../functions/observe-drain.ts";
import { observeGroup } from "../../functions/observe-group.ts";
import { planMove } from "../../functions/plan-move.ts";
import { runOn } from "../contracts/harness.ts";
import { aPlan, aWorkload } from "../domain/checks.fixture.ts";
import { kafkaBench } from "./kafka-bench.ts";
import { deployment, makeMoveWorld, RUN, scoped } from "./move-bench.ts";

const QUEUE = { kind: "kafka", group: "readers", topic: "orders" };

test("observe-drain: a topic that is written to isn't drained, and is once the writers are gone and everything is committed", async () => {
  const bench = kafkaBench();
  const look = (mark: string | null) => bench.run(observeDrain, { queue: QUEUE, mark });
  bench.pass(30);
  const busy = await look(null);
  expect(busy).toMatchObject({
    drained: false,
    sentence: "readers on orders: Still written to by producer 1000.",
  });
  bench.pass(10);
  bench.kafka.produce("orders", 0);
  bench.pass(90);
  const first = await look(busy.mark);
  expect(first).toMatchObject({
    drained: false,
    sentence: "readers on orders: Its log still grows, so somebody publishes.",
  });
  bench.pass(10);
  expect(await look(first.mark)).toMatchObject({ drained: true, mark: first.mark });
});

test("observe-drain: messages that nobody reads are in the way", async () => {
  const bench = kafkaBench();
  bench.source.alter("shop/reader", { terminating: true }, 4);
  bench.pass(5);
  bench.kafka.produce("orders", 0);
  bench.pass(90);
  const first = await bench.run(observeDrain, { queue: QUEUE, mark: null });
  expect(first.sentence).toMatch(/readers on orders: 30\d messages wait to be read\./);
});

test("observe-drain: a group that Kafka doesn't know is an error by name", async () => {
  const bench = kafkaBench();
  await expect(
    bench.run(observeDrain, { queue: { ...QUEUE, group: "writers" }, mark: null }),
  ).rejects.toMatchObject({ name: "NotFound" });
});

const GROUP = { group: "readers", topic: "orders", workload: "shop/reader", messagesPerSecond: 60 };

/** A StatefulSet whose three pods are a group in the source; the target has its definition at zero. */
const readers = (more: Partial<GroupItem> = {}) => {
  const set = (replicas: number): KubeObject => ({
    ...deployment("reader", { replicas, serviceName: "reader" }),
    kind: "StatefulSet",
  });
  const settings = KafkaGroup.parse({
    ...GROUP,
    ...(more.staticIdPrefix === undefined ? {} : { staticIdPrefix: more.staticIdPrefix }),
  });
  const base = aPlan();
  const workload = aWorkload({ name: "reader", kind: "StatefulSet", class: "group-member", replicas: 3 });
  const plan = aPlan({
    workloads: [workload] as Plan["workloads"],
    settings: { ...base.settings, groups: [settings] },
    objects: [scoped("v1", "Namespace", "shop"), set(3)] as unknown as Plan["objects"],
  });
  const world = makeMoveWorld(plan);
  const target = world.as("target", "system:admin", ["system:masters"]);
  const group: GroupItem = {
    ...GROUP,
    members: 3,
    partitions: 12,
    policy: "live",
    membersMin: 3,
    membersMax: 4,
    ordinals: true,
    heartbeatSeconds: 3,
    commitSeconds: 5,
    ...more,
  };
  const item = {
    ...workload,
    move: "shift-group",
    sourceKeeps: 3,
    groups: [group],
    operations: { move: "0001-shift-group:shop/reader" },
  };
  const source = world.as("source", "system:admin", ["system:masters"]);
  const ref = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "reader" };
  return { world, source, target, item, ref, begin: () => runCreate(world, target, set(0)) };
};

const runCreate = async (
  world: ReturnType<typeof makeMoveWorld>,
  target: ReturnType<ReturnType<typeof makeMoveWorld>["as"]>,
  set: KubeObject,
): Promise<void> => {
  const namespace = scoped("v1", "Namespace", "shop");
  if (!(await target.find({ apiVersion: "v1", kind: "Namespace", name: "shop" })))
    await target.create(namespace);
  await target.create(set);
  world.wait(5);
};

test("plan-move: a member more on the target first, then one fewer on the source, and nothing when all are there", async () => {
  const { world, source, target, item, ref, begin } = readers();
  await begin();
  const next = () => world.run(planMove as never, { item, lagMax: null });
  expect(await next()).toMatchObject({
    kind: "scale",
    side: "target",
    replicas: 1,
    lagMax: { readers: 480 },
  });
  await target.scale(ref, 1);
  expect(await next()).toMatchObject({ kind: "scale", side: "source", replicas: 2 });
  await source.scale(ref, 0);
  await target.scale(ref, 3);
  expect(await next()).toMatchObject({ kind: "done" });
});

test("plan-move: what was measured before the first move stays what is allowed", async () => {
  const { world, item, begin } = readers();
  await begin();
  expect(await world.run(planMove as never, { item, lagMax: { readers: 7 } })).toMatchObject({
    lagMax: { readers: 7 },
  });
});

const HOURS = (start: string, end: string) => ({ quietHours: { start, end } });

test.each<[string, Partial<GroupItem>, object]>([
  [
    "outside of its quiet hours: it waits for them",
    { policy: "quiet", ...HOURS("20:00", "22:00") },
    { kind: "wait" },
  ],
  [
    "in its quiet hours, and quiet",
    { policy: "quiet", lagMax: 100_000, ...HOURS("00:00", "23:59") },
    { kind: "scale" },
  ],
  [
    "in its quiet hours, and busy",
    { policy: "quiet", lagMax: 0, ...HOURS("00:00", "23:59") },
    { kind: "wait", sentence: expect.stringMatching(/readers has \d+ messages waiting .* more than 0/) },
  ],
  [
    "that has quiet hours by chance and another policy",
    { policy: "live", ...HOURS("20:00", "22:00") },
    { kind: "scale" },
  ],
])("plan-move: a group %s", async (_, more, expected) => {
  const { world, item, begin } = readers(more);
  await begin();
  // Between two commits.
  world.wait(2);
  expect(await world.run(planMove as never, { item, lagMax: null })).toMatchObject(expected);
});

test("plan-move: a group in its quiet hours of which nobody knows how much waits isn't quiet", async () => {
  const { world, item, begin } = readers({ policy: "quiet", ...HOURS("00:00", "23:59") });
  await begin();
  const context = { ...world.context, kafka: { ...world.context.kafka, listCommitted: async () => [] } };
  const planned = await runOn(
    world.clock,
    () => planMove.run(planMove.input.parse({ run: RUN, item, lagMax: null }), context),
    planMove.needs,
    "plan-move",
  );
  expect(planned).toMatchObject({
    kind: "wait",
    sentence:
      "A partition of orders that holds messages has no commit of readers: how many wait isn't known.",
  });
});

test("observe-group: passes while members are the pods of the source, waits while a new pod hasn't joined, passes when it has", async () => {
  const { world, target, item, ref, begin } = readers();
  await begin();
  world.wait(30);
  expect(await world.ask(observeGroup as never, "before", item)).toMatchObject({ verdict: "pass" });
  await target.scale(ref, 1);
  world.wait(1);
  expect((await world.ask(observeGroup as never, "up", item)).verdict).toBe("unknown");
  world.wait(120);
  const settled = await world.ask(observeGroup as never, "up again", item);
  expect(settled).toMatchObject({ verdict: "pass" });
  expect(settled.verdicts[0]?.evidence.map((e) => e.value)).toEqual(["stable", 4, 12, expect.any(Number)]);
});

test("observe-group: without a workload nothing is measured, and nothing measured is unknown", async () => {
  const { world } = readers();
  expect(await world.ask(observeGroup as never, "nothing")).toMatchObject({ verdict: "unknown" });
});

test("hand-over-static-id: starts an id on the target only when its pod is gone, and owns it there", async () => {
  const { world, source, target, item, ref, begin } = readers({ policy: "static", staticIdPrefix: "reader" });
  await begin();
  const handOver = () =>
    world.run(handOverStaticId as never, { item, ordinal: 2, replicas: 1, move: "000-1-target-up" });
  await expect(handOver()).rejects.toMatchObject({ name: "Transient", message: /reader-2 is still there/ });
  expect((await target.get(ref))["spec"]).toMatchObject({ replicas: 0 });
  await source.scale(ref, 2);
  world.wait(60);
  expect(await handOver()).toMatchObject({ outcome: "made" });
  expect(await handOver()).toMatchObject({ outcome: "stood" });
  expect((await target.get(ref))["spec"]).toMatchObject({ replicas: 1, ordinals: { start: 2 } });
  world.wait(60);
  expect(world.clusters.target.pods().map((p) => p.name)).toEqual(["reader-2"]);
  const owner = [...world.stored()].find(([key]) => key.includes("/owners/"));
  expect(owner?.[1]).toContain("target");
});
