/** Preflight's judgement of a zone's records: each kind of record that the new zone has to copy, the public hosts, and who else writes into the zone. */

import { undotted } from "../dns-names.ts";
import type { RecordSet } from "../effects.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { counted, judging, type Observed, type Seen, seen, some } from "./judging.ts";

/** All records of the zone; `refused` where one of them can't be carried over. */
export type RecordsSeen = Observed<readonly RecordSet[]> | { readonly refused: string };

export type RecordClass = "alias" | "chain" | "delegation" | "simple" | "weighted";

const SOURCE = "route53:ListResourceRecordSets";
/** Longer than a day after the cut, clients would still come to the source. */
const RECORD_TTL_SECONDS_MAX = 86_400;

/** What a record is to the move. The zone's own NS and SOA are no records of the platform: undefined. */
export const classOfRecord = (record: RecordSet, zone: string): RecordClass | undefined => {
  const apex = undotted(record.name) === undotted(zone);
  if (apex && (record.type === "NS" || record.type === "SOA")) return undefined;
  if (record.weight !== undefined) return "weighted";
  if (record.alias) return "alias";
  if (record.type === "NS") return "delegation";
  return record.type === "CNAME" ? "chain" : "simple";
};

/** The records that answer for a host: its own, else those of the nearest wildcard. */
export const recordsForHost = (records: readonly RecordSet[], host: string): readonly RecordSet[] => {
  const addresses = records.filter((r) => r.alias !== undefined || ["A", "AAAA", "CNAME"].includes(r.type));
  const labels = undotted(host).split(".");
  const names = [undotted(host), ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join(".")}`)];
  for (const name of names) {
    const found = addresses.filter((r) => undotted(r.name) === name);
    if (found.length > 0) return found;
  }
  return [];
};

const within = (host: string, zone: string): boolean =>
  undotted(host) === undotted(zone) || undotted(host).endsWith(`.${undotted(zone)}`);

/** dns/records, dns/hosts and dns/record-ttl. */
export const judgeRecords = (
  records: RecordsSeen,
  plan: Pick<Plan, "hosts" | "settings">,
  at: string,
): readonly Verdict[] => {
  const { zone } = plan.settings.dns;
  const say = (id: string) => judging(at)(id, zone);
  if ("refused" in records)
    return [
      say("dns/records").fail(
        records.refused,
        "Replace the record by a simple, alias or weighted one, then run preflight again.",
        [seen("a record that can't be carried over", records.refused, "simple, alias or weighted", SOURCE)],
      ),
    ];
  if (!("value" in records))
    return ["dns/records", "dns/hosts", "dns/record-ttl"].map((id) =>
      say(id).unanswered(records.missing, SOURCE),
    );
  return [
    judgeClasses(records.value, zone, plan.hosts.length, at),
    judgeHosts(records.value, plan, at),
    judgeRecordTtl(records.value, plan, at),
  ];
};

const judgeClasses = (records: readonly RecordSet[], zone: string, hosts: number, at: string): Verdict => {
  const say = judging(at)("dns/records", zone);
  const tally = new Map<string, number>();
  for (const record of records) {
    const kind = classOfRecord(record, zone);
    if (kind) tally.set(kind, (tally.get(kind) ?? 0) + 1);
  }
  const kinds = [...tally].sort(([a], [b]) => byCodeUnit(a, b));
  const total = kinds.reduce((sum, [, n]) => sum + n, 0);
  const evidence = kinds.map(([kind, n]) => seen(`${kind} records`, n, "copied to the new zone", SOURCE, n));
  if (total === 0) {
    const none = [seen("records of the zone", 0, "at least 1 where there is a host", SOURCE, records.length)];
    return hosts === 0
      ? say.pass(`${zone} has no record but its own NS and SOA, and the plan has no public host.`, none)
      : say.unknown(
          `${zone} has no record but its own NS and SOA, though the plan has ${counted(hosts, "public host")}: the list can't be right.`,
          "Look at the zone, then run preflight again.",
          none,
        );
  }
  const found = `${zone} has ${kinds.map(([kind, n]) => `${n} ${kind}`).join(", ")}; all of them can be copied`;
  const unweighted = allZero(records);
  return unweighted
    ? say.pass(
        `${found}. The weighted records of ${unweighted} all have weight 0, which means equal shares: watch that this is meant.`,
        evidence,
      )
    : say.pass(`${found}.`, evidence);
};

/** A name whose weighted records are all zero. */
const allZero = (records: readonly RecordSet[]): string | undefined => {
  const weights = new Map<string, number>();
  for (const r of records)
    if (r.weight !== undefined)
      weights.set(`${r.name} ${r.type}`, (weights.get(`${r.name} ${r.type}`) ?? 0) + r.weight);
  return [...weights]
    .filter(([, sum]) => sum === 0)
    .map(([name]) => name)
    .sort(byCodeUnit)[0];
};

