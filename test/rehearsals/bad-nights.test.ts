/** Bad nights that campaigns have found: a line each, with how it must end now. What breaks is mended at its root, and its line stays here. */

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPlatform } from "../../cli/campaign.ts";
import { parseFault } from "../../cli/options.ts";
import { loadPlan } from "../../cli/plan.ts";
import type { Outcome } from "../../domain/events.ts";
import { planHash } from "../../domain/planning/build.ts";
import type { Case, Platform } from "../../simulator/campaign/case.ts";
import { runCase } from "../../simulator/campaign/run.ts";
import type { FaultRequest } from "../../simulator/faults/strikes.ts";

type Night = readonly [outcome: Outcome, seed: number, faults: string, over?: Partial<Case>];

/** On examples/small; faults as `repot rehearse --fault` takes them. */
const SMALL: readonly Night[] = [
  // A group's moves and workers' didn't ask the guard: their names begin with a number of their own.
  ["completed", 1, "node-lost@scale-workload"],
  // A StatefulSet's pod that hangs keeps its name taken: nobody was told in time, and the rollback gave up.
  ["rolled-back", 1, "terminating-hangs@measure-workers"],
  // What a spike had left waiting was taken for the delay of the move that came after it.
  ["completed", 0, "lag-spike@observe-group:seconds=442"],
  // S3's "another write is under way" was taken for "it is there already": the gate passed, and the snapshot was never stored.
  ["completed", 1, "conflict@observe-snapshot:skip=3"],
];

/** The same on the smallest platform, where a rollback is asked for at a state. */
const TWO: readonly Night[] = [
  // The undo before it took a cache's late answer for somebody else's value, and left the source at its floor.
  ["rolled-back", 3_365_906_910, "stale-read@undo-effect", { rollBackAt: "thaw" }],
  // An hour of trouble is no reason to give the way back up; and what pipelines changed on the target after the thaw goes back with it.
  ["rolled-back", 0, "crash-before-return@list-undo:count=1000000", { rollBackAt: "thaw", mode: "liveness" }],
  // The undo of a field's last change didn't look again, and that of the change before took a cache's answer for somebody else's value.
  ["rolled-back", 0, "stale-read@undo-effect", { rollBackAt: "thaw" }],
];

let small: Platform;
let two: Platform;

beforeAll(async () => {
  const examples = join(import.meta.dirname, "../../examples/small");
  const { plan, text } = await loadPlan([examples], { decide: {} }, async () => new Uint8Array());
  small = { plan, hash: planHash(text) };
  two = await loadPlatform(join(import.meta.dirname, "../bench/two"), {
    stdin: async () => new Uint8Array(),
  });
});

const nightOf = (platform: Platform, [, seed, faults, over]: Night): Case => ({
  format: 1,
  platform: platform.hash,
  seed,
  faults: (faults === "" ? [] : faults.split(" ")).map((text) => parseFault(text) as FaultRequest),
  approve: "auto",
  ...over,
});

describe("nights that had gone wrong", () => {
  const titled = (nights: readonly Night[], on: () => Platform) =>
    nights.map((night) => ({
      night,
      on,
      title: `${night[0]}: seed ${night[1]}, ${night[2] || night[3]?.rollBackOn}`,
    }));
  const all = [...titled(SMALL, () => small), ...titled(TWO, () => two)];
  it.each(all)("$title", async ({ night, on }) => {
    const { outcome, sentence, breach, struck } = await runCase(on(), nightOf(on(), night));
    expect({ outcome, breach }, sentence).toEqual({ outcome: night[0], breach: undefined });
    expect(struck.filter((fault) => fault.struck === 0)).toEqual([]);
  });

  // It was in flight when the fence rose, and was undone last: clients were sent back to a source without pods. Who is first is a matter of
  // milliseconds, so it takes some nights to have both.
  it("a rollback races the first retirement: whoever is first, nothing breaks, and what was in flight goes back", async () => {
    const ends = new Set<string>();
    for (let seed = 1; seed <= 8; seed += 1) {
      const night: Night = ["rolled-back", seed, "", { rollBackOn: "decommission/Retire each workload" }];
      const { outcome, breach } = await runCase(two, nightOf(two, night));
      expect(breach, `seed ${seed}`).toBeUndefined();
      ends.add(outcome);
    }
    expect([...ends].sort()).toEqual(["refused", "rolled-back"]);
  });
});
