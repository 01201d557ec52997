/** Random nights on the smallest platform, from a seed that is named here: none breaks anything, and the campaign proves enough. */

import { expect, it } from "vitest";
import { campaign, caseText } from "../../simulator/campaign/campaign.ts";
import { makeCampaignTally, shortcomings } from "../../simulator/campaign/report.ts";
import { HOW_MUCH, LONG_MS, smallest } from "./matrix.ts";

const SEED = 20_260_302;
const RUNS = HOW_MUCH.nights;

it(
  `${RUNS} nights of seed ${SEED} break nothing, and strike and complete often enough`,
  async () => {
    const platform = await smallest();
    const tally = makeCampaignTally();
    const broken: string[] = [];
    for await (const { index, tried, verdict } of campaign(platform, SEED)) {
      tally.add(tried, verdict);
      if (verdict.breach)
        broken.push(`${caseText(tried)}: ${verdict.breach.name}: ${verdict.breach.sentence}`);
      if (index + 1 === RUNS) break;
    }
    const report = tally.report();
    expect(broken).toEqual([]);
    expect([report.runs, report.distinctDigests, shortcomings(report)]).toEqual([RUNS, RUNS, []]);
  },
  LONG_MS,
);
