/** Thousands of workloads: a step that looks at all of them asks for lists, and ends long before its function's thirty seconds are over. */

import { describe, expect, it } from "vitest";
import { type KubeObject, refOf } from "../../domain/kube.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { carryBack } from "../../functions/carry-back.ts";
import { createZone } from "../../functions/create-zone.ts";
import { observeFloor } from "../../functions/observe-floor.ts";
import { observeSource } from "../../functions/observe-source.ts";
import { recordStart } from "../../functions/record-start.ts";
import type { Step } from "../../functions/step.ts";
import { validateTarget } from "../../functions/validate-target.ts";
import { aWorkload } from "../domain/checks.fixture.ts";
import { makeStepBench, RUN, type StepBench, smallPlan } from "./bench.ts";
import { deployment, scoped } from "./move-bench.ts";

/** One by one they would take nine seconds: a third of what a function has, so that three times as many would be too many. */
const MANY = 600;

const names = Array.from({ length: MANY }, (_, i) => `app-${String(i).padStart(3, "0")}`);
const objects: readonly KubeObject[] = [
  scoped("v1", "Namespace", "shop"),
  ...names.map((name) => deployment(name, { replicas: 1 })),
];

const bench = (): StepBench =>
  makeStepBench({
    plan: smallPlan({
      objects: objects as unknown as Plan["objects"],
      workloads: names.map((name) => aWorkload({ name, replicas: 1, services: [], hosts: [] })) as Workload[],
    }),
    onTarget: objects,
  });

const GATE = { phase: "cut-traffic", subject: "platform", item: null, asked: 0, watcher: "w" };

const STEPS: readonly (readonly [name: string, step: Step, input: object])[] = [
  ["validate-target", validateTarget as unknown as Step, GATE],
  ["observe-floor", observeFloor as unknown as Step, GATE],
  ["observe-source", observeSource as unknown as Step, {}],
  ["carry-back", carryBack as unknown as Step, {}],
];

describe(`a platform of ${MANY} workloads`, () => {
  it.each(STEPS)("is looked at by %s in a few calls and seconds", async (_, step, input) => {
    const world = bench();
    await world.run(recordStart);
    await world.run(createZone);
    world.put(`migrations/${RUN.migration}/journal/0010-resume-pipelines/forward-0.json`, {});
    const [before, since] = [world.calls.length, world.clock.now()];
    await world.run(step, input);
    const asked = world.calls.slice(before).filter((c) => c.service === "kubernetes");
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThan(20);
    expect((world.clock.now() - since) / 1_000).toBeLessThan(2);
  });

  it("would take too long one by one", async () => {
    const world = bench();
    const since = world.clock.now();
    await world.within({ kubernetes: { target: ["get deployments"] } }, async () => {
      for (const name of names) await world.clients.kubernetes.target.find(refOf(deployment(name)));
    });
    expect((world.clock.now() - since) / 1_000).toBeGreaterThan(6);
  });
});
