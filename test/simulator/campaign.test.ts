/** The campaign: what it draws, how it judges, and that a wrong program is found, handed over small, and found again. */

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPlan } from "../../cli/plan.ts";
import { planHash } from "../../domain/planning/build.ts";
import type { Context } from "../../functions/step.ts";
import { campaign, catalogue, type Ran, smallestOf } from "../../simulator/campaign/campaign.ts";
import { type Case, type Platform, parseCase } from "../../simulator/campaign/case.ts";
import { dueOnState } from "../../simulator/campaign/ends.ts";
import { generate } from "../../simulator/campaign/generate.ts";
import {
  type Cell,
  cells,
  complaint,
  type Filled,
  ROLLBACK,
  table,
} from "../../simulator/campaign/matrix.ts";
import { makeCampaignTally, shortcomings } from "../../simulator/campaign/report.ts";
import { runCase, type Verdict } from "../../simulator/campaign/run.ts";
import { FAULTS, faultOf, stepsOf } from "../../simulator/faults/catalogue.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { inStep, type Program } from "../../simulator/planted/edit.ts";
import { makeRandom } from "../../simulator/random.ts";

let platform: Platform;
let quiet: Case;

beforeAll(async () => {
  const examples = join(import.meta.dirname, "../../examples/small");
  const { plan, text } = await loadPlan([examples], { decide: {} }, async () => new Uint8Array());
  platform = { plan, hash: planHash(text) };
  quiet = { format: 1, platform: platform.hash, seed: 1, faults: [], approve: "auto" };
});

const drawn = Array.from({ length: 400 }, (_, i) => generate(makeRandom(9).fork(`run ${i}`), i));

describe("what a campaign draws", () => {
  it("is the same from the same seed, and another from another", () => {
    const again = Array.from({ length: 400 }, (_, i) => generate(makeRandom(9).fork(`run ${i}`), i));
    const other = Array.from({ length: 400 }, (_, i) => generate(makeRandom(10).fork(`run ${i}`), i));
    expect(again).toEqual(drawn);
    expect(other).not.toEqual(drawn);
  });

  it("has every kind, at steps where it can strike", () => {
    const faults = drawn.flatMap((c) =>
      c.faults.map((f) => ({ ...f, rollsBack: c.rollBackAt !== undefined })),
    );
    expect(new Set(faults.map((f) => f.kind))).toEqual(new Set(FAULTS.map((f) => f.kind)));
    const wrong = faults.filter(({ kind, step, rollsBack }) => {
      const fault = faultOf(kind);
      return !fault || ![...stepsOf(fault, rollsBack), ...fault.seldomSteps].includes(step);
    });
    expect(wrong).toEqual([]);
  });

  it("always has a fault; in a run with a rollback one that strikes the way back", () => {
    expect(drawn.filter((c) => c.faults.length === 0)).toEqual([]);
    const back = new Set(FAULTS.flatMap((f) => f.rollbackSteps));
    const backwards = drawn.filter((c) => c.rollBackAt !== undefined);
    expect(backwards.length).toBeGreaterThan(50);
    expect(backwards.filter((c) => !c.faults.some((f) => back.has(f.step)))).toEqual([]);
  });
});

describe("a handful of runs", () => {
  it("are the same in two campaigns of a seed, and all end well", async () => {
    const first = await take(2);
    const second = await take(2);
    expect(second.map((r) => r.verdict.digest)).toEqual(first.map((r) => r.verdict.digest));
    expect(new Set(first.map((r) => r.verdict.digest)).size).toBe(2);
    expect(first.flatMap((r) => r.verdict.breach ?? [])).toEqual([]);
  });

  it("a fault of the world without an end may end a run in another way", async () => {
    const { outcome, breach } = await runCase(platform, {
      ...quiet,
      faults: [{ kind: "pod-never-ready", step: "scale-workload" }],
    });
    expect([outcome, breach]).toEqual(["rolled-back", undefined]);
  });

  it("a run that breaks down is a finding, with its sentence", async () => {
    const broken = { ...platform, plan: { ...platform.plan, hosts: undefined as never } };
    const { outcome, exitCode, breach } = await runCase(broken, quiet);
    expect([outcome, exitCode, breach?.name]).toEqual(["crashed", 1, "unexpected"]);
  });
});

