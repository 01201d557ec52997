/** Does the zone that is about to be delegated hold what the one holds that everybody asks, and do its servers say so? Changes nothing. */

import type { RecordType } from "dns-packet";
import type { Verdict } from "../domain/gates.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { recordOfDrift, type ZoneDrift } from "../domain/zone-drift.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { recordsAt } from "./observe-ttls.ts";
import { planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { compareZonesOf, type ZonesCompared } from "./zone-drift.ts";
import { SERVER_READS, serversOf } from "./zones.ts";

/** What a sentence names, one by one. */
const NAMED_MAX = 5;
/** Names that changed since the start and are asked for at the servers. Of more, the zones' own listings are believed. */
const ASKED_MAX = 200;

export const compareZones = gate({
  name: "compare-zones",
  does: "Compares the old and the new zone record by record, but for the apex and the hosts; what changed since the start is asked for at the servers of both.",
  needs: { route53: [...SERVER_READS, "ListResourceRecordSets"], dns: ["ask"] },
  measure: async ({ run }, context) => {
    const zones = await compareZonesOf(context, run, "forward");
    const { settings } = await planOf(context, run);
    return [alike(context, zones, settings.dns.zone), ...(await served(context, zones))];
  },
});

const alike = (context: Context, { drifted, compared }: ZonesCompared, zone: string): Verdict =>
  judge(context, drifted.length === 0, {
    check: "dns/zones",
    subject: zone,
    sentence:
      drifted.length === 0
        ? `The new zone has what the old one has: ${compared} records beside the apex and the hosts.`
        : `${drifted.length} records of the old zone are missing or differ in the new one: ${drifted.slice(0, NAMED_MAX).map(recordOfDrift).join(", ")}.`,
    remedy:
      "Set each in the new zone as it is in the old one, and find out who changed it just now; then ask again.",
    value: drifted.length,
    threshold: "0 records that differ",
    // A zone with nothing but hosts in it was looked at, too.
    samples: compared + 1,
    source: "route53:ListResourceRecordSets of both zones",
  });

/** A change takes a while until every server has it, and whoever is told "no such name" believes it for a while. */
const served = async (
  context: Context,
  { changed, live, next }: ZonesCompared,
): Promise<readonly Verdict[]> => {
  if (changed.length === 0) return [];
  const [witness = ""] = await serversOf(context, live);
  const servers = await serversOf(context, next);
  return forEach(changed.filter(hasOneAnswer).slice(0, ASKED_MAX), async (drift) => {
    const wanted = await saidOf(context, witness, drift);
    const said = await forEach(servers, (server) => saidOf(context, server, drift));
    const late = servers.filter((_, i) => said[i] !== wanted);
    return judge(context, late.length === 0 ? true : undefined, {
      check: "dns/served",
      subject: recordOfDrift(drift),
      sentence:
        late.length === 0
          ? `Every server of the new zone says of ${recordOfDrift(drift)} what ${witness} says.`
          : `${late.join(", ")} doesn't say of ${recordOfDrift(drift)} what ${witness} says (yet).`,
      remedy: "Wait until Route 53 is in sync; then compare the record in both zones.",
      value: late.length,
      threshold: "0 servers that say something else",
      samples: servers.length,
      source: `${recordOfDrift(drift)} @${[witness, ...servers].join(" @")}`,
    });
  });
};

/** Of weighted records a server says now this, now that. */
const hasOneAnswer = ({ before, after }: ZoneDrift): boolean => (after ?? before)?.weight === undefined;

const saidOf = async (context: Context, server: string, { before, after }: ZoneDrift): Promise<string> => {
  const record = after ?? before;
  const type = (record?.type ?? "A") as RecordType;
  const found = await recordsAt(context, server, record?.name ?? "", type);
  return found
    .map(({ value }) => value)
    .sort(byCodeUnit)
    .join(" ");
};
