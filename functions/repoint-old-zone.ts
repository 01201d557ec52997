/** The old zone's records point at the target, for whoever keeps asking its servers. */

import * as z from "zod";
import { makeRoute53 } from "../adapters/route53.ts";
import type { Effect } from "../domain/effects.ts";
import { operationOf } from "../domain/operations.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, hostsOf, RECORD_READS, zonesOf } from "./zones.ts";

const POINTS = new Set(["A", "AAAA", "CNAME"]);

export const repointOldZone = step({
  name: "repoint-old-zone",
  does: "Gives each host of the old zone the record that it has in the new one.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ route53: [...RECORD_READS, "ChangeResourceRecordSets"] }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const effects: Effect[] = [];
    for (const host of hostsOf(plan)) {
      const before = (await route53.listRecords(zones.old.id)).filter((r) => isHost(r.name, host) && POINTS.has(r.type));
      const after = (await route53.listRecords(freshOf(zones).id)).filter((r) => isHost(r.name, host) && POINTS.has(r.type));
      for (const record of after)
        effects.push({
          kind: "set-record",
          zoneId: zones.old.id,
          before: before.find((r) => r.type === record.type && r.setIdentifier === record.setIdentifier) ?? null,
          after: record,
        });
    }
    await makeEffects(context, run, { step: "repoint-old-zone", operation: operationOf(plan, "repoint-old-zone"), move: "0" }, effects);
    return { repointed: effects.length };
  },
});

const isHost = (recordName: string, host: string): boolean => recordName.replace(/\.$/, "") === host.toLowerCase();
