/** CronJobs' ticks, zones, deadlines and missed runs; and leases, which one pod holds at a time. */

import { describe, expect, test } from "vitest";
import { makeWorld, object, podSpec, ref } from "./cluster-fixtures.ts";

const cron = (spec: Readonly<Record<string, unknown>>) =>
  object("batch/v1", "CronJob", "tick", {
    spec: {
      schedule: "0 * * * *",
      jobTemplate: { spec: { template: { spec: podSpec({}, { restartPolicy: "Never" }) } } },
      ...spec,
    },
  });
const tickRef = ref("batch/v1", "CronJob", "tick");
type World = ReturnType<typeof makeWorld>;
const jobs = async ({ kube }: World) =>
  kube.list({ apiVersion: "batch/v1", kind: "Job" }, { namespace: "shop" });
/** Ticks that were run, as ISO times. */
const ran = async (world: World): Promise<readonly string[]> =>
  (await jobs(world))
    .map((job) => job.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"] ?? "")
    .sort();
const suspend = (world: World, value: boolean) =>
  world.kube.mergePatch(tickRef, { spec: { suspend: value } });

describe("a CronJob", () => {
  test("runs at each tick and keeps the last three", async () => {
    const world = makeWorld({ objects: [cron({})] });
    world.wait(3 * 3_600 + 60);
    expect(await ran(world)).toEqual([
      "2026-01-05T09:00:00Z",
      "2026-01-05T10:00:00Z",
      "2026-01-05T11:00:00Z",
    ]);
    world.wait(7_200);
    expect((await ran(world)).length).toBe(3);
    expect((await world.kube.get(tickRef))["status"]).toMatchObject({
      lastScheduleTime: "2026-01-05T13:00:00Z",
    });
  });

  test.each([
    ["in its own zone", "30 10 * * *", "Europe/Berlin", "2026-01-05T09:30:00Z"],
    ["else in the controller's, UTC", "30 10 * * *", undefined, "2026-01-05T10:30:00Z"],
    ["by a descriptor", "@hourly", undefined, "2026-01-05T09:00:00Z"],
  ])("ticks %s", async (_name, schedule, timeZone, first) => {
    const world = makeWorld({
      objects: [cron({ schedule, ...(timeZone === undefined ? {} : { timeZone }) })],
    });
    world.wait(3 * 3_600);
    expect((await ran(world))[0]).toBe(first);
  });

  test("that was suspended runs what it missed at once, but only the last of it", async () => {
    const world = makeWorld({ objects: [cron({ suspend: true })] });
    world.wait(3 * 3_600 + 600);
    expect(await ran(world)).toEqual([]);
    await suspend(world, false);
    world.wait(5);
    expect(await ran(world)).toEqual(["2026-01-05T11:00:00Z"]);
  });

  test("with a deadline doesn't run what it missed before that", async () => {
    const world = makeWorld({ objects: [cron({ suspend: true, startingDeadlineSeconds: 300 })] });
    world.wait(3 * 3_600 + 600);
    await suspend(world, false);
    world.wait(5);
    expect(await ran(world)).toEqual([]);
    world.wait(3_600);
    expect(await ran(world)).toEqual(["2026-01-05T12:00:00Z"]);
  });

  test("without a deadline is blocked by over a hundred missed ticks", async () => {
    const world = makeWorld({ objects: [cron({ schedule: "* * * * *", suspend: true })] });
    world.wait(102 * 60 + 30);
    await suspend(world, false);
    world.wait(600);
    expect(await ran(world)).toEqual([]);
    const events = await world.kube.list({ apiVersion: "v1", kind: "Event" }, { namespace: "shop" });
    expect(events.map((e) => e["reason"])).toEqual(["TooManyMissedTimes"]);
  });

  test.each([
    ["Forbid", 1],
    ["Allow", 2],
    ["Replace", 1],
  ])("with %s has %d jobs at a time", async (concurrencyPolicy, most) => {
    const world = makeWorld({ objects: [cron({ schedule: "* * * * *", concurrencyPolicy })] });
    // A pod of a job that never starts keeps the job active.
    const stuck = {
      spec: { jobTemplate: { spec: { template: { spec: { nodeSelector: { disk: "none" } } } } } },
    };
    await world.kube.mergePatch(tickRef, stuck);
    world.wait(130);
    const status = (await world.kube.get(tickRef))["status"] as { active?: readonly unknown[] };
    expect(status.active?.length).toBe(most);
  });

  test("has its jobs as long as they run, and forgets their pods with them", async () => {
    const world = makeWorld({ objects: [cron({})] });
    world.wait(3_605);
    const running = (await world.kube.get(tickRef))["status"] as { active?: readonly unknown[] };
    expect(running.active?.length).toBe(1);
    world.wait(200);
    expect(((await world.kube.get(tickRef))["status"] as { active?: unknown }).active).toBeUndefined();
    await world.kube.remove(tickRef);
    world.wait(60);
    expect(await jobs(world)).toEqual([]);
    expect(world.cluster.all().filter((o) => o.kind === "Pod")).toEqual([]);
  });
});

describe("leases", () => {
  const elects = podSpec({ args: ["--leader-elect", "--leader-election-id=boss"] });
  const workload = object("apps/v1", "Deployment", "boss", {
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "boss" } },
      template: { metadata: { labels: { app: "boss" } }, spec: elects },
    },
  });
  const lease = ref("coordination.k8s.io/v1", "Lease", "boss");
  const holder = async (world: World) =>
    ((await world.kube.get(lease))["spec"] as { holderIdentity: string }).holderIdentity;

  test("are held by one pod, renewed while it lives, and taken over once they lapse", async () => {
    const world = makeWorld({ objects: [workload] });
    const first = await holder(world);
    world.wait(3_600);
    expect(await holder(world)).toBe(first);
    await world.kube.remove(ref("v1", "Pod", first));
    world.wait(8);
    expect(await holder(world)).toBe(first);
    world.wait(20);
    const second = await holder(world);
    expect(second).not.toBe(first);
    expect((await world.kube.get(lease))["spec"]).toMatchObject({ leaseTransitions: 1 });
  });
});
