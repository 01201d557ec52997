/** The cut: the parent delegates the zone to the new servers, and the old zone says so, too. */

import * as z from "zod";
import { makeRoute53 } from "../adapters/route53.ts";
import { fqdn } from "../domain/dns-names.ts";
import type { RecordSet } from "../domain/effects.ts";
import { WindowPassed } from "../domain/errors.ts";
import { operationOf } from "../domain/operations.ts";
import { journalOf, makeEffects, withJournal } from "./effect.ts";
import { heedGuard } from "./guard.ts";
import { planOf, type Run, RunSchema, type SlimPlan } from "./run.ts";
import { type Context, step } from "./step.ts";
import { freshOf, RECORD_READS, recordOf, serversOf, zonesOf } from "./zones.ts";

/**
 * What has begun is brought to its end, window or not: half of a delegation is worse than a late one.
 * @throws WindowPassed where it has not begun, and the verdict by which it might is too old.
 */
const heedWindow = async (
  context: Context,
  run: Run,
  plan: SlimPlan,
  beginBefore: string | null,
): Promise<void> => {
  if (beginBefore === null || context.now().getTime() < Date.parse(beginBefore)) return;
  const begun = await journalOf(context).forwardKeys(run.migration, operationOf(plan, "delegate-zone"));
  if (begun.length > 0) return;
  throw new WindowPassed(
    `The delegation might begin until ${beginBefore}; what came before it took longer. Nothing was changed, and the window is judged again.`,
  );
};

export const delegateZone = step({
  name: "delegate-zone",
  does: "Replaces the parent's NS set by the new zone's servers, then the old zone's apex NS: child-centric resolvers believe that one.",
  input: z.object({
    run: RunSchema,
    /** As check-window said (ISO): later it has to be asked again. Null where nobody has asked. */
    beginBefore: z.string().nullable().default(null),
  }),
  needs: withJournal({
    route53: ["GetHostedZone", ...RECORD_READS, "ChangeResourceRecordSets UPSERT NS apex"],
  }),
  run: async ({ run, beginBefore }, context) => {
    await heedGuard(context, run, "The delegation");
    const plan = await planOf(context, run);
    await heedWindow(context, run, plan, beginBefore);
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
