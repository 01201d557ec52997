/** Thousands of workloads: a step that looks at all of them asks for lists, and ends long before its function's thirty seconds are over. */

import { describe, expect, it } from "vitest";
import { keys, undoKeyOf } from "../../domain/journal.ts";
import { type KubeObject, refOf } from "../../domain/kube.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { carryBack } from "../../functions/carry-back.ts";
import { compareWithStart } from "../../functions/compare-with-start.ts";
import { createZone } from "../../functions/create-zone.ts";
import { setField } from "../../functions/objects.ts";
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

  it("is compared with its start in several looks, and a difference that the first finds is known in the last", async () => {
    const world = bench();
    const object = deployment(names[0] ?? "");
    const operations = Array.from({ length: 900 }, (_, i) => `${String(i).padStart(4, "0")}-shift:shop/app`);
    for (const operation of operations) {
      const entry = { migration: RUN.migration, operation, move: "0", direction: "forward" as const };
      const effect = setField("source", refOf(object), ["metadata", "annotations", operation], null, "ours");
      world.put(keys.entry(entry), { ...entry, step: "s", recordedAt: "2026-03-03T02:00:00Z", effect });
      world.put(keys.done(undoKeyOf(keys.entry(entry))), { outcome: "made" });
    }
    const [first = ""] = operations;
    const patch = { metadata: { annotations: { [first]: "ours" } } };
    world.meanwhile("source", "PATCH", `/apis/apps/v1/namespaces/shop/deployments/${names[0]}`, patch);
    // A bucket that takes its time: whenever a look asks what time it is, another thirteen seconds are over.
    let asked = 0;
    const slow = { ...world.context, now: () => new Date(world.clock.now() + 13_000 * asked++) };
    const looks: { readonly verdict: string; readonly next: number | null }[] = [];
    for (let from: number | null = 0; from !== null && looks.length < 20; from = looks.at(-1)?.next ?? null)
      looks.push(
        await world.within(compareWithStart.needs, () =>
          compareWithStart.run({ run: RUN, watcher: "w", from: from ?? 0 }, slow),
        ),
      );
    expect(looks.map(({ next }) => next)).toEqual([
      ...Array.from({ length: 11 }, (_, i) => 80 * (i + 1)),
      null,
    ]);
    expect(looks.map(({ verdict }) => verdict)).toEqual([...Array(11).fill("unknown"), "fail"]);
    expect(looks.at(-1)).toMatchObject({ sentence: expect.stringContaining(first) });
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
