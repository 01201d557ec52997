/** Remembers how DNS was before the first effect: the TTLs whose old values have to be waited out. */

import * as z from "zod";
import { makeRoute53 } from "../adapters/route53.ts";
import { RecordSetSchema } from "../domain/effects.ts";
import { keys } from "../domain/journal.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { RECORD_READS, zonesOf } from "./zones.ts";

export const StartSchema = z.object({
  /** The delegation, as the parent has it. */
  delegation: RecordSetSchema,
  /** Everything in the old zone, apex included. */
  records: z.array(RecordSetSchema),
});
export type Start = z.infer<typeof StartSchema>;

export const recordStart = step({
  name: "record-start",
  does: "Stores the delegation and the old zone's records as they are before anything is changed; the first reading stays.",
  input: z.object({ run: RunSchema }),
  needs: withRecord("migrations/*/start.json", { route53: RECORD_READS }),
  run: async ({ run }, context) => {
    const bucket = bucketOf(context);
    if (await bucket.getJson(keys.start(run.migration))) return { recorded: true };
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const [delegation] = await route53.recordsOf(zones.parent.id, plan.settings.dns.zone, "NS");
    const start: Start = StartSchema.parse({ delegation, records: await route53.listRecords(zones.old.id) });
    await bucket.putNew(keys.start(run.migration), start);
    return { recorded: true };
  },
});
