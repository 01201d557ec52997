/** The crew of a campaign: threads change how soon it is over, and nothing else. */

import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import { campaign } from "../../simulator/campaign/campaign.ts";
import type { Case, Platform } from "../../simulator/campaign/case.ts";
import { alone, type Crew, inOrder, makeCrew } from "../../simulator/campaign/crew.ts";

const crews: Crew[] = [];
const kept = (crew: Crew): Crew => {
  crews.push(crew);
  return crew;
};
afterEach(() => Promise.all(crews.splice(0).map((crew) => crew.close())));

const nowhere: Platform = { plan: {} as never, hash: "0".repeat(64) };
const quiet = (seed: number): Case => ({
  format: 1,
  platform: nowhere.hash,
  seed,
  faults: [],
  approve: "auto",
});

/** What a thread runs instead of rehearsals. */
const program = (onMessage: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from "node:worker_threads"; parentPort.on("message", ({ tried }) => { ${onMessage} });`)}`,
  );
const ANSWER = 'parentPort.postMessage({ verdict: { outcome: "completed", digest: String(tried.seed) } });';

describe("a campaign on two threads", () => {
  it("has the runs of one on this thread, in their order, to the digest", async () => {
    const platform = await loadPlatform(join(import.meta.dirname, "../bench/two"), {
      stdin: async () => new Uint8Array(),
    });
    const take = async (crew: Crew) => {
      const digests: string[] = [];
      for await (const { index, verdict } of campaign(platform, 8, {}, kept(crew)))
        if (digests.push(`${index} ${verdict.digest}`) === 4) break;
      return digests;
    };
    const here = await take(alone(platform));
    expect(await take(makeCrew(platform, 2))).toEqual(here);
    expect(new Set(here).size).toBe(4);
  });
});

describe("a thread that dies", () => {
  it.each([
    ["by an exit", "process.exit(3);", "its thread ended with 3"],
    ["by an error outside of the case", 'throw new Error("no room");', "no room"],
  ])("%s is the finding of its case, and another thread takes the next", async (_, end, sentence) => {
    const crew = kept(makeCrew(nowhere, 2, program(`if (tried.seed === 1) { ${end} } ${ANSWER}`)));
    const verdicts = await Promise.all([0, 1, 2, 3, 4].map((seed) => crew.run(quiet(seed))));
    expect(verdicts.map((v) => v.outcome)).toEqual([
      "completed",
      "crashed",
      "completed",
      "completed",
      "completed",
    ]);
    expect(verdicts[1]).toMatchObject({
      breach: { name: "unexpected", sentence: expect.stringContaining(sentence) },
    });
  });
});

describe("cases on this thread", () => {
  it("run one after the other, also when all are asked for at once", async () => {
    const verdicts = await Promise.all([1, 2, 3].map((seed) => alone(nowhere).run(quiet(seed))));
    // There is no plan in nowhere: each breaks down, and none waits for ever.
    expect(verdicts.map((v) => v.outcome)).toEqual(["crashed", "crashed", "crashed"]);
  });
});

describe("in order", () => {
  it.each([
    [1, [0, 1, 2, 3, 4]],
    [3, [0, 1, 2, 3, 4]],
    [9, [0, 1, 2, 3, 4]],
  ])("%i at a time: the results come as the items did, whoever is done first", async (ahead, wanted) => {
    let underWay = 0;
    let most = 0;
    const start = async (item: number) => {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turn = 5 - item; turn > 0; turn -= 1) await setImmediate();
      underWay -= 1;
      return item;
    };
    const seen: number[] = [];
    for await (const item of inOrder([0, 1, 2, 3, 4], ahead, start)) seen.push(item);
    expect(seen).toEqual(wanted);
    expect(most).toBe(Math.min(ahead, 5));
  });
});
