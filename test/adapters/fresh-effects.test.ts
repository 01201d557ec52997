/** Effects whose intent was recorded just now: they look at nothing before, and at nothing after but the answer of the change itself. */

import { expect, it } from "vitest";
import { applyEffect } from "../../adapters/effects/index.ts";
import type { Effect } from "../../domain/effects.ts";
import { Conflict } from "../../domain/errors.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { CREATED_BY } from "../../domain/kube.ts";
import { createObject, deleteObject } from "../../functions/objects.ts";
import { anObject } from "../domain/checks.fixture.ts";
import { CART, makeStepBench, RUN, type StepBench } from "../functions/bench.ts";

const RIGHTS = ["get planned", "create planned", "delete planned", "patch deployments/scale"];
const apply = (bench: StepBench, effect: Effect, isFresh: boolean) =>
  bench.within({ kubernetes: { source: RIGHTS, target: RIGHTS } }, () =>
    applyEffect(effect, bench.clients, isFresh),
  );
const asked = (bench: StepBench) => bench.calls.map((call) => call.action);

it("an object is created by one call, and is looked at only where its name is taken", async () => {
  const object = anObject("v1", "ConfigMap", "new", { data: {} });
  const annotations = { [CREATED_BY]: RUN.migration };
  const effect = createObject("target", { ...object, metadata: { ...object.metadata, annotations } });
  const bench = makeStepBench();
  expect(await apply(bench, effect, true)).toEqual({ outcome: "made" });
  expect(asked(bench)).toEqual(["create configmaps"]);
  expect(await apply(bench, effect, true)).toEqual({ outcome: "stood" });
  expect(asked(bench).slice(1)).toEqual(["create configmaps", "get configmaps"]);
});

it("a workload is scaled by one call that names the old count, and not at all where another one stands", async () => {
  const scale = (before: number, after: number): Effect => ({
    kind: "set-field",
    cluster: "source",
    object: { ...CART },
    path: ["spec", "replicas"],
    before,
    after,
  });
  const replicas = () => bench.live("source", CART)?.["spec"];
  const bench = makeStepBench();
  expect(await apply(bench, scale(4, 2), true)).toEqual({ outcome: "made" });
  expect(asked(bench)).toEqual(["patch deployments/scale"]);
  await expect(apply(bench, scale(4, 3), true)).rejects.toThrow(Conflict);
  expect(replicas()).toMatchObject({ replicas: 2 });
  // The retry looks first.
  expect(await apply(bench, scale(4, 3), false)).toEqual({ outcome: "made" });
  expect(replicas()).toMatchObject({ replicas: 3 });
});

it("what was read a moment ago is deleted by one call that names its uid, and a namesake that came since is not", async () => {
  const bench = makeStepBench();
  const live = bench.live("source", CART) as KubeObject;
  const effect = deleteObject("source", live);
  const other = { ...live, metadata: { ...live.metadata, uid: "of-an-earlier-one" } };
  await expect(apply(bench, deleteObject("source", other), true)).rejects.toThrow(Conflict);
  expect(bench.live("source", CART)).toBeDefined();
  expect(await apply(bench, effect, true)).toEqual({ outcome: "made" });
  expect(asked(bench)).toEqual(["delete deployments", "delete deployments"]);
  expect(bench.live("source", CART)).toBeUndefined();
  // The retry looks first.
  expect(await apply(bench, effect, false)).toEqual({ outcome: "stood" });
});
