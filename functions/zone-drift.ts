/** What differs between the old and the new zone that others have changed, in either direction. */

import { type HostedZone, makeRoute53 } from "../adapters/route53.ts";
import type { Effect } from "../domain/effects.ts";
import { versionOf, type ZoneDrift, zoneDrift } from "../domain/zone-drift.ts";
import { slug } from "./batch.ts";
import { ownersOf } from "./dns-owners.ts";
import { planOf, type Run } from "./run.ts";
import { startOf } from "./start.ts";
import type { Context } from "./step.ts";
import { freshOf, hostsOf, RECORD_READS, zonesOf } from "./zones.ts";

/** What it takes to carry records from one zone to the other: others may have put in, changed or taken away anything. */
export const CARRYING = [
  ...RECORD_READS,
  "ChangeResourceRecordSets DELETE any below",
  "ChangeResourceRecordSets UPSERT any apex,below",
] as const;

export type Direction = "forward" | "back";

export type ZonesCompared = {
  /** What the other zone lacks. */
  readonly drifted: readonly ZoneDrift[];
  readonly compared: number;
  /** What is another than at the start in the zone that everybody asks, whether the other one has it or not. */
  readonly changed: readonly ZoneDrift[];
  /** The zone that everybody asks, and the one that has to have what it has. */
  readonly live: HostedZone;
  readonly next: HostedZone;
};

/**
 * Forward, the old zone is asked by everybody and the new one has to have what it has; on the way back it is the other way round.
 * @throws NotFound where one of the zones isn't there, or the start isn't on record.
 */
export const compareZonesOf = async (
  context: Context,
  run: Run,
  direction: Direction,
): Promise<ZonesCompared> => {
  const plan = await planOf(context, run);
  const route53 = makeRoute53(context.aws.route53);
  const zones = await zonesOf(context, run, plan);
  const [old, fresh] = [zones.old, freshOf(zones)];
  const [live, next] = direction === "forward" ? [old, fresh] : [fresh, old];
  const owners = await ownersOf(context, run, plan);
  const common = (await startOf(context, run)).records;
  const seen = {
    live: await route53.listRecords(live.id),
    common,
    zone: plan.settings.dns.zone,
    hosts: hostsOf(plan),
  };
  const found = zoneDrift({
    ...seen,
    next: await route53.listRecords(next.id),
    owners: direction === "forward" ? owners : owners.map(({ from, to }) => ({ from: to, to: from })),
  });
  return { ...found, changed: zoneDrift({ ...seen, next: common, owners: [] }).drifted, live, next };
};

/** The effect that brings a change along, and the name of its move: a second change of the same record is another move. */
export const carryingOf = (
  drift: ZoneDrift,
  zoneId: string,
): { readonly move: string; readonly effect: Extract<Effect, { kind: "set-record" }> } => {
  const record = drift.after ?? drift.before;
  return {
    move: `${slug(record?.name, record?.type, record?.setIdentifier)}.${versionOf(drift)}`,
    effect: { kind: "set-record", zoneId, ...drift },
  };
};