/** Takes it for done when it is called again: right as long as nothing ever dies in between. */
const trusting = (): Program => {
  const called = new WeakMap<Context, Set<string>>();
  return inStep("suspend-schedule", (right) => async (input, context) => {
    const key = JSON.stringify(input);
    const before = called.get(context) ?? new Set<string>();
    called.set(context, before);
    if (before.has(key)) return { outcome: "stood" };
    before.add(key);
    return right(input, context);
  })(RIGHT);
};

describe("a wrong program that only a fault shows", () => {
  it("is found, made small, and found again by the small case", async () => {
    const program = trusting();
    const faults = [
      { kind: "throttled", step: "stop-load" },
      { kind: "crash-before-effect", step: "suspend-schedule" },
    ];
    const tried: Case = { ...quiet, faults };
    const { breach } = await runCase(platform, tried, program);
    if (!breach) throw new Error("Nothing was found.");
    expect(breach.name).toBe("cron-jobs");
    const { smallest } = await smallestOf(tried, breach, (smaller) => runCase(platform, smaller, program));
    expect(smallest).toMatchObject({ faults: [{ kind: "crash-before-effect", step: "suspend-schedule" }] });
    expect(smallest.found).toMatch(/^cron-jobs: /);
    const read = parseCase(JSON.stringify(smallest), "case.json");
    expect((await runCase(platform, read, program)).breach?.name).toBe("cron-jobs");
    expect((await runCase(platform, read)).breach).toBeUndefined();
  });
});

const take = async (count: number): Promise<readonly Ran[]> => {
  const runs: Ran[] = [];
  for await (const ran of campaign(platform, 3)) if (runs.push(ran) === count) break;
  return runs;
};

const verdict = (over: Partial<Verdict>): Verdict => ({
  outcome: "completed",
  exitCode: 0,
  sentence: "Done.",
  digest: "d",
  struck: [{ kind: "throttled", step: "stop-load", struck: 1 }],
  virtualSeconds: 10,
  ...over,
});

describe("the report", () => {
  const reportOf = (verdicts: readonly Verdict[]) => {
    const tally = makeCampaignTally();
    for (const each of verdicts)
      tally.add({ ...quiet, faults: [{ kind: "throttled", step: "stop-load" }] }, each);
    return tally.report();
  };

  it("counts runs, records, outcomes and strikes", () => {
    const missed = verdict({
      digest: "e",
      outcome: "waiting",
      struck: [{ kind: "conflict", step: "lift-freeze", struck: 0 }],
    });
    expect(reportOf([verdict({}), verdict({}), missed])).toMatchObject({
      runs: 3,
      distinctDigests: 2,
      outcomes: { completed: 2, waiting: 1 },
      withFaults: 3,
      struck: 2,
      strikesByKind: { conflict: 0, throttled: 2 },
      neverStruck: ["conflict"],
    });
  });

  it.each([
    ["enough", 20, 20, 0],
    ["90 % struck is not over 90 %", 18, 20, 1],
    ["30 % completed is not over 30 %", 20, 6, 1],
  ])("%s", (_, struck, completed, expected) => {
    const verdicts = Array.from({ length: 20 }, (_, i) =>
      verdict({
        ...(i < struck ? {} : { struck: [] }),
        ...(i < completed ? {} : { outcome: "rolled-back" as const }),
      }),
    );
    expect(shortcomings(reportOf(verdicts))).toHaveLength(expected);
  });
});

