/** Messages: what waits, what comes twice, what is late, what is lost. And the invariants that watch over exclusive things. */

import { expect, test } from "vitest";
import type { Plan } from "../../domain/plan.ts";
import { cronJobs } from "../../simulator/invariants/cron-jobs.ts";
import { type Invariant, makeInspector } from "../../simulator/invariants/invariant.ts";
import { messages } from "../../simulator/invariants/messages.ts";
import { singletons } from "../../simulator/invariants/singletons.ts";
import { sourceCapacity } from "../../simulator/invariants/source-capacity.ts";
import { staticMembers } from "../../simulator/invariants/static-members.ts";
import { makeQueues } from "../../simulator/world/queues.ts";
import { fill, shop, type Trial, trial, workload } from "./traffic.fixture.ts";

const QUEUE = { queue: "orders", kind: "rabbitmq", workload: "shop/reader", messagesPerSecond: 60 };
const GROUP = { group: "orders-readers", topic: "orders", workload: "shop/reader", partitions: 6 };

const broker = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "rabbit", namespace: "shop" },
  spec: { template: { spec: { containers: [{ image: "rabbitmq:4.1" }] } } },
};

const withReader = (more: Partial<Plan> = {}, settings: Record<string, unknown> = {}): Plan => {
  const base = shop({}, { queues: [QUEUE], ...settings });
  const reader = workload("shop/reader", {
    class: "queue-worker",
    move: "stop-then-start",
    replicas: 3,
    pauseSecondsMax: 30,
    services: [],
    calls: [{ service: "shop/rabbit", field: "env" }],
  });
  return { ...base, workloads: [...base.workloads, reader], ...more };
};

const queuesOf = (t: Trial, targetShare?: () => number) =>
  makeQueues({
    clock: t.clock,
    plan: t.plan,
    source: t.source,
    target: t.target,
    ...(targetShare ? { targetShare } : {}),
  });

test("with its workers there a queue is taken as it comes, and nothing waits", () => {
  const t = trial(withReader());
  const queues = queuesOf(t);
  t.pass(600);
  expect(queues.totals()).toEqual({
    produced: 36_000,
    consumed: 36_000,
    lost: 0,
    duplicated: 0,
    delayed: 0,
    discarded: 0,
  });
});

test("while nobody reads messages wait; a pause as stated delays none beyond the objective, a longer one does", () => {
  const paused = (seconds: number) => {
    const t = trial(withReader());
    const queues = queuesOf(t);
    t.pass(60);
    t.source.alter("shop/reader", { ready: false, terminating: true }, 3);
    t.source.scale("shop/reader", 0);
    t.pass(seconds);
    const waiting = queues.queues()[0]?.waiting;
    t.target.scale("shop/reader", 3);
    t.pass(3_600);
    return { waiting, totals: queues.totals(), after: queues.queues()[0] };
  };
  // Workers subscribe 20 s after they are ready.
  const short = paused(60);
  expect(short.waiting).toBeCloseTo(60 * 60, 6);
  expect(short.totals).toMatchObject({ lost: 0, delayed: 0, duplicated: 0 });
  expect(short.after).toMatchObject({ waiting: 0, members: { source: 0, target: 3 } });
  expect(short.totals.produced).toBe(short.totals.consumed);
  // Of 120 s without a reader, those are late that waited more than 90: taken at 90 a second until the oldest is 90 s old.
  expect(paused(100).totals.delayed).toBe((30 * 60 * 90) / 30);
});

test("a worker that is killed reads twice what it hadn't confirmed, one that was told to stop doesn't", () => {
  const t = trial(withReader());
  const queues = queuesOf(t);
  t.pass(60);
  t.source.alter("shop/reader", { ready: false, terminating: true });
  t.source.alter("shop/reader", { accepting: false });
  t.pass(60);
  expect(queues.totals().duplicated).toBe(0);
  t.source.scale("shop/reader", 0);
  expect(queues.totals().duplicated).toBe(2 * 10);
});

