/** The campaign: run after run, each from a seed of its own, until there were enough or something broke. */

import { FAULTS } from "../faults/catalogue.ts";
import { PLANTED, plantedOf } from "../planted/catalogue.ts";
import { makeRandom } from "../random.ts";
import { invariants } from "../rehearsal/judges.ts";
import { type Case, faultText, type Platform } from "./case.ts";
import { alone, type Crew, inOrder } from "./crew.ts";
import { generate } from "./generate.ts";
import type { Mode } from "./modes.ts";
import { OF_RUNS } from "./of-runs.ts";
import type { Breach, Verdict } from "./run.ts";
import { type Shrunk, shrink } from "./shrink.ts";

export type Ran = { readonly index: number; readonly tried: Case; readonly verdict: Verdict };

/** What is planted, what is not watched, and whether faults end. */
export type Rigged = {
  readonly planted?: readonly string[];
  readonly unwatched?: readonly string[];
  readonly mode?: Mode;
};

/** The cases of a seed, one after the other, and how each ended. The caller decides when it has seen enough; who runs them changes nothing. */
export const campaign = (
  platform: Platform,
  seed: number,
  rigged: Rigged = {},
  crew: Crew = alone(platform),
): AsyncGenerator<Ran, void> =>
  inOrder(casesOf(platform, seed, rigged), crew.ahead, async ({ index, tried }) => ({
    index,
    tried,
    verdict: await crew.run(tried),
  }));

/** Without an end. */
function* casesOf(platform: Platform, seed: number, rigged: Rigged): Generator<Omit<Ran, "verdict">, never> {
  const random = makeRandom(seed);
  const { planted = [], unwatched = [] } = rigged;
  const nights = plantedOf(planted).flatMap((bug) => (bug.shownBy ? [bug.shownBy] : []));
  for (let index = 0; ; index += 1) {
    const tried: Case = {
      format: 1,
      platform: platform.hash,
      ...generate(random.fork(`run ${index}`), index, nights, rigged.mode),
      ...(planted.length === 0 ? {} : { planted: [...planted] }),
      ...(unwatched.length === 0 ? {} : { unwatched: [...unwatched] }),
    };
    yield { index, tried };
  }
}

/** The smallest case that breaks like this one does, with its sentence. */
export const smallestOf = async (tried: Case, breach: Breach, run: Crew["run"]): Promise<Shrunk> => {
  let { sentence } = breach;
  const { smallest, tries } = await shrink(tried, async (smaller) => {
    const verdict = await run(smaller);
    const same = verdict.breach?.name === breach.name;
    if (same) sentence = verdict.breach?.sentence ?? sentence;
    return same;
  });
  return { smallest: { ...smallest, found: `${breach.name}: ${sentence}` }, tries };
};

/** A case in a line, for a person. */
export const caseText = ({
  seed,
  faults,
  rollBackAt,
  rollBackOn,
  approve,
  mode,
  planted = [],
}: Case): string =>
  [
    `seed ${seed}`,
    ...(mode === undefined ? [] : [mode]),
    ...planted.map((name) => `with ${name}`),
    ...(rollBackAt === undefined ? [] : [`rollback at ${rollBackAt}`]),
    ...(rollBackOn === undefined ? [] : [`rollback on ${rollBackOn}`]),
    ...(approve === "auto" ? [] : [`approve ${approve}`]),
    ...faults.map(faultText),
  ].join(", ");

/** What a campaign draws from and judges by. */
export const catalogue = () => ({
  faults: FAULTS.map(({ kind, ...fault }) => ({ name: kind, ...fault })),
  planted: PLANTED.map(({ name, sentence, area, caughtBy }) => ({
    name,
    sentence,
    area,
    invariant: caughtBy,
  })),
  invariants: [...invariants(), ...OF_RUNS],
});
