/** The zone of the same name that nobody is sent to yet: low TTLs from the start, and every record but the hosts', which `fill-zone` adds. */

import { makeRoute53 } from "../adapters/route53.ts";
import type { RecordSet } from "../domain/effects.ts";
import { operationOf } from "../domain/operations.ts";
import { copied, soaWith } from "../domain/zone-copy.ts";
import { BatchInput, place } from "./batch.ts";
import { ownersOf } from "./dns-owners.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { makeRecords } from "./records.ts";
import { planOf } from "./run.ts";
import { startOf } from "./start.ts";
import { step } from "./step.ts";
import { callerReferenceOf, freshOf, hostsOf, RECORD_READS, recordOf, zonesOf } from "./zones.ts";

export const createZone = step({
  name: "create-zone",
  does: "Creates the undelegated zone, lowers the TTLs of its apex, and copies the old zone's other records into it.",
  input: BatchInput,
  needs: withJournal({
    route53: [
      "GetHostedZone",
      ...RECORD_READS,
      "ChangeResourceRecordSets UPSERT any apex,below",
      "CreateHostedZone",
    ],
  }),
  run: async (input, context) => {
    const { run } = input;
    const plan = await planOf(context, run);
    const { zone, loweredTtlSeconds } = plan.settings.dns;
    const at = { step: "create-zone", operation: operationOf(plan, "create-zone") };
    await makeEffect(
      context,
      run,
      { ...at, move: "0" },
      { kind: "create-zone", name: zone, callerReference: callerReferenceOf(run) },
    );

    const route53 = makeRoute53(context.aws.route53);
    const { id } = freshOf(await zonesOf(context, run, plan));
    const ns = await recordOf(route53, id, zone, "NS");
    const soa = await recordOf(route53, id, zone, "SOA");
    const { records } = await startOf(context, run);
    const changes: readonly (readonly [RecordSet | null, RecordSet])[] = [
      [ns, { ...ns, ttlSeconds: loweredTtlSeconds }],
      [soa, soaWith(soa, loweredTtlSeconds)],
      ...copied(records, zone, hostsOf(plan), await ownersOf(context, run, plan)).map(
        (record) => [null, record] as const,
      ),
    ];
    return makeRecords(
      context,
      input,
      { step: "create-zone", operation: "create-zone" },
      changes.map(([before, after], index) => ({
        move: `1.${place(index)}`,
        effect: { kind: "set-record", zoneId: id, before, after },
      })),
    );
  },
});