describe("the matrix", () => {
  const filled = (cell: Cell, over: Partial<Verdict> = {}, hit = true): Filled => ({
    ...cell,
    hit: hit ? 1 : 0,
    skip: 0,
    verdict: verdict({ outcome: cell.due, ...over }),
  });

  it("has each pair of a kind and a step once", () => {
    const keys = cells().map((cell) => `${cell.kind}@${cell.step}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(6 + FAULTS.reduce((sum, f) => sum + f.steps.length + f.rollbackSteps.length, 0));
  });

  it("complains where a cell ends in another way than it must, breaks, or not at all where nothing struck", () => {
    const cell: Cell = { kind: "throttled", step: "stop-load", due: "completed", effects: 1 };
    expect(complaint(filled(cell))).toBeUndefined();
    expect(complaint(filled(cell, { outcome: "rolled-back" }))).toMatch(
      /ended as rolled-back, must end as completed/,
    );
    expect(complaint(filled(cell, { outcome: "rolled-back" }, false))).toBeUndefined();
    expect(complaint(filled(cell, { breach: { name: "singletons", sentence: "Two." } }, false))).toBe(
      "singletons: Two.",
    );
  });

  it.each([
    ["rolled-back", undefined, undefined],
    ["refused", true, undefined],
    ["refused", undefined, /ended as refused, must end as rolled-back/],
    ["rolled-back", true, /ended as rolled-back, must end as refused/],
  ] as const)(
    "takes %s with a retirement on record: %s for one end only, where the two race",
    (outcome, retired, why) => {
      const on = dueOnState("decommission/Retire/Retire");
      const cell: Cell = { kind: ROLLBACK, step: "decommission/Retire/Retire", ...on, effects: 1 };
      const said = complaint(filled(cell, { outcome, ...(retired ? { retired } : {}) }));
      if (why) expect(said).toMatch(why);
      else expect(said).toBeUndefined();
    },
  );

  it("prints a letter for each", () => {
    const [first, second] = cells().filter((cell) => cell.kind === "throttled");
    if (!first || !second) throw new Error("There are no cells.");
    const lines = table([filled(first), filled(second, { outcome: "waiting" })]);
    expect(lines.find((line) => line.startsWith(first.step))).toMatch(/ C /);
    expect(lines.find((line) => line.startsWith(second.step))).toMatch(/ ! /);
  });
});

describe("a file of a case", () => {
  const text = (over: object) =>
    JSON.stringify({ format: 1, platform: "a".repeat(64), seed: 1, faults: [], approve: "auto", ...over });

  it("is read as it was written", () => {
    const faults = [{ kind: "zombie", step: "scale-workload", seconds: 25 }];
    expect(parseCase(text({ faults, rollBackAt: "freeze" }), "case.json")).toMatchObject({
      faults,
      rollBackAt: "freeze",
    });
  });

  it.each([
    ["no JSON", "{", /isn't JSON/],
    ["another file", "{}", /is no case of a campaign: format/],
    ["an unknown field", text({ planted: "x" }), /is no case/],
    [
      "a rollback after the end",
      text({ rollBackAt: "decommission" }),
      /is no case of a campaign: rollBackAt/,
    ],
    [
      "an unknown kind",
      text({ faults: [{ kind: "earthquake", step: "stop-load" }] }),
      /there is no fault earthquake/,
    ],
    [
      "a step where it can't strike",
      text({ faults: [{ kind: "zombie", step: "list-links" }] }),
      /zombie can't strike at list-links/,
    ],
  ])("is refused: %s", (_, given, sentence) => {
    expect(() => parseCase(given, "case.json")).toThrow(sentence);
  });
});

it("the catalogue has a name and a sentence for everything", () => {
  const { faults, invariants } = catalogue();
  for (const { name, sentence } of [...faults, ...invariants]) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(sentence).toMatch(/\.$/);
  }
  expect(new Set(invariants.map((i) => i.name)).size).toBe(invariants.length);
  expect(invariants.map((i) => i.name)).toContain("requests");
});
