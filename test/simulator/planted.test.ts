/** The simulator is no yes-man: each planted bug is caught by its invariant; without that invariant nothing else takes its place in silence. */

import { beforeAll, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import { steps } from "../../functions/index.ts";
import type { Case, Platform } from "../../simulator/campaign/case.ts";
import { OF_RUNS } from "../../simulator/campaign/of-runs.ts";
import { optionsOf, runCase, type Verdict } from "../../simulator/campaign/run.ts";
import { faultOf, stepsOf } from "../../simulator/faults/catalogue.ts";
import type { PlantedBug } from "../../simulator/planted/bug.ts";
import { PLANTED, plantedOf, programWith, RIGHT } from "../../simulator/planted/catalogue.ts";
import { invariants } from "../../simulator/rehearsal/judges.ts";
import { rehearse } from "../../simulator/rehearsal/rehearse.ts";
import { machines } from "../../workflows/index.ts";

const platforms = new Map<string | undefined, Platform>();
beforeAll(async () => {
  for (const { name, platform } of PLANTED)
    if (!platforms.has(platform))
      platforms.set(platform, await loadPlatform(undefined, { stdin: async () => new Uint8Array() }, [name]));
});

const platformOf = ({ platform }: PlantedBug): Platform => platforms.get(platform) as Platform;

const night = (bug: PlantedBug, over: Partial<Case> = {}): Case => ({
  format: 1,
  platform: platformOf(bug).hash,
  seed: 1,
  approve: bug.shownBy?.approve ?? "auto",
  faults: [...(bug.shownBy?.faults ?? [])],
  ...(bug.shownBy?.rollBackAt === undefined ? {} : { rollBackAt: bug.shownBy.rollBackAt }),
  planted: [bug.name],
  ...over,
});

const watched = new Map<PlantedBug, Promise<Verdict>>();
/** The night of a bug, once: whoever looks at it again looks at the same run. */
const watchedOnce = (bug: PlantedBug): Promise<Verdict> => {
  const known = watched.get(bug) ?? runCase(platformOf(bug), night(bug));
  watched.set(bug, known);
  return known;
};

describe("a planted bug is caught by the invariant that the catalogue names", () => {
  it.each(PLANTED.map((bug) => [bug.name, bug.caughtBy, bug] as const))(
    "%s by %s",
    async (_, caughtBy, bug) => {
      const { breach, outcome } = await watchedOnce(bug);
      expect(breach?.name, `${outcome}: ${breach?.sentence}`).toBe(caughtBy);
    },
  );
});

describe("the right program breaks nothing in the nights that show the wrong ones", () => {
  const nights = new Map(
    PLANTED.map((bug) => [JSON.stringify([bug.platform, bug.shownBy ?? {}]), bug] as const),
  );
  it.each([...nights].map(([text, bug]) => [text, bug] as const))("%s", async (_, bug) => {
    const { breach, outcome } = await runCase(platformOf(bug), { ...night(bug), planted: [] });
    expect(breach?.name, `${outcome}: ${breach?.sentence}`).toBeUndefined();
  });

  it("nor where the broker answers nobody who measures workers", async () => {
    const faults = [{ kind: "broker-unreachable", step: "measure-workers" }];
    const { breach, struck } = await runCase(platformOf(PLANTED[0] as PlantedBug), {
      ...night(PLANTED[0] as PlantedBug, { faults }),
      planted: [],
    });
    expect(breach).toBeUndefined();
    expect(struck.every((fault) => fault.struck > 0)).toBe(true);
  });
});

/** A run that nobody watches for what it breaks. A minute after it was broken is enough to see that it goes on, but for what only the end shows. */
const blindly = async (bug: PlantedBug, caughtAt: number) => {
  const platform = platformOf(bug);
  const tried = night(bug, { unwatched: [bug.caughtBy] });
  if (OF_RUNS.some(({ name }) => tried.unwatched?.includes(name))) {
    const { breach, virtualSeconds } = await runCase(platform, tried);
    return { broke: [breach?.name], virtualSeconds };
  }
  const options = { ...platform, ...optionsOf(tried), endsAfterSeconds: caughtAt + 60, onEvent: () => {} };
  const { violations, virtualSeconds } = (await rehearse(options)).summary;
  return { broke: violations.map((v) => v.invariant), virtualSeconds };
};

describe("without that invariant the run goes on", () => {
  const seen = PLANTED.filter(
    (bug, i) => PLANTED.findIndex((other) => other.caughtBy === bug.caughtBy) === i,
  );
  it.each(seen.map((bug) => [bug.caughtBy, bug.name, bug] as const))(
    "%s, and %s",
    async (caughtBy, _, bug) => {
      const { virtualSeconds: caughtAt } = await watchedOnce(bug);
      const { broke, virtualSeconds } = await blindly(bug, caughtAt);
      expect(broke).not.toContain(caughtBy);
      expect(virtualSeconds).toBeGreaterThanOrEqual(caughtAt);
    },
  );
});

describe("the catalogue", () => {
  it("has at least forty bugs, each with a name and a sentence of its own", () => {
    expect(PLANTED.length).toBeGreaterThanOrEqual(40);
    expect(new Set(PLANTED.map((bug) => bug.name)).size).toBe(PLANTED.length);
    expect(new Set(PLANTED.map((bug) => bug.sentence)).size).toBe(PLANTED.length);
    for (const { name, sentence } of PLANTED) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("names invariants, faults and steps that there are", () => {
    const known = new Set([...invariants(), ...OF_RUNS].map(({ name }) => name));
    expect(PLANTED.filter((bug) => !known.has(bug.caughtBy))).toEqual([]);
    for (const { shownBy = {} } of PLANTED)
      for (const { kind, step } of shownBy.faults ?? []) {
        const fault = faultOf(kind);
        expect(fault && [...stepsOf(fault, true), ...fault.seldomSteps]).toContain(step);
      }
  });

  it("has a bug for each invariant, but for those that only a mistake of the rehearsal breaks", () => {
    const caught = new Set([...PLANTED.map((bug) => bug.caughtBy), "views", "unexpected"]);
    const none = [...invariants(), ...OF_RUNS].map(({ name }) => name).filter((name) => !caught.has(name));
    expect(none).toEqual([]);
  });

  it.each(PLANTED.map((bug) => [bug.name]))(
    "%s changes what is deployed, and leaves the right program alone",
    (name) => {
      const before = JSON.stringify([machines, steps.map((s) => s.needs)]);
      const wrong = programWith([name]);
      const kept = <T>(all: readonly T[], right: readonly T[]) => all.every((each, i) => each === right[i]);
      const same =
        kept(wrong.machines, RIGHT.machines) &&
        kept(wrong.steps, RIGHT.steps) &&
        kept(wrong.listeners, RIGHT.listeners);
      expect(same).toBe(false);
      expect(JSON.stringify([machines, steps.map((s) => s.needs)])).toBe(before);
    },
  );

  it("refuses a name that it doesn't have", () => {
    expect(() => plantedOf(["earthquake"])).toThrow(/There is no planted bug earthquake/);
  });
});

it("nothing that is deployed knows of planted bugs", async () => {
  const { readFile, glob } = await import("node:fs/promises");
  const found: string[] = [];
  for await (const path of glob("{domain,adapters,functions,workflows}/**/*.ts"))
    if (/\bplanted\b/i.test(await readFile(path, "utf8"))) found.push(path);
  expect(found).toEqual([]);
});