test("a queue that the settings don't name is watched as well", () => {
  const t = trial(withReader({}, { queues: [] }));
  expect(queuesOf(t).queues()).toMatchObject([
    { name: "shop/reader", kind: "rabbitmq", members: { source: 3, target: 0 } },
  ]);
});

const brokerWorkload = (more = {}) => workload("shop/rabbit", { class: "stateful", replicas: 1, ...more });

test("a broker that is rebuilt has two logs: what was left in the old one is discarded by decision, not lost", () => {
  const base = withReader({ objects: [broker] });
  const rebuilt = brokerWorkload({ move: "start-on-target", decision: "rebuild" });
  const t = trial({ ...base, workloads: [...base.workloads, rebuilt] });
  let share = 0;
  const queues = queuesOf(t, () => share);
  t.pass(60);
  t.target.scale("shop/rabbit", 1);
  t.target.scale("shop/reader", 3);
  t.pass(60);
  share = 1;
  t.pass(0);
  queues.settle();
  t.source.scale("shop/reader", 0);
  t.pass(600);
  expect(queues.totals()).toMatchObject({ lost: 0, discarded: 0 });
  share = 0;
  queues.settle();
  t.pass(10);
  t.source.scale("shop/rabbit", 0);
  expect(queues.totals()).toMatchObject({ lost: 0, discarded: 600 });
});

/** Runs an invariant over a world and says what it found. */
const found = <W>(
  invariant: Invariant<W>,
  world: W,
): { inspect: () => void; sentences: () => readonly string[] } => {
  const sentences: string[] = [];
  const inspector = makeInspector({
    invariants: [invariant],
    world,
    found: (_, sentence) => sentences.push(sentence),
  });
  inspector.inspect();
  return { inspect: inspector.inspect, sentences: () => sentences };
};

test("a broker that stays and is stopped with messages in it breaks exactly the invariant of messages, once", () => {
  const base = withReader({ objects: [broker] });
  const t = trial({
    ...base,
    workloads: [...base.workloads, brokerWorkload({ move: "keep-on-source", decision: "keep-on-source" })],
  });
  const queues = queuesOf(t);
  const watch = found(messages(), { ...t, queues });
  t.source.scale("shop/reader", 0);
  t.pass(60);
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
  t.source.scale("shop/rabbit", 0);
  t.pass(60);
  watch.inspect();
  watch.inspect();
  // What waited, and what nobody could publish in the minute after.
  expect(queues.totals().lost).toBe(2 * 3_600);
  expect(watch.sentences()).toEqual([
    "orders lost messages that nobody had read: its broker was stopped with them.",
  ]);
});

test("a static id in both clusters at once is a breach; one after the other is none", () => {
  const plan = withReader({}, { groups: [{ ...GROUP, staticIdPrefix: "reader" }] });
  const right = trial(plan);
  const rightWatch = found(staticMembers(), { ...right, queues: queuesOf(right) });
  right.source.scale("shop/reader", 0);
  right.target.scale("shop/reader", 3);
  rightWatch.inspect();
  expect(rightWatch.sentences()).toEqual([]);

  const wrong = trial(plan);
  const wrongWatch = found(staticMembers(), { ...wrong, queues: queuesOf(wrong) });
  wrong.target.scale("shop/reader", 1);
  wrongWatch.inspect();
  expect(wrongWatch.sentences()).toEqual([
    "The static member reader of orders-readers runs in both clusters at once.",
  ]);
});

test("a singleton started on the target before it is gone from the source is a breach", () => {
  const base = shop();
  const plan = {
    ...base,
    workloads: [
      ...base.workloads,
      workload("shop/scheduler", { class: "singleton", move: "stop-then-start", replicas: 1 }),
    ],
  };
  const t = trial(plan);
  const watch = found(singletons(), t);
  fill({ ...t, plan: base });
  t.source.alter("shop/scheduler", { ready: false, terminating: true });
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
  t.target.scale("shop/scheduler", 1);
  watch.inspect();
  expect(watch.sentences()).toEqual(["shop/scheduler runs in both clusters at once."]);
});

