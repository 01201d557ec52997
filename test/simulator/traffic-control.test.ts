/** The control run: the same platform and seed without a migration; and that a run repeats, byte for byte. */

import { expect, test } from "vitest";
import type { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeControl, noCluster } from "../../simulator/world/traffic/control.ts";
import { makePauses } from "../../simulator/world/traffic/pauses.ts";
import { fill, handCluster, handDns, STARTS_AT, shop, type Trial, trial } from "./traffic.fixture.ts";

/** A control world in which one pod of a service is down for a while, as it would be without us. */
const controlThatFails = (
  plan: Trial["plan"],
  fromSeconds: number,
  toSeconds: number,
  built: { times: number } = { times: 0 },
) =>
  makeControl({
    startsAt: STARTS_AT,
    random: makeRandom(7),
    plan,
    build: (clock: Clock) => {
      built.times += 1;
      const services = Object.fromEntries(
        plan.workloads.flatMap((w) => w.services.map((s) => [s, `${w.namespace}/${w.name}`])),
      );
      const source = handCluster("source", services);
      for (const w of plan.workloads) source.scale(`${w.namespace}/${w.name}`, w.replicas);
      clock.after(fromSeconds * 1000, () => source.scale("shop/redis", 0));
      clock.after(toSeconds * 1000, () => source.scale("shop/redis", 1));
      return { source, target: noCluster("target"), dns: handDns() };
    },
  });

test("an outage that happens in both runs at the same time is nobody's doing", () => {
  const plan = shop();
  const t = trial(plan, controlThatFails(plan, 60, 80));
  t.pass(60);
  t.source.scale("shop/redis", 0);
  t.pass(20);
  t.source.scale("shop/redis", 1);
  t.pass(600);
  const { failed, failedAnyway } = t.traffic.totals();
  expect(failed).toBe(0);
  expect(failedAnyway).toBeGreaterThan(20 * 90);
  expect(t.events.filter((e) => e.type === "failing")).toEqual([]);
});

test("only what outlasts the control's outage is the move's", () => {
  const plan = shop();
  const t = trial(plan, controlThatFails(plan, 60, 80));
  t.pass(60);
  t.source.scale("shop/redis", 0);
  t.pass(25);
  t.source.scale("shop/redis", 1);
  t.pass(600);
  const { failed } = t.traffic.totals();
  expect(failed).toBeGreaterThan(5 * 95);
  expect(failed).toBeLessThan(5 * 106);
});

test("an outage that only the control has hides none of ours later", () => {
  const plan = shop();
  const t = trial(plan, controlThatFails(plan, 60, 80));
  t.pass(100);
  t.source.scale("shop/redis", 0);
  t.pass(10);
  expect(t.traffic.totals().failed).toBeGreaterThan(10 * 95);
});

test("nobody pays for a control run as long as nothing fails", () => {
  const plan = shop();
  const built = { times: 0 };
  const t = trial(plan, controlThatFails(plan, 60, 80, built));
  t.pass(7_200);
  expect(t.traffic.totals().failed).toBe(0);
  expect(built.times).toBe(0);
});

test("the same seed gives the same lines", () => {
  const lines = () => {
    const t = trial();
    fill(t);
    t.pass(600);
    t.dns.point({ source: 0.3, target: 0.7 });
    t.target.scale("shop/redis", 0);
    t.pass(900);
    t.traffic.flush();
    return JSON.stringify(t.events);
  };
  expect(lines()).toBe(lines());
});

test("an application that changes doesn't cost those that it has nothing to do with", () => {
  const base = shop();
  const [web] = base.workloads;
  if (!web) throw new Error("The shop has no workload.");
  const names = Array.from({ length: 40 }, (_, i) => `app${i}`);
  const plan = {
    ...base,
    workloads: names.map((namespace) => ({ ...web, namespace, calls: [], services: [`${namespace}/web`] })),
    hosts: names.map((namespace) => ({ host: `${namespace}.example`, namespace, service: "web" })),
  };
  const t = trial(plan);
  expect(t.traffic.graph.parts).toHaveLength(40);
  t.pass(3_700);
  const before = t.traffic.history({ workload: "app1/web" }).length;
  t.source.alter("app2/web", { ready: false, terminating: true, listed: false });
  t.pass(10);
  expect(t.traffic.history({ workload: "app1/web" }).length).toBe(before);
  expect(t.traffic.history({ workload: "app2/web" }).length).toBeGreaterThan(before);
});

test("the plan's pause opens with the intent to stop a workload, once, and only for what stops before it starts", () => {
  const base = shop();
  const plan = {
    ...base,
    workloads: base.workloads.map((w) =>
      w.name === "redis" ? { ...w, move: "stop-then-start" as const, pauseSecondsMax: 30 } : w,
    ),
  };
  const announced: string[] = [];
  const hear = makePauses(plan, { announcePause: (name, seconds) => announced.push(`${name} ${seconds}`) });
  const effect = (name: string, after: number, key = name) =>
    hear({
      type: "effect",
      key,
      step: "scale-workload",
      direction: "forward",
      status: "intended",
      effect: {
        kind: "set-field",
        cluster: "source",
        object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name },
        path: ["spec", "replicas"],
        before: 1,
        after,
      },
    });
  effect("web", 0);
  effect("redis", 2);
  effect("redis", 0);
  effect("redis", 0);
  expect(announced).toEqual(["shop/redis 30"]);
});