const judgeHosts = (
  records: readonly RecordSet[],
  plan: Pick<Plan, "hosts" | "settings">,
  at: string,
): Verdict => {
  const { zone } = plan.settings.dns;
  const say = judging(at)("dns/hosts", zone);
  const hosts = plan.hosts.map((h) => h.host).sort(byCodeUnit);
  const outside = hosts.filter((h) => !within(h, zone));
  const nameless = hosts.filter((h) => within(h, zone) && recordsForHost(records, h).length === 0);
  const evidence = [
    seen(
      "public hosts with a record",
      hosts.length - outside.length - nameless.length,
      `all ${hosts.length}`,
      SOURCE,
      records.length,
    ),
  ];
  if (hosts.length === 0)
    return say.pass("The plan has no public host: no client's name has to move.", evidence);
  if (outside.length > 0)
    return say.fail(
      `${some(outside)} ${outside.length === 1 ? "lies" : "lie"} outside of ${zone}: the delegation doesn't move ${outside.length === 1 ? "it" : "them"}.`,
      "Move these hosts in a migration of their own zone, or take them out of the plan.",
      evidence,
    );
  if (nameless.length === hosts.length)
    return say.fail(
      `None of the ${counted(hosts.length, "public host")} has a record in ${zone}: clients don't come by this zone.`,
      "Correct dns.zone or dns.hosts in repot.yaml.",
      evidence,
    );
  return nameless.length > 0
    ? say.pass(
        `${some(nameless)} ${nameless.length === 1 ? "has" : "have"} no record in ${zone} and can't be reached by name today; watch that this is meant.`,
        evidence,
      )
    : say.pass(`Every public host has its record in ${zone} (${counted(hosts.length, "host")}).`, evidence);
};

const judgeRecordTtl = (
  records: readonly RecordSet[],
  plan: Pick<Plan, "hosts" | "settings">,
  at: string,
): Verdict => {
  const { zone, recordTtlSeconds } = plan.settings.dns;
  const say = judging(at)("dns/record-ttl", zone);
  const ofHosts = plan.hosts.flatMap((h) => recordsForHost(records, h.host));
  const longest = ofHosts.reduce((max, r) => Math.max(max, r.ttlSeconds ?? 60), 0);
  const evidence = [
    seen(
      "longest TTL of a host's record, seconds",
      longest,
      `at most ${RECORD_TTL_SECONDS_MAX} s`,
      SOURCE,
      records.length,
    ),
  ];
  if (longest > RECORD_TTL_SECONDS_MAX)
    return say.fail(
      `A record of a public host lives ${longest} s: that long after the cut, clients would still come to the source.`,
      `Lower it to at most ${recordTtlSeconds} s and wait the old TTL.`,
      evidence,
    );
  return say.pass(
    `The records of the hosts live at most ${longest} s; that is waited out after the cut.`,
    evidence,
  );
};

/** An external-dns of the platform and its arguments. */
export type ExternalDnsSeen = { readonly workload: string; readonly arguments: readonly string[] };

const values = (args: readonly string[], flag: string): readonly string[] =>
  args
    .flatMap((a) => (a.startsWith(`--${flag}=`) ? a.slice(flag.length + 3).split(",") : []))
    .filter((v) => v !== "");

/**
 * dns/external-dns: who writes into the zone is pinned to it before a second zone of that name exists.
 * @param zoneAssumed Whether the zone's name is a guess of the plan: then nobody can say whether external-dns writes to it.
 */
export const judgeExternalDns = (
  found: readonly ExternalDnsSeen[],
  options: {
    readonly zone: string;
    readonly zoneId: string | undefined;
    readonly zoneAssumed: boolean;
    readonly at: string;
  },
): readonly Verdict[] => {
  const { zone, zoneId, zoneAssumed, at } = options;
  const source = "the plan's objects";
  if (found.length === 0)
    return [
      judging(at)("dns/external-dns", zone).pass(
        "No external-dns runs on the platform: nobody writes records by itself.",
        [seen("external-dns workloads", 0, "none, or pinned", source)],
      ),
    ];
  return found.map(({ workload, arguments: args }) => {
    const say = judging(at)("dns/external-dns", workload);
    const ids = values(args, "zone-id-filter");
    const domains = values(args, "domain-filter");
    const owners = values(args, "txt-owner-id");
    const elsewhere = domains.length > 0 && !domains.some((d) => within(zone, d) || within(d, zone));
    const evidence: Seen[] = [
      seen("--zone-id-filter", ids.join(", "), "the zone's id", source),
      seen("--txt-owner-id", owners.join(", "), "one of its own", source),
    ];
    if (elsewhere) return say.pass(`${workload} writes to ${some(domains)} only, not to ${zone}.`, evidence);
    if (ids.length > 0) {
      const stray = zoneId !== undefined && !ids.includes(zoneId);
      return say.pass(
        stray
          ? `${workload} is pinned to ${some(ids)}, which isn't the zone's id ${zoneId}: watch that it is the zone you mean.`
          : `${workload} is pinned to ${some(ids)}, so a second zone of that name doesn't confuse it.`,
        evidence,
      );
    }
    if (zoneAssumed)
      return say.pass(
        `${workload} isn't pinned by --zone-id-filter; the zone itself is an assumption, so before a real start pin it: between two zones of one name it picks by chance.`,
        evidence,
      );
    return say.fail(
      `${workload} isn't pinned to its zone: once the target has a zone of the same name, it picks between the two by chance.`,
      `Start it with --zone-id-filter=${zoneId ?? "<the zone's id>"}, then run preflight again.`,
      evidence,
    );
  });
};
