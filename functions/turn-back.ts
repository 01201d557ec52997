/** On the way back: the new zone names the old servers, so that resolvers that believed it find their way home. */

import * as z from "zod";
import { makeRoute53 } from "../adapters/route53.ts";
import { fqdn } from "../domain/dns-names.ts";
import { BACK_OPERATIONS } from "../domain/undo.ts";
import { journalOf, makeUndoEffect, withJournal } from "./effect.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { RECORD_READS, recordOf, serversOf, zonesOf } from "./zones.ts";

export const turnBack = step({
  name: "turn-back",
  does: "Sets the new zone's apex NS to the old zone's servers, if the zone had ever been delegated: child-centric resolvers ask there still.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    route53: ["GetHostedZone", ...RECORD_READS, "ChangeResourceRecordSets UPSERT NS apex"],
  }),
  run: async ({ run }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (!entries.some((key) => key.includes("-delegate-zone/"))) return { turned: false };
    const plan = await planOf(context, run);
    const zones = await zonesOf(context, run, plan);
    if (!zones.fresh) return { turned: false };
    const before = await recordOf(
      makeRoute53(context.aws.route53),
      zones.fresh.id,
      plan.settings.dns.zone,
      "NS",
    );
    const servers = await serversOf(context, zones.old);
    await makeUndoEffect(
      context,
      run,
      { step: "turn-back", operation: BACK_OPERATIONS.turnBack, move: "0" },
      {
        kind: "set-record",
        zoneId: zones.fresh.id,
        before,
        after: { ...before, values: servers.map(fqdn) },
      },
    );
    return { turned: true };
  },
});
