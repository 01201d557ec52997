/** What the new zone holds: every record of the old one, but for its own NS and SOA and the hosts, which lead to the target. */

import { withOwner } from "./controllers.ts";
import { undotted } from "./dns-names.ts";
import type { RecordSet } from "./effects.ts";
import { byCodeUnit } from "./kube.ts";

/** A name's record types that lead clients somewhere. */
const LEADS: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);

const isOf = (record: RecordSet, hosts: readonly string[]): boolean =>
  LEADS.has(record.type) && hosts.some((host) => undotted(host) === undotted(record.name));

const order = (r: RecordSet): string => `${undotted(r.name)}|${r.type}|${r.setIdentifier ?? ""}`;

/** Whose records the TXT registry of external-dns gives to whom: `from` the source's owner id `to` the target's. */
export type NewOwner = { readonly from: string; readonly to: string };

const owned = (record: RecordSet, owners: readonly NewOwner[]): RecordSet =>
  record.type !== "TXT" || owners.length === 0
    ? record
    : {
        ...record,
        values: (record.values ?? []).map((value) =>
          owners.reduce((text, { from, to }) => withOwner(text, from, to), value),
        ),
      };

/** Records that are taken over as they are, sorted; but what external-dns of the source owned there belongs to the target's. */
export const copied = (
  records: readonly RecordSet[],
  zone: string,
  hosts: readonly string[],
  owners: readonly NewOwner[] = [],
): readonly RecordSet[] =>
  records
    .map((r) => owned(r, owners))
    .filter(
      (r) =>
        !(undotted(r.name) === undotted(zone) && (r.type === "NS" || r.type === "SOA")) && !isOf(r, hosts),
    )
    .sort((a, b) => byCodeUnit(order(a), order(b)));

/** The records of one host as the old zone has them. */
export const leading = (records: readonly RecordSet[], host: string): readonly RecordSet[] =>
  records.filter((r) => isOf(r, [host])).sort((a, b) => byCodeUnit(order(a), order(b)));

/** Everything after the load balancer's own label: names of one region and kind lie in one hosted zone. */
const balancerZone = (dnsName: string): string =>
  undotted(dnsName)
    .replace(/^dualstack\./, "")
    .split(".")
    .slice(1)
    .join(".");

/**
 * The record that leads a host to a load balancer: of the type that the host has now, so that the old zone can be given the same one later.
 * @param hostedZoneIdOf The load balancers' own zone by a balancer's name, where it isn't that of the old record.
 * @returns undefined where the zone of the balancer isn't known and an alias is needed.
 */
export const toBalancer = (
  host: string,
  zone: string,
  now: readonly RecordSet[],
  balancer: string,
  ttlSeconds: number,
  hostedZoneIdOf: string | undefined,
): RecordSet | undefined => {
  const name = `${undotted(host)}.`;
  const [present] = now;
  const isApex = undotted(host) === undotted(zone);
  if (!isApex && (present === undefined || present.type === "CNAME"))
    return { name, type: "CNAME", ttlSeconds, values: [`${undotted(balancer)}.`] };
  const same =
    present?.alias && balancerZone(present.alias.dnsName) === balancerZone(balancer)
      ? present.alias.hostedZoneId
      : undefined;
  const hostedZoneId = same ?? hostedZoneIdOf;
  if (hostedZoneId === undefined) return undefined;
  return { name, type: present?.type ?? "A", alias: { hostedZoneId, dnsName: `${undotted(balancer)}.` } };
};

/** The SOA with another TTL and another MINIMUM (how long a "no such name" is believed): RFC 2308 takes the lower of the two. */
export const soaWith = (soa: RecordSet, seconds: number): RecordSet => ({
  ...soa,
  ttlSeconds: Math.min(soa.ttlSeconds ?? seconds, seconds),
  values: (soa.values ?? []).map((value) => {
    const parts = value.trim().split(/\s+/);
    const minimum = Number(parts[6]);
    return parts.length === 7 && Number.isFinite(minimum)
      ? [...parts.slice(0, 6), String(Math.min(minimum, seconds))].join(" ")
      : value;
  }),
});
