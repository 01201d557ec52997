/** Several objects under one entry of the journal: an outcome for each, and an undo that gives none up for another's sake. */

import { describe, expect, it } from "vitest";
import { applyEffect, undoEffect } from "../../adapters/effects/index.ts";
import type { Effect } from "../../domain/effects.ts";
import { Conflict } from "../../domain/errors.ts";
import { CREATED_BY } from "../../domain/kube.ts";
import { createObjects } from "../../functions/objects.ts";
import { anObject } from "../domain/checks.fixture.ts";
import { makeStepBench, objects, RUN, type StepBench } from "../functions/bench.ts";

const ALL = { kubernetes: { target: ["get planned", "create planned", "delete planned"] } };
const on = (bench: StepBench) => ({
  apply: (effect: Effect) => bench.within(ALL, () => applyEffect(effect, bench.clients)),
  undo: (effect: Effect) => bench.within(ALL, () => undoEffect(effect, bench.clients)),
});

const theirs = anObject("v1", "ConfigMap", "theirs", { data: {} });
const ours = (name: string) => {
  const object = anObject("v1", "ConfigMap", name, { data: {} });
  return { ...object, metadata: { ...object.metadata, annotations: { [CREATED_BY]: RUN.migration } } };
};
const several = (...names: readonly string[]): Effect => createObjects("target", names.map(ours));
const standing = (bench: StepBench, ...names: readonly string[]): readonly string[] =>
  names.filter((name) =>
    bench.live("target", { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name }),
  );

describe("several objects under one entry", () => {
  it("each have an outcome of their own: what was there before us stays, whatever becomes of the others", async () => {
    const bench = makeStepBench({ onTarget: [...objects, theirs] });
    const stood = { outcome: "stood", note: expect.stringContaining("before us") };
    expect(await on(bench).apply(several("a", "theirs", "b"))).toEqual({
      outcome: "made",
      note: expect.stringContaining("theirs: It was there before us"),
      each: [{ outcome: "made" }, stood, { outcome: "made" }],
    });
    expect((await on(bench).undo(several("a", "theirs", "b"))).each?.map((o) => o.outcome)).toEqual([
      "made",
      "left",
      "made",
    ]);
    expect(standing(bench, "a", "theirs", "b")).toEqual(["theirs"]);
  });

  it("go in reverse, and one that can't go keeps none of the others (an undo that ends at the first error would)", async () => {
    const bench = makeStepBench({
      fault: (call) =>
        call.moment === "before" && call.action === "delete configmaps" && call.subject.endsWith("/b")
          ? { kind: "conflict" }
          : undefined,
    });
    await on(bench).apply(several("a", "b", "c"));
    await expect(on(bench).undo(several("a", "b", "c"))).rejects.toThrow(Conflict);
    expect(standing(bench, "a", "b", "c")).toEqual(["b"]);
  });
});