const CRON = { apiVersion: "batch/v1", kind: "CronJob" } as const;
const cron = (suspend: boolean) => ({
  ...CRON,
  metadata: { name: "bill", namespace: "shop" },
  spec: { schedule: "*/10 * * * *", suspend },
});

const cronTrial = () => {
  const base = shop();
  const job = workload("shop/bill", { ...CRON, class: "cron", move: "hand-over-schedule", replicas: 0 });
  const t = trial({ ...base, workloads: [...base.workloads, job] });
  t.source.put(cron(false));
  t.target.put(cron(true));
  const watch = found(cronJobs(), { ...t, now: () => t.clock.now() });
  return { t, watch };
};

test("a cron job handed over between ticks misses none, and nobody complains", () => {
  const { t, watch } = cronTrial();
  t.pass(3_660);
  watch.inspect();
  t.source.put(cron(true));
  watch.inspect();
  t.pass(60);
  t.target.put(cron(false));
  watch.inspect();
  t.pass(7_200);
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
});

test("a cron job that both clusters schedule is a breach", () => {
  const { t, watch } = cronTrial();
  t.target.put(cron(false));
  watch.inspect();
  expect(watch.sentences()).toEqual(["shop/bill is scheduled by both clusters at once."]);
});

test("a cron job may miss one tick in a handover, not two", () => {
  const { t, watch } = cronTrial();
  t.source.put(cron(true));
  watch.inspect();
  t.pass(15 * 60);
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
  t.pass(10 * 60);
  watch.inspect();
  expect(watch.sentences()).toEqual([
    "shop/bill missed more than one tick in a row: neither cluster scheduled it.",
  ]);
});

const deployment = (replicas: number) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
  spec: { replicas },
});

test("source capacity that goes below what arrives is a breach, before a single request fails", () => {
  const t = trial(shop({}, { capacity: [{ workload: "*", requestsPerSecondPerPod: 90 }] }));
  t.source.put(deployment(4));
  t.source.scale("shop/web", 4);
  t.pass(60);
  const watch = found(sourceCapacity(), t);
  t.source.put(deployment(2));
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
  t.source.put(deployment(1));
  watch.inspect();
  expect(watch.sentences()[0]).toMatch(
    /^shop\/web was scaled down to 1 on the source while \d+ requests a second still need it; 1 pods carry 90\.$/,
  );
  expect(t.traffic.totals().failed).toBe(0);
});

test("capacity may go once nobody arrives any more, and not before open connections are gone", () => {
  const t = trial();
  t.source.put(deployment(2));
  fill(t);
  t.dns.point({ target: 1 });
  t.pass(60);
  const watch = found(sourceCapacity(), t);
  t.source.put(deployment(0));
  watch.inspect();
  expect(watch.sentences()).toHaveLength(1);

  const later = trial();
  later.source.put(deployment(2));
  fill(later);
  later.dns.point({ target: 1 });
  later.pass(7_200);
  const patient = found(sourceCapacity(), later);
  later.source.put(deployment(0));
  patient.inspect();
  expect(patient.sentences()).toEqual([]);
});

test("an ingress controller is in use as long as any host's requests go through it", () => {
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "shop", namespace: "shop" },
    spec: { rules: [{ host: "shop.platform.example" }] },
  };
  const controller = (replicas: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "edge", namespace: "edge" },
    spec: {
      replicas,
      template: { spec: { containers: [{ image: "registry.k8s.io/ingress-nginx/controller:v1.12.0" }] } },
    },
  });
  const base = shop();
  const workloads = [...base.workloads, workload("edge/edge", { class: "core" })];
  const t = trial({ ...base, workloads, objects: [ingress, controller(2)] });
  t.source.put(ingress);
  t.source.put(controller(2));
  t.pass(60);
  const watch = found(sourceCapacity(), t);
  t.source.put(controller(1));
  watch.inspect();
  expect(watch.sentences()).toEqual([]);
  t.source.put(controller(0));
  watch.inspect();
  expect(watch.sentences()[0]).toMatch(/^edge\/edge was scaled down to 0 on the source while \d+ requests/);
});
