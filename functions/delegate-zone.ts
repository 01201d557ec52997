/** The cut: the parent delegates the zone to the new servers, and the old zone says so, too. */

import * as z from "zod";
import { fqdn, makeRoute53 } from "../adapters/route53.ts";
import type { RecordSet } from "../domain/effects.ts";
import { operationOf } from "../domain/operations.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { heedGuard } from "./guard.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, RECORD_READS, recordOf, serversOf, zonesOf } from "./zones.ts";

export const delegateZone = step({
  name: "delegate-zone",
  does: "Replaces the parent's NS set by the new zone's servers, then the old zone's apex NS: child-centric resolvers believe that one.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    route53: ["GetHostedZone", ...RECORD_READS, "ChangeResourceRecordSets UPSERT NS apex"],
  }),
  run: async ({ run }, context) => {
    await heedGuard(context, run, "The delegation");
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const { zone } = plan.settings.dns;
    const servers = (await serversOf(context, freshOf(zones))).map(fqdn);
    const delegated = (record: RecordSet): RecordSet => ({
      ...record,
      values: servers,
    });
    const atParent = await recordOf(route53, zones.parent.id, zone, "NS");
    const atApex = await recordOf(route53, zones.old.id, zone, "NS");
    await makeEffects(
      context,
      run,
      { step: "delegate-zone", operation: operationOf(plan, "delegate-zone"), move: "0" },
      [
        { kind: "set-record", zoneId: zones.parent.id, before: atParent, after: delegated(atParent) },
        { kind: "set-record", zoneId: zones.old.id, before: atApex, after: delegated(atApex) },
      ],
    );
    return { delegated: zone };
  },
});
