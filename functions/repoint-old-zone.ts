/** The old zone's records point at the target, for whoever keeps asking its servers. */

import { makeRoute53 } from "../adapters/route53.ts";
import { fqdn } from "../domain/dns-names.ts";
import type { RecordSet } from "../domain/effects.ts";
import { BatchInput, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { makeRecords } from "./records.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, hostsOf, RECORD_READS, zonesOf } from "./zones.ts";

const POINTS = new Set(["A", "AAAA", "CNAME"]);

export const repointOldZone = step({
  name: "repoint-old-zone",
  does: "Gives each host of the old zone the record that it has in the new one.",
  input: BatchInput,
  needs: withJournal({
    route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT A,AAAA,CNAME apex,below"],
  }),
  run: async (input, context) => {
    const { run } = input;
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const hosts = new Set(hostsOf(plan).map(fqdn));
    const leading = async (zoneId: string) =>
      (await route53.listRecords(zoneId)).filter((r) => hosts.has(fqdn(r.name)) && POINTS.has(r.type));
    const before = new Map((await leading(zones.old.id)).map((record) => [slugOf(record), record]));
    const after = await leading(freshOf(zones).id);
    // Named by the record: a listing that changes between two tries must not make two effects share a name.
    return makeRecords(
      context,
      // A record that came meanwhile may stand before the place where the last batch ended: what is done is passed over quickly.
      { ...input, from: input.from >= after.length ? 0 : input.from },
      { step: "repoint-old-zone", operation: "repoint-old-zone" },
      after.map((record) => ({
        move: `0.${slugOf(record)}`,
        effect: {
          kind: "set-record" as const,
          zoneId: zones.old.id,
          before: before.get(slugOf(record)) ?? null,
          after: record,
        },
      })),
    );
  },
});

const slugOf = (record: RecordSet): string => slug(fqdn(record.name), record.type, record.setIdentifier);
