/** The mutations still fit the code, and who finds them out still exists. That they are found out is tried by `npm run test:mutations`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OF_RUNS } from "../../simulator/campaign/of-runs.ts";
import { PLANTED } from "../../simulator/planted/catalogue.ts";
import { invariants } from "../../simulator/rehearsal/judges.ts";
import { MUTATIONS, ROOT } from "./catalogue.ts";

const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Titles of tests that are made of the planted bugs. */
const PLANTED_TITLES = PLANTED.map((bug) => `${bug.name} by ${bug.caughtBy}`);

describe("a kindness of the world or its judges", () => {
  it.each(MUTATIONS.map((each) => [each.name, each] as const))("%s fits the code", (_, mutation) => {
    for (const { file, find } of mutation.replacements) expect(textOf(file).split(find)).toHaveLength(2);
    const { file, title } = mutation.found;
    const isThere = file.endsWith("/planted.test.ts")
      ? PLANTED_TITLES.some((each) => each.endsWith(title))
      : textOf(file).includes(title);
    expect(isThere, `${file} has no test "${title}"`).toBe(true);
  });

  it("there is one for every invariant", () => {
    const names = MUTATIONS.map((each) => each.name);
    const wanted = [...invariants(), ...OF_RUNS].map(({ name }) => `${name}-returns-early`);
    expect(wanted.filter((name) => !names.includes(name))).toEqual([]);
  });
});
