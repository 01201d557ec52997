/** The three zones of a cutover and who answers for them: the parent, the old zone, and ours. */

import { ownReference } from "../adapters/effects/zones.ts";
import { type HostedZone, makeRoute53, type Route53 } from "../adapters/route53.ts";
import { fqdn } from "../domain/dns-names.ts";
import type { RecordSet } from "../domain/effects.ts";
import { NotFound, Refused } from "../domain/errors.ts";
import type { Run, SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

/** Makes the creation of our zone idempotent and tells it from the old one. */
export const callerReferenceOf = (run: Run): string => ownReference(run.migration);

export type Zones = {
  readonly parent: HostedZone;
  readonly old: HostedZone;
  /** Absent before build-target. */
  readonly fresh: HostedZone | undefined;
};

/** What it takes to find them. */
export const ZONE_READS = ["ListHostedZonesByName"] as const;
/** And to know who answers for them. */
export const SERVER_READS = ["GetHostedZone", ...ZONE_READS] as const;
export const RECORD_READS = [...ZONE_READS, "ListResourceRecordSets"] as const;

/** @throws NotFound where the parent or the old zone isn't in this account: then the cutover is by records, not by delegation. */
export const zonesOf = async (context: Context, run: Run, plan: SlimPlan): Promise<Zones> => {
  const route53 = makeRoute53(context.aws.route53);
  const { zone, parent } = plan.settings.dns;
  const { parents, below } = await route53.zonesByNames(parent, zone);
  const [parentZone] = parents.filter((z) => !z.isPrivate);
  const named = below.filter((z) => !z.isPrivate);
  const ours = named.find((z) => z.callerReference === callerReferenceOf(run));
  const [old, another] = named.filter((z) => z.callerReference !== callerReferenceOf(run));
  if (old && another)
    throw new Refused(
      `Two zones besides ours are called ${zone} (${old.id} and ${another.id}), and only one of them can be the live one. Nothing was changed; delete the one that nobody is delegated to.`,
    );
  if (!parentZone || !old)
    throw new NotFound(
      `Zone ${parentZone ? zone : parent} is not hosted in this account's Route 53, so its delegation can't be changed.`,
    );
  return { parent: parentZone, old, fresh: ours };
};

/** @throws NotFound where build-target has not created it. */
export const freshOf = (zones: Zones): HostedZone => {
  if (!zones.fresh) throw new NotFound("The new zone does not exist yet; build-target creates it.");
  return zones.fresh;
};

/** The servers that answer for a zone: a listing doesn't tell, so each zone is asked for by whoever needs them. */
export const serversOf = async (context: Context, { id }: HostedZone): Promise<readonly string[]> => {
  const zone = await makeRoute53(context.aws.route53).zone(id);
  if (!zone) throw new NotFound(`Zone ${id} was listed and is gone.`);
  return zone.nameServers;
};

/** The one simple record set of a name and type. @throws NotFound where there is none. */
export const recordOf = async (
  route53: Route53,
  zoneId: string,
  name: string,
  type: string,
): Promise<RecordSet> => {
  const [record] = await route53.recordsOf(zoneId, name, type);
  if (!record) throw new NotFound(`Zone ${zoneId} has no ${type} record for ${fqdn(name)}.`);
  return record;
};

/** The hosts of a plan that lie in the zone, in the order of the plan. */
export const hostsOf = (plan: SlimPlan): readonly string[] => plan.hosts.map((h) => h.host);
