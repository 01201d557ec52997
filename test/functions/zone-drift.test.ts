/** Names that others put into the zone that is asked, and that the one which takes over, or takes back, has to have. */

import { describe, expect, it } from "vitest";
import type { RecordSet } from "../../domain/effects.ts";
import { carryRecords } from "../../functions/carry-records.ts";
import { carryRecordsBack } from "../../functions/carry-records-back.ts";
import { compareZones } from "../../functions/compare-zones.ts";
import { delegateZone } from "../../functions/delegate-zone.ts";
import { HOST, type StepBench, ZONE } from "./bench.ts";
import { built, change, dns, find, gateInput, records, undoAll } from "./dns-bench.ts";
import { fence } from "./effect-bench.ts";

describe("names that others put into a zone", () => {
  const proof: RecordSet = { name: `proof.${ZONE}.`, type: "TXT", ttlSeconds: 300, values: ['"proof=1"'] };
  const look = (bench: StepBench, asked: number) => bench.run(compareZones, gateInput(asked));
  /** With the new zone holding what the old one had at the start. */
  const copied = async () => {
    const found = await built();
    for (const record of await records(found.bench, found.old))
      if (record.type === "CNAME") await change(found.bench, found.fresh, record);
    return found;
  };

  it("are carried into the new one before it is delegated, once, and gone with the undo", async () => {
    const { bench, old, fresh } = await copied();
    expect(await look(bench, 1)).toMatchObject({ verdict: "pass" });
    await change(bench, old, proof);
    expect(await look(bench, 2)).toMatchObject({
      verdict: "fail",
      sentence: expect.stringContaining(`TXT proof.${ZONE}`),
    });
    expect(await bench.run(carryRecords)).toEqual({ next: null, made: 1 });
    expect(await bench.run(carryRecords)).toEqual({ next: null, made: 0 });
    expect(await find(bench, fresh, "TXT", proof.name)).toEqual(proof);
    await undoAll(bench);
    bench.wait(120);
    expect(await find(bench, fresh, "TXT", proof.name)).toBeUndefined();
    expect(await find(bench, old, "TXT", proof.name)).toEqual(proof);
  });

  it("hold the delegation until every server of the new one has them", async () => {
    const { bench, old } = await copied();
    await change(bench, old, proof);
    bench.dns.delaySync(900);
    await bench.run(carryRecords);
    expect(await look(bench, 1)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringMatching(/doesn't say of TXT proof\.live\.example what/),
    });
    bench.wait(1_200);
    expect(await look(bench, 2)).toMatchObject({ verdict: "pass" });
  });

  it("are taken away from the new one where they went from the old one, but for what was put there beforehand", async () => {
    const { bench, old, fresh } = await copied();
    const [cname] = (await records(bench, old)).filter((r) => r.type === "CNAME");
    await change(bench, fresh, proof);
    await dns(bench, (r) => r.change(old, [{ action: "DELETE", record: cname as RecordSet }]));
    bench.wait(120);
    expect(await bench.run(carryRecords)).toEqual({ next: null, made: 1 });
    expect((await records(bench, fresh)).map((r) => r.type).sort()).toEqual(["A", "NS", "SOA", "TXT"]);
  });

  it("come back into the old one with a rollback, past the fence; where nobody was ever delegated, nothing does", async () => {
    const { bench, old, fresh } = await copied();
    await change(bench, fresh, proof);
    expect(await bench.run(carryRecordsBack)).toEqual({ carried: [] });
    await bench.run(delegateZone);
    bench.wait(120);
    fence(bench);
    expect(await bench.run(carryRecordsBack)).toEqual({ carried: [`TXT proof.${ZONE}`] });
    bench.wait(120);
    expect(await bench.run(carryRecordsBack)).toEqual({ carried: [] });
    expect(await find(bench, old, "TXT", proof.name)).toEqual(proof);
    expect((await find(bench, old, "A", HOST))?.values, "hosts go their own way").toEqual(["192.0.2.10"]);
  });
});
