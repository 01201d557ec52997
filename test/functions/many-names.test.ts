/** Thousands of names: few changes, an entry for each, places that are kept between looks, and nothing that passes before all were asked. */

import { describe, expect, it } from "vitest";
import { makeRoute53 } from "../../adapters/route53.ts";
import type { RecordSet } from "../../domain/effects.ts";
import type { Verdict } from "../../domain/gates.ts";
import { isForward } from "../../domain/journal.ts";
import { lowerTtls } from "../../functions/lower-ttls.ts";
import { recordStart } from "../../functions/record-start.ts";
import { askInSlices } from "../../functions/slices.ts";
import { undoEffectStep } from "../../functions/undo-effect.ts";
import { judge } from "../../functions/verdicts.ts";
import { HOST, makeStepBench, RECORDS, RUN, type StepBench, ZONE } from "./bench.ts";

const MANY = 450;
const names: readonly RecordSet[] = Array.from({ length: MANY }, (_, i) => ({
  name: `n${i}.${ZONE}.`,
  type: "A",
  ttlSeconds: 300,
  values: ["192.0.2.10"],
}));

/** Calls again as the state machine does, until nothing is left. */
const lowered = async (bench: StepBench): Promise<number> => {
  let calls = 0;
  for (let from: number | null = 0; from !== null && calls < 40; calls += 1) {
    try {
      from = ((await bench.run(lowerTtls, { from })) as { readonly next: number | null }).next;
    } catch (error) {
      if ((error as Error).name !== "Conflict") throw error;
    }
    bench.wait(90);
  }
  return calls;
};

const READS = { route53: ["ListHostedZonesByName", "ListResourceRecordSets", "ChangeResourceRecordSets"] };
const all = (bench: StepBench) =>
  bench.within(READS, async () => {
    const route53 = makeRoute53(bench.context.aws.route53);
    const [zone] = await route53.zonesByName(ZONE);
    return { id: zone?.id ?? "", records: await route53.listRecords(zone?.id ?? "") };
  });

describe("many record sets", () => {
  it("are lowered by a change for two hundred of them, each with its own entry and its own undo", async () => {
    const bench = makeStepBench({ records: [...RECORDS, ...names] });
    await bench.run(recordStart);
    await lowered(bench);
    expect((await all(bench)).records.every((r) => (r.ttlSeconds ?? 0) <= 60)).toBe(true);
    const changes = bench.changes().filter((c) => c.includes("ChangeResourceRecordSets"));
    expect(changes.length).toBeLessThan(8);
    const entries = [...bench.stored.keys()].filter(isForward);
    expect(entries.length).toBeGreaterThan(MANY);
    expect(entries.every((key) => bench.stored.has(key.replace(/\.json$/, "!done.json")))).toBe(true);
    const mine = entries.find((key) => (bench.stored.get(key) ?? "").includes(`"n7.${ZONE}.`)) ?? "";
    await bench.run(undoEffectStep, { entry: [mine] });
    expect((await all(bench)).records.filter((r) => r.ttlSeconds === 300).map((r) => r.name)).toEqual([
      `n7.${ZONE}.`,
    ]);
  });

  it("are left alone together where somebody else has changed one of them", async () => {
    const bench = makeStepBench({ records: [...RECORDS, ...names.slice(0, 50)] });
    await bench.run(recordStart);
    const { id } = await all(bench);
    await bench.within(READS, () =>
      makeRoute53(bench.context.aws.route53).change(id, [
        {
          action: "UPSERT",
          record: { name: `n9.${ZONE}.`, type: "A", ttlSeconds: 300, values: ["203.0.113.9"] },
        },
      ]),
    );
    bench.wait(120);
    await lowered(bench);
    const after = (await all(bench)).records;
    expect(after.find((r) => r.name === `n9.${ZONE}.`)).toMatchObject({
      ttlSeconds: 300,
      values: ["203.0.113.9"],
    });
    expect(after.find((r) => r.name === `n8.${ZONE}.`)?.ttlSeconds).toBe(300);
    expect(HOST).toContain(ZONE);
  });
});

describe("askInSlices", () => {
  const verdict = (bench: StepBench, passes: boolean | undefined): Verdict =>
    judge(bench.context, passes, {
      check: "c",
      subject: "s",
      sentence: "x.",
      remedy: "y",
      value: 1,
      threshold: "t",
      samples: 1,
      source: "q",
    });
  const things = Array.from({ length: 1_000 }, (_, i) => i);
  /** One look, in which each thing takes a second of virtual time. */
  const look = (bench: StepBench, passes: (thing: number) => boolean | undefined, asked: number[]) =>
    bench.within({ s3: ["GetObject", "ListBucket", "PutObject"] }, () =>
      askInSlices(bench.context, RUN, "w", things, async (thing) => {
        asked.push(thing);
        (await bench.context.aws.s3.send) as unknown;
        if (thing % 40 === 0) bench.wait(1);
        return [verdict(bench, passes(thing))];
      }),
    );
  const worst = (verdicts: readonly Verdict[]) =>
    verdicts.some((v) => v.verdict === "fail")
      ? "fail"
      : verdicts.some((v) => v.verdict === "unknown")
        ? "unknown"
        : "pass";

  it("goes on where it stopped, and passes once everything was asked", async () => {
    const bench = makeStepBench();
    const asked: number[] = [];
    const ends: string[] = [];
    for (let i = 0; i < 10 && ends.at(-1) !== "pass"; i += 1)
      ends.push(worst(await look(bench, () => true, asked)));
    expect(ends.at(-1)).toBe("pass");
    expect(ends.slice(0, -1).every((e) => e === "unknown")).toBe(true);
    expect(new Set(asked).size).toBe(1_000);
    expect(asked.length).toBe(1_000);
  });

  it("stops at what doesn't pass, and asks that again first", async () => {
    const bench = makeStepBench();
    const asked: number[] = [];
    expect(worst(await look(bench, (n) => n !== 85, asked))).toBe("fail");
    expect(Math.max(...asked)).toBe(119);
    const again: number[] = [];
    await look(bench, () => true, again);
    expect(again[0]).toBe(80);
  });
});
