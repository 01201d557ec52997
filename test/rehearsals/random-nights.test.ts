/** Random nights on the smallest platform, from a seed that is named here: none breaks anything, and the campaign proves enough. */

import { expect, it } from "vitest";
import { campaign, caseText } from "../../simulator/campaign/campaign.ts";
import { makeCampaignTally, shortcomings } from "../../simulator/campaign/report.ts";
import { HOW_MUCH, LONG_MS, smallest } from "./matrix.ts";

const SEED = 20_260_302;
const RUNS = HOW_MUCH.nights;
/** So many in one test: a machine that does much else is slow, not stuck. */
const AT_ONCE = 50;

const nights = smallest().then((platform) => campaign(platform, SEED));
const tally = makeCampaignTally();

it.each(Array.from({ length: Math.ceil(RUNS / AT_ONCE) }, (_, i) => [i * AT_ONCE]))(
  `of ${RUNS} nights of seed ${SEED} those from %i on break nothing`,
  async (from) => {
    const broken: string[] = [];
    for (let i = from; i < Math.min(from + AT_ONCE, RUNS); i += 1) {
      const ran = (await (await nights).next()).value;
      if (!ran) throw new Error("A campaign has no end of its own.");
      const { index, tried, verdict } = ran;
      expect(index).toBe(i);
      tally.add(tried, verdict);
      if (verdict.breach)
        broken.push(`${caseText(tried)}: ${verdict.breach.name}: ${verdict.breach.sentence}`);
    }
    expect(broken).toEqual([]);
  },
  LONG_MS,
);

it("strike and complete often enough, each in its own way", () => {
  const report = tally.report();
  expect([report.runs, report.distinctDigests, shortcomings(report)]).toEqual([RUNS, RUNS, []]);
});
