/** Random nights on the smallest platform, from a seed that is named here: none breaks anything, and the campaign proves enough. */

import { join } from "node:path";
import { expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import { campaign, caseText } from "../../simulator/campaign/campaign.ts";
import { makeCampaignTally, shortcomings } from "../../simulator/campaign/report.ts";

const SEED = 20_260_302;
/** As many as the suite has time for; `repot campaign --runs 200` takes more. */
const RUNS = 40;

it(`${RUNS} nights of seed ${SEED} break nothing, and strike and complete often enough`, async () => {
  const platform = await loadPlatform(join(import.meta.dirname, "../bench/two"), {
    stdin: async () => new Uint8Array(),
  });
  const tally = makeCampaignTally();
  const broken: string[] = [];
  for await (const { index, tried, verdict } of campaign(platform, SEED)) {
    tally.add(tried, verdict);
    if (verdict.breach) broken.push(`${caseText(tried)}: ${verdict.breach.name}: ${verdict.breach.sentence}`);
    if (index + 1 === RUNS) break;
  }
  const report = tally.report();
  expect(broken).toEqual([]);
  expect([report.runs, report.distinctDigests, shortcomings(report)]).toEqual([RUNS, RUNS, []]);
}, 240_000);
