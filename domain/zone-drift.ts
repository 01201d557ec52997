/** What others changed in the zone that is asked, and that the zone which takes over, or takes back, doesn't have. */

import { canonicalLine, sha256 } from "./canonical.ts";
import { undotted } from "./dns-names.ts";
import type { RecordSet } from "./effects.ts";
import { byCodeUnit } from "./kube.ts";
import { copied, type NewOwner } from "./zone-copy.ts";

/** A record set as it is in the other zone, and as it has to be there; null is none. */
export type ZoneDrift = { readonly before: RecordSet | null; readonly after: RecordSet | null };

export type ZonesSeen = {
  /** Records of the zone that the parent names. */
  readonly live: readonly RecordSet[];
  /** Records of the zone that is to be named next. */
  readonly next: readonly RecordSet[];
  /** What the zones had in common when one was copied: only what was there is taken away again. */
  readonly common: readonly RecordSet[];
  readonly zone: string;
  /** Public hosts: they lead to different clusters by right. */
  readonly hosts: readonly string[];
  /** Whom records of external-dns belong to in the zone that is named next. */
  readonly owners: readonly NewOwner[];
};

const keyOf = ({ name, type, setIdentifier = "" }: RecordSet): string =>
  `${undotted(name)}|${type}|${setIdentifier}`;

/** TTLs differ by right: Repot lowers them in one zone and not in the other. */
const contentOf = ({ values = [], alias, weight }: RecordSet): string =>
  canonicalLine({
    values: [...values].sort(byCodeUnit),
    alias: alias ? [alias.hostedZoneId, undotted(alias.dnsName), alias.evaluateTargetHealth ?? false] : null,
    weight: weight ?? null,
  });

/** @returns what to set or take away in the next zone, by name; nothing of the apex's NS and SOA, nor of the hosts. */
export const zoneDrift = ({
  live,
  next,
  common,
  zone,
  hosts,
  owners,
}: ZonesSeen): { readonly drifted: readonly ZoneDrift[]; readonly compared: number } => {
  const mapOf = (records: readonly RecordSet[], to: readonly NewOwner[] = []) =>
    new Map(copied(records, zone, hosts, to).map((record) => [keyOf(record), record]));
  const [wanted, present, once] = [mapOf(live, owners), mapOf(next), mapOf(common)];
  const set = [...wanted].flatMap(([key, record]): readonly ZoneDrift[] => {
    const before = present.get(key) ?? null;
    if (before && contentOf(before) === contentOf(record)) return [];
    return [{ before, after: before ? withTtl(record, before.ttlSeconds) : record }];
  });
  const gone = [...present].flatMap(([key, record]): readonly ZoneDrift[] =>
    !wanted.has(key) && once.has(key) ? [{ before: record, after: null }] : [],
  );
  return { drifted: [...set, ...gone], compared: wanted.size };
};

/** The TTL of the zone that it goes to, where it has one there. */
const withTtl = (record: RecordSet, ttlSeconds: number | undefined): RecordSet =>
  record.alias || ttlSeconds === undefined ? record : { ...record, ttlSeconds };

export const recordOfDrift = ({ before, after }: ZoneDrift): string => {
  const record = after ?? before;
  return `${record?.type} ${undotted(record?.name ?? "")}`;
};

/** A move's part that tells one change of a record set from the next one of the same. */
export const versionOf = ({ after }: ZoneDrift): string => sha256(canonicalLine(after)).slice(0, 12);
