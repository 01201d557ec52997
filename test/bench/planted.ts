/**
 * `npm run test:planted [-- SEED [BUG …]]`: for each planted bug a campaign, as `repot campaign --plant BUG --runs 2000` runs it, until the invariant that
 * the catalogue names has caught it; and then the same run with that invariant unwatched. Ends with 1 where one isn't caught. Takes some minutes.
 */

import { loadPlatform } from "../../cli/campaign.ts";
import { campaign } from "../../simulator/campaign/campaign.ts";
import type { Case, Platform } from "../../simulator/campaign/case.ts";
import { runCase } from "../../simulator/campaign/run.ts";
import type { PlantedBug } from "../../simulator/planted/bug.ts";
import { PLANTED, plantedOf } from "../../simulator/planted/catalogue.ts";

const RUNS_MAX = 2_000;
const SECONDS_GOOD = 60;

type Caught = {
  readonly runs: number;
  readonly seconds: number;
  readonly others: readonly string[];
  readonly tried?: Case;
};

const hunt = async (platform: Platform, seed: number, bug: PlantedBug): Promise<Caught> => {
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const others = new Set<string>();
  for await (const { index, tried, verdict } of campaign(platform, seed, { planted: [bug.name] })) {
    const runs = index + 1;
    if (verdict.breach?.name === bug.caughtBy)
      return { runs, seconds: seconds(), others: [...others], tried };
    if (verdict.breach) others.add(verdict.breach.name);
    if (runs >= RUNS_MAX) return { runs, seconds: seconds(), others: [...others] };
  }
  throw new Error("A campaign has no end of its own.");
};

const [seedText = "1", ...names] = process.argv.slice(2);
const bugs = names.length > 0 ? plantedOf(names) : PLANTED;
const missed: string[] = [];
let slow = 0;
for (const bug of bugs) {
  const platform = await loadPlatform(undefined, { stdin: async () => new Uint8Array() }, [bug.name]);
  const { runs, seconds, others, tried } = await hunt(platform, Number(seedText), bug);
  const before = others.length === 0 ? "" : `; before it: ${others.join(", ")}`;
  if (!tried) {
    missed.push(bug.name);
    process.stdout.write(`MISSED  ${bug.name}: not caught by ${bug.caughtBy} in ${runs} runs${before}\n`);
    continue;
  }
  if (seconds > SECONDS_GOOD) slow += 1;
  const blind = await runCase(platform, { ...tried, unwatched: [bug.caughtBy] });
  const unseen = blind.breach?.name !== bug.caughtBy;
  if (!unseen) missed.push(bug.name);
  process.stdout.write(
    `caught  ${bug.name} by ${bug.caughtBy}: run ${runs}, ${seconds.toFixed(1)} s${before}; unwatched ${unseen ? `it goes unseen (${blind.breach?.name ?? blind.outcome})` : "it is seen all the same"}\n`,
  );
}
process.stdout.write(
  `${bugs.length - missed.length} of ${bugs.length} caught, ${bugs.length - missed.length - slow} of them within ${SECONDS_GOOD} s.\n`,
);
process.exit(missed.length === 0 ? 0 : 1);
