/** Safety mode and liveness mode: what each draws, what each judges, and a wrong program that each finds. */

import { beforeAll, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import { type Case, type Platform, parseCase } from "../../simulator/campaign/case.ts";
import { generate } from "../../simulator/campaign/generate.ts";
import { breachOf, runCase } from "../../simulator/campaign/run.ts";
import { faultOf } from "../../simulator/faults/catalogue.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { inMachine, inStep } from "../../simulator/planted/edit.ts";
import { makeRandom } from "../../simulator/random.ts";
import { planned } from "../rehearsals/small.ts";

let small: Platform;
let tiny: Platform;

beforeAll(async () => {
  small = await loadPlatform(undefined, { stdin: async () => new Uint8Array() });
  tiny = planned({ meter: null, worker: null }, { groups: [], queues: [] });
});

const caseOf = (platform: Platform, over: Partial<Case>): Case => ({
  format: 1,
  platform: platform.hash,
  seed: 1,
  faults: [],
  approve: "auto",
  ...over,
});

describe.each(["safety", "liveness"] as const)("what %s mode draws", (mode) => {
  const drawn = Array.from({ length: 200 }, (_, i) => generate(makeRandom(3).fork(`run ${i}`), i, [], mode));

  it("has faults without an end, and people who answer", () => {
    expect(drawn.filter((c) => c.mode !== mode || c.approve !== "auto")).toEqual([]);
    const faults = drawn.flatMap((c) => c.faults);
    expect(faults.filter((f) => faultOf(f.kind)?.scope === "world" && f.seconds !== undefined)).toEqual([]);
    expect(faults.filter((f) => faultOf(f.kind)?.scope === "call" && f.count !== 1_000_000)).toEqual([]);
  });

  it("can be written into a file and read again", () => {
    const tried = caseOf(small, drawn[0] ?? {});
    expect(parseCase(JSON.stringify(tried), "case.json")).toEqual(tried);
  });
});

const THROTTLED = [{ kind: "throttled", step: "scale-workload", count: 1_000_000 }];

describe("safety mode", () => {
  it("asks only that nothing breaks: who is hindered for ever may end anywhere", async () => {
    const { outcome, breach } = await runCase(tiny, caseOf(tiny, { mode: "safety", faults: THROTTLED }));
    expect([outcome, breach]).toEqual(["rolled-back", undefined]);
    const hindered = [{ kind: "server-error", step: "undo-effect", count: 1_000_000 }];
    const back = caseOf(tiny, { mode: "safety", faults: hindered, rollBackAt: "freeze" });
    const stuck = await runCase(tiny, back);
    expect([stuck.outcome, stuck.breach]).toEqual(["rollback-incomplete", undefined]);
    const { mode: _, ...drawn } = back;
    expect((await runCase(tiny, drawn)).breach?.name).toBe("rollback-incomplete");
  });

  it("finds the program that takes a step for done which could never be made", async () => {
    const wrong = inStep("suspend-schedule", (right) => async (input, context) => {
      try {
        return await right(input, context);
      } catch {
        return { suspended: true };
      }
    })(RIGHT);
    const faults = [{ kind: "server-error", step: "suspend-schedule", count: 1_000_000 }];
    const tried = caseOf(tiny, { mode: "safety", faults });
    expect((await runCase(tiny, tried)).breach).toBeUndefined();
    expect((await runCase(tiny, tried, wrong)).breach?.name).toBe("equality");
  });
});

describe("liveness mode", () => {
  it("ends all faults an hour after the first strike, and the run ends well", async () => {
    const faults = [{ kind: "metrics-missing", step: "compare-platform" }];
    const { outcome, breach } = await runCase(tiny, caseOf(tiny, { mode: "liveness", faults }));
    expect([outcome, breach]).toEqual(["completed", undefined]);
  });

  it("finds the program that waits for ever where something had gone wrong once", async () => {
    const wrong = inMachine("scale", (states) => ({
      ...states,
      Failed: { Type: "Wait", Seconds: 200_000, Next: "Set the number" },
    }))(RIGHT);
    const tried = caseOf(tiny, { mode: "liveness", faults: THROTTLED });
    expect((await runCase(tiny, tried)).breach).toBeUndefined();
    const { breach } = await runCase(tiny, tried, wrong);
    expect(breach?.name).toBe("liveness");
    expect(breach?.sentence).toMatch(
      /All faults were over, and the run went on for \d+ s; it must end within 172800 s\./,
    );
  });

  it("judges nothing where no fault was ended", () => {
    const summary = { violations: [], virtualSeconds: 1e9, outcome: "completed" } as never;
    const ended = { summary, exitCode: 0, sentence: "", faultsEndedAt: undefined };
    expect(breachOf(caseOf(tiny, { mode: "liveness" }), ended)).toBeUndefined();
  });
});
