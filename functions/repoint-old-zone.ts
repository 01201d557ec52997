/** The old zone's records point at the target, for whoever keeps asking its servers. */

import * as z from "zod";
import { fqdn, makeRoute53 } from "../adapters/route53.ts";
import type { RecordSet } from "../domain/effects.ts";
import { operationOf } from "../domain/operations.ts";
import { slug } from "./batch.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, hostsOf, RECORD_READS, zonesOf } from "./zones.ts";

const POINTS = new Set(["A", "AAAA", "CNAME"]);

export const repointOldZone = step({
  name: "repoint-old-zone",
  does: "Gives each host of the old zone the record that it has in the new one.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT A,AAAA,CNAME apex,below"],
  }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const hosts = new Set(hostsOf(plan).map(fqdn));
    const leading = async (zoneId: string) =>
      (await route53.listRecords(zoneId)).filter((r) => hosts.has(fqdn(r.name)) && POINTS.has(r.type));
    const before = new Map((await leading(zones.old.id)).map((record) => [slugOf(record), record]));
    const after = await leading(freshOf(zones).id);
    const operation = operationOf(plan, "repoint-old-zone");
    // Named by the record: a listing that changes between two tries must not make two effects share a name.
    for (const record of after)
      await makeEffect(
        context,
        run,
        { step: "repoint-old-zone", operation, move: `0.${slugOf(record)}` },
        {
          kind: "set-record",
          zoneId: zones.old.id,
          before: before.get(slugOf(record)) ?? null,
          after: record,
        },
      );
    return { repointed: after.length };
  },
});

const slugOf = (record: RecordSet): string => slug(fqdn(record.name), record.type, record.setIdentifier);
