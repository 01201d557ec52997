/** The move is over: the delegation and the new zone get the TTLs back that the old zone had. */

import * as z from "zod";
import { fqdn, makeRoute53 } from "../adapters/route53.ts";
import type { Effect } from "../domain/effects.ts";
import { NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { operationOf } from "../domain/operations.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { StartSchema } from "./record-start.ts";
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
    const effects: Effect[] = [];
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
    await makeEffects(
      context,
      run,
      { step: "restore-ttls", operation: operationOf(plan, "restore-ttls"), move: "0" },
      effects,
    );
    return { restored: effects.length };
  },
});
