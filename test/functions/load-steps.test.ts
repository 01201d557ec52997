/** Repot's own load before, during and after: figures on record, and a gate that no missing figure passes. */

import { describe, expect, it } from "vitest";
import { renderReport } from "../../cli/report/page.ts";
import { viewOf } from "../../domain/view.ts";
import type { GateResult } from "../../functions/gate.ts";
import { observeLoad } from "../../functions/observe-load.ts";
import { eventsOf, planned, run } from "../rehearsals/small.ts";
import { type Metric, makeStepBench, type StepBench } from "./bench.ts";

const ask = (bench: StepBench, subject: string, asked = 1) =>
  bench.run(observeLoad, { phase: "thaw", subject, asked, watcher: "w" }) as Promise<GateResult>;

const load =
  (requests: number, failed: number, slow = 0.001) =>
  (query: string): Metric =>
    /_bucket/.test(query)
      ? {
          label: "le",
          values: {
            "0.05": requests * 0.5,
            "0.1": requests * (1 - slow),
            "0.125": requests * (1 - slow * 0.5),
            "4": requests * (1 - slow * 0.1),
            "5": requests,
            "+Inf": requests,
          },
        }
      : { label: "outcome", values: { answered: requests - failed, failed } };

describe("observe-load", () => {
  it("keeps what the source's load got before, and holds the target's against it after", async () => {
    let now: (query: string) => Metric = load(6_000, 6);
    const bench = makeStepBench({ metrics: (query) => now(query) });
    expect(await ask(bench, "before")).toMatchObject({ verdict: "pass" });
    expect([...bench.stored.keys()].filter((k) => k.endsWith("load-before.json"))).toHaveLength(1);
    expect(await ask(bench, "after", 2)).toMatchObject({ verdict: "pass" });
    now = load(6_000, 300);
    expect(await ask(bench, "after", 3)).toMatchObject({
      verdict: "fail",
      sentence: expect.stringContaining("5.00 %"),
    });
    now = load(6_000, 6, 0.3);
    expect(await ask(bench, "after", 4)).toMatchObject({ verdict: "fail" });
  });

  it.each([
    ["no metrics at all", () => undefined, "before"],
    ["too few requests", load(20, 0), "before"],
    ["nothing on record from before", load(6_000, 6), "after"],
    ["a moment that it doesn't know", load(6_000, 6), "whenever"],
  ])("is unknown with %s", async (_, metrics, subject) => {
    expect(await ask(makeStepBench({ metrics }), subject)).toMatchObject({ verdict: "unknown" });
  });
});

it("before, during and after stand in the record and in the report", async () => {
  const ran = await run(planned());
  const figures = eventsOf(ran, "verdict")
    .filter((v) => v.gate === "observe-load")
    .flatMap((v) =>
      v.verdicts.filter((one) => one.check === "load/figures").map((one) => `${v.phase} ${one.subject}`),
    );
  // Asked again until there are enough samples.
  expect([...new Set(figures)]).toEqual([
    "build-target shop-source",
    "move-workloads shop-source",
    "move-workloads shop-target",
    "thaw shop-target",
  ]);
  const page = renderReport({
    model: viewOf(ran.events),
    summary: { ...ran.summary, wallSeconds: 0 },
  } as never);
  expect(page).toMatch(
    /Synthetic load[\s\S]*before[\s\S]*shop-source[\s\S]*99\.9\d* %[\s\S]*after[\s\S]*shop-target/,
  );
});
