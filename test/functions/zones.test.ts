/** Which hosted zones a migration works on, and what it says where they aren't there, aren't its own, or are one too many. */

import { describe, expect, it } from "vitest";
import { ownReference } from "../../adapters/effects/zones.ts";
import { lowerTtls } from "../../functions/lower-ttls.ts";
import { recordStart } from "../../functions/record-start.ts";
import { freshOf, SERVER_READS, serversOf, ZONE_READS, zonesOf } from "../../functions/zones.ts";
import { makeStepBench, RECORDS, RUN, type StepBench, smallPlan, ZONE } from "./bench.ts";

const look = (bench: StepBench) =>
  bench.within({ route53: [...ZONE_READS] }, () => zonesOf(bench.context, RUN, smallPlan()));

const servers = (bench: StepBench, zone: Parameters<typeof serversOf>[1]) =>
  bench.within({ route53: [...SERVER_READS] }, () => serversOf(bench.context, zone));

const remove = (bench: StepBench, name: string): void => {
  for (const zone of bench.dns.zones.all().filter((z) => z.name === `${name}.`)) {
    bench.dns.zones.replace(zone.id, []);
    bench.dns.zones.remove(zone.id);
  }
};
const create = (bench: StepBench, callerReference: string): void => {
  bench.dns.zones.create({ name: ZONE, callerReference, comment: "" });
};

describe("the zones of a migration", () => {
  it("are the parent, the live one, and its own once it is made", async () => {
    const bench = makeStepBench();
    const before = await look(bench);
    expect([before.parent.name, before.old.name, before.fresh]).toEqual(["example.", `${ZONE}.`, undefined]);
    expect(() => freshOf(before)).toThrow(/build-target creates it/);
    create(bench, ownReference(RUN.migration));
    const after = await look(bench);
    expect([after.old.id, after.fresh?.callerReference]).toEqual([
      before.old.id,
      ownReference(RUN.migration),
    ]);
    expect(await servers(bench, freshOf(after))).toHaveLength(4);
  });

  it.each(["example", ZONE])(
    "are refused by name where %s isn't hosted here, also if the other is",
    async (name) => {
      const bench = makeStepBench();
      remove(bench, name);
      await expect(look(bench)).rejects.toThrow(`Zone ${name} is not hosted in this account's Route 53`);
    },
  );

  it("are refused where two could be the live one, with both ids", async () => {
    const bench = makeStepBench();
    create(bench, "somebody else's");
    await expect(look(bench)).rejects.toThrow(
      /Two zones besides ours are called live\.example \(.* and .*\)/,
    );
  });
});

describe("lower-ttls", () => {
  it("leaves a record alone that has exactly the lowered TTL: there is nothing to undo", async () => {
    const { loweredTtlSeconds } = smallPlan().settings.dns;
    const name = `at-it.${ZONE}.`;
    const low = { name, type: "A" as const, ttlSeconds: loweredTtlSeconds, values: ["192.0.2.77"] };
    const bench = makeStepBench({ records: [...RECORDS, low] });
    await bench.run(recordStart);
    for (let from: number | null = 0; from !== null; bench.wait(60))
      from = await bench.run(lowerTtls, { from }).then(
        ({ next }) => next,
        (error: Error) => {
          if (error.name !== "Conflict") throw error;
          return from;
        },
      );
    const intents = [...bench.stored].filter(([key]) => key.includes("/forward-") && !key.includes("done"));
    expect(intents.length).toBeGreaterThan(1);
    expect(intents.filter(([, text]) => text.includes(name))).toEqual([]);
  });
});
