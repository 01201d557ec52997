/** The move is over: the delegation and the new zone get the TTLs back that the old zone had. */

import * as z from "zod";
import type { SetRecord } from "../adapters/effects/zones.ts";
import { makeRoute53 } from "../adapters/route53.ts";
import { fqdn } from "../domain/dns-names.ts";
import { Conflict, NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withJournal } from "./effect.ts";
import { StartSchema } from "./record-start.ts";
import { makeRecords } from "./records.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, RECORD_READS, recordOf, zonesOf } from "./zones.ts";

export const restoreTtls = step({
  name: "restore-ttls",
  does: "Sets the parent's NS and the new zone's apex to the old TTLs on record.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT NS,SOA apex"] }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const stored = await bucketOf(context).getJson(keys.start(run.migration));
    if (!stored)
      throw new NotFound("The start was not recorded, so the old TTLs are unknown; the lowered ones stay.");
    const start = StartSchema.parse(stored.value);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const { zone } = plan.settings.dns;
    const effects: SetRecord[] = [];
    const raise = async (zoneId: string, type: string, ttlSeconds: number | undefined) => {
      const before = await recordOf(route53, zoneId, zone, type);
      // Always in the list, also where it is so already: a retry has to find the same effects under the same numbers.
      effects.push({
        kind: "set-record",
        zoneId,
        before,
        after: ttlSeconds === undefined ? before : { ...before, ttlSeconds },
      });
    };
    const oldTtl = (type: string) =>
      start.records.find((r) => r.name === fqdn(zone) && r.type === type)?.ttlSeconds;
    await raise(zones.parent.id, "NS", start.delegation.ttlSeconds);
    await raise(freshOf(zones).id, "NS", oldTtl("NS"));
    await raise(freshOf(zones).id, "SOA", oldTtl("SOA"));
    const { next } = await makeRecords(
      context,
      { run, subject: "", from: 0 },
      { step: "restore-ttls", operation: "restore-ttls" },
      effects.map((effect, index) => ({ move: `0.${String(index).padStart(3, "0")}`, effect })),
    );
    if (next !== null)
      throw new Conflict(`${effects.length - next} TTLs of ${zone} wait for the change before them.`);
    return { restored: effects.length };
  },
});
