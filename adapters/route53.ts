/** Route 53 over its official client: zones, record sets as the domain has them, atomic changes, and whether they are in sync. */

import {
  type HostedZone as AwsZone,
  ChangeResourceRecordSetsCommand,
  type ChangeStatus,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  type Route53Client,
  type RRType,
} from "@aws-sdk/client-route-53";
import { canonicalLine } from "../domain/canonical.ts";
import { fqdn } from "../domain/dns-names.ts";
import type { RecordSet } from "../domain/effects.ts";
import { Conflict, Invalid, NotFound, Transient } from "../domain/errors.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { calling, errorName } from "./aws.ts";

export type HostedZone = {
  /** Without `/hostedzone/`. */
  readonly id: string;
  /** Lower case, with the last dot. */
  readonly name: string;
  readonly callerReference: string;
  readonly isPrivate: boolean;
};

export type ZoneWithServers = HostedZone & {
  /** The delegation set, without the last dot, in the service's order. */
  readonly nameServers: readonly string[];
};

export type RecordChange = { readonly action: "CREATE" | "UPSERT" | "DELETE"; readonly record: RecordSet };

export type NamedZones = { readonly parents: readonly HostedZone[]; readonly below: readonly HostedZone[] };

/** The service's calls. Errors are the domain's: Throttled, Conflict (a prior request isn't complete), Forbidden, NotFound, Invalid, AnswerLost. */
export type Route53 = {
  /** All zones with exactly this name (there may be several), sorted by id. Without their servers: ask `zone`. */
  readonly zonesByName: (name: string) => Promise<readonly HostedZone[]>;
  /** The same for a zone and one that lies below it: Route 53 lists them one after the other, mostly on one page. */
  readonly zonesByNames: (parent: string, below: string) => Promise<NamedZones>;
  readonly zone: (id: string) => Promise<ZoneWithServers | undefined>;
  /** Idempotent by the caller reference: `already` says that this reference had created it before. */
  readonly createZone: (zone: {
    readonly name: string;
    readonly callerReference: string;
    readonly comment?: string;
  }) => Promise<ZoneWithServers & { readonly already: boolean; readonly changeId?: string }>;
  /** Deletes an empty zone (SOA and NS don't count); false where there was none. @throws Invalid where it isn't empty. */
  readonly deleteZone: (id: string) => Promise<boolean>;
  /** Every record set, in Route 53's order. @throws Invalid for routing that Repot can't carry over (failover, geolocation …). */
  readonly listRecords: (zoneId: string) => Promise<readonly RecordSet[]>;
  /** All record sets of one name and type: one where it is simple, several where they are weighted, none where there is none. */
  readonly recordsOf: (zoneId: string, name: string, type: string) => Promise<readonly RecordSet[]>;
  /** One atomic batch. A DELETE must match exactly, so it is a compare-and-swap. @returns the change to ask `insync` about. */
  readonly change: (
    zoneId: string,
    changes: readonly RecordChange[],
    comment?: string,
  ) => Promise<{ readonly changeId: string }>;
  /** Whether every authoritative server answers with a change. */
  readonly insync: (changeId: string) => Promise<boolean>;
};

const PAGES_MAX = 200;

/** Route 53 writes octal for what isn't a letter, digit, hyphen, underscore or dot. */
const unescaped = (name: string): string =>
  name.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Whether two record sets say the same: names without regard to case and last dot, values in any order. */
export const sameRecord = (a: RecordSet, b: RecordSet): boolean =>
  canonicalLine(bare(a)) === canonicalLine(bare(b));

const bare = (record: RecordSet) => ({
  ...record,
  name: fqdn(record.name),
  ...(record.values ? { values: [...record.values].sort(byCodeUnit) } : {}),
  ...(record.alias
    ? {
        alias: {
          hostedZoneId: record.alias.hostedZoneId,
          dnsName: fqdn(record.alias.dnsName),
          evaluateTargetHealth: record.alias.evaluateTargetHealth ?? false,
        },
      }
    : {}),
});

const UNCARRIED = [
  "Failover",
  "Region",
  "GeoLocation",
  "GeoProximityLocation",
  "CidrRoutingConfig",
  "MultiValueAnswer",
  "HealthCheckId",
  "TrafficPolicyInstanceId",
] as const;

const toDomain = (set: ResourceRecordSet): RecordSet => {
  const name = unescaped(set.Name ?? "");
  const uncarried = UNCARRIED.find((field) => set[field] !== undefined);
  if (uncarried)
    throw new Invalid(
      `${set.Type} ${name} uses ${uncarried}, which Repot can't carry over. Replace it by simple or weighted records first.`,
    );
  return {
    name,
    type: set.Type ?? "",
    ...(set.TTL === undefined ? {} : { ttlSeconds: set.TTL }),
    ...(set.ResourceRecords ? { values: set.ResourceRecords.map((r) => r.Value ?? "") } : {}),
    ...(set.AliasTarget
      ? {
          alias: {
            hostedZoneId: set.AliasTarget.HostedZoneId ?? "",
            dnsName: set.AliasTarget.DNSName ?? "",
            evaluateTargetHealth: set.AliasTarget.EvaluateTargetHealth ?? false,
          },
        }
      : {}),
    ...(set.SetIdentifier === undefined ? {} : { setIdentifier: set.SetIdentifier }),
    ...(set.Weight === undefined ? {} : { weight: set.Weight }),
  };
};

const toAws = (record: RecordSet): ResourceRecordSet => ({
  Name: fqdn(record.name),
  // Types are the service's to judge: it refuses what it doesn't know.
  Type: record.type as RRType,
  ...(record.ttlSeconds === undefined ? {} : { TTL: record.ttlSeconds }),
  ...(record.values ? { ResourceRecords: record.values.map((Value) => ({ Value })) } : {}),
  ...(record.alias
    ? {
        AliasTarget: {
          HostedZoneId: record.alias.hostedZoneId,
          DNSName: record.alias.dnsName,
          EvaluateTargetHealth: record.alias.evaluateTargetHealth ?? false,
        },
      }
    : {}),
  ...(record.setIdentifier === undefined ? {} : { SetIdentifier: record.setIdentifier }),
  ...(record.weight === undefined ? {} : { Weight: record.weight }),
});

const bareId = (id: string | undefined): string => (id ?? "").replace(/^\/(hostedzone|change)\//, "");

/** Undefined where the service says that there is no such thing. */
const orAbsent = async <T>(absent: RegExp, call: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await call();
  } catch (error) {
    if (absent.test(errorName(error))) return undefined;
    throw error;
  }
};

const named = (zones: readonly AwsZone[] | undefined, wanted: string): HostedZone[] =>
  (zones ?? []).flatMap((zone) =>
    zone.Name === wanted
      ? [
          {
            id: bareId(zone.Id),
            name: wanted,
            callerReference: zone.CallerReference ?? "",
            isPrivate: zone.Config?.PrivateZone ?? false,
          },
        ]
      : [],
  );

const byId = (zones: readonly HostedZone[]): readonly HostedZone[] =>
  zones.toSorted((a, b) => byCodeUnit(a.id, b.id));

/** Zones are listed by their labels from the right: what lies below a zone follows it. Where other zones push it off the page, it is asked for by its own name. */
const zonesByNames = (client: Route53Client): Route53["zonesByNames"] => {
  const byName = zonesByName(client);
  return async (parent, child) => {
    const [wanted, lower] = [fqdn(parent), fqdn(child)];
    const answer = await calling(`look for the zones ${wanted} and ${lower}`, () =>
      client.send(new ListHostedZonesByNameCommand({ DNSName: wanted, MaxItems: 100 })),
    );
    const below = named(answer.HostedZones, lower);
    const isWhole = !answer.IsTruncated;
    return {
      parents:
        isWhole || answer.NextDNSName !== wanted
          ? byId(named(answer.HostedZones, wanted))
          : await byName(parent),
      below: isWhole && below.length > 0 ? byId(below) : await byName(child),
    };
  };
};

const zonesByName =
  (client: Route53Client): Route53["zonesByName"] =>
  async (name) => {
    const wanted = fqdn(name);
    const zones: HostedZone[] = [];
    let start: { DNSName: string; HostedZoneId?: string } = { DNSName: wanted };
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const input = { ...start, MaxItems: 100 };
      const answer = await calling(`look for the zone ${wanted}`, () =>
        client.send(new ListHostedZonesByNameCommand(input)),
      );
      zones.push(...named(answer.HostedZones, wanted));
      // The list starts at the name asked for and goes on with what follows it.
      if (!answer.IsTruncated || answer.NextDNSName !== wanted) return byId(zones);
      start = {
        DNSName: answer.NextDNSName,
        ...(answer.NextHostedZoneId ? { HostedZoneId: answer.NextHostedZoneId } : {}),
      };
    }
    throw new Transient(`There are more than ${PAGES_MAX} pages of zones named ${wanted}.`);
  };

const zoneById =
  (client: Route53Client): Route53["zone"] =>
  (id) =>
    calling(`read the zone ${id}`, () =>
      orAbsent(/^NoSuchHostedZone$/, async () => {
        const { HostedZone, DelegationSet } = await client.send(new GetHostedZoneCommand({ Id: id }));
        return {
          id: bareId(HostedZone?.Id),
          name: HostedZone?.Name ?? "",
          callerReference: HostedZone?.CallerReference ?? "",
          isPrivate: HostedZone?.Config?.PrivateZone ?? false,
          nameServers: DelegationSet?.NameServers ?? [],
        };
      }),
    );

const createZone = (client: Route53Client): Route53["createZone"] => {
  const byName = zonesByName(client);
  const ofId = zoneById(client);
  return async ({ name, callerReference, comment }) => {
    const doing = `create the zone ${fqdn(name)}`;
    const made = await calling(doing, () =>
      orAbsent(/^HostedZoneAlreadyExists$/, () =>
        client.send(
          new CreateHostedZoneCommand({
            Name: fqdn(name),
            CallerReference: callerReference,
            ...(comment === undefined ? {} : { HostedZoneConfig: { Comment: comment, PrivateZone: false } }),
          }),
        ),
      ),
    );
    const id = made
      ? bareId(made.HostedZone?.Id)
      : (await byName(name)).find((zone) => zone.callerReference === callerReference)?.id;
    const zone = id === undefined ? undefined : await ofId(id);
    if (!zone)
      throw new Conflict(
        `Could not ${doing}: its caller reference ${callerReference} was used for a zone of another name or one that is gone.`,
      );
    return { ...zone, already: !made, ...(made ? { changeId: bareId(made.ChangeInfo?.Id) } : {}) };
  };
};

const deleteZone =
  (client: Route53Client): Route53["deleteZone"] =>
  (id) =>
    calling(`delete the zone ${id}`, async () => {
      const gone = await orAbsent(/^NoSuchHostedZone$/, () =>
        client.send(new DeleteHostedZoneCommand({ Id: id })),
      );
      return gone !== undefined;
    });

type Start = { readonly name: string; readonly type: string; readonly identifier?: string | undefined };

/** One page, and where the next one starts. */
const page = async (client: Route53Client, zoneId: string, start: Start | undefined) => {
  const answer = await calling(`list the records of zone ${zoneId}`, () =>
    client.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: zoneId,
        MaxItems: 300,
        ...(start
          ? {
              StartRecordName: start.name,
              StartRecordType: start.type as RRType,
              ...(start.identifier === undefined ? {} : { StartRecordIdentifier: start.identifier }),
            }
          : {}),
      }),
    ),
  );
  const next = answer.IsTruncated
    ? {
        name: answer.NextRecordName ?? "",
        type: answer.NextRecordType ?? "",
        identifier: answer.NextRecordIdentifier,
      }
    : undefined;
  return { records: (answer.ResourceRecordSets ?? []).map(toDomain), next };
};

/** Pages from a start, until the list ends or `until` says that the rest doesn't matter. */
const pages = async (
  client: Route53Client,
  zoneId: string,
  from: Start | undefined,
  until: (last: RecordSet | undefined) => boolean,
): Promise<readonly RecordSet[]> => {
  const all: RecordSet[] = [];
  let start = from;
  for (let n = 0; n < PAGES_MAX; n += 1) {
    const { records, next } = await page(client, zoneId, start);
    all.push(...records);
    if (!next || until(records.at(-1))) return all;
    start = next;
  }
  throw new Transient(`Zone ${zoneId} has more than ${PAGES_MAX} pages of records.`);
};

const recordsOf =
  (client: Route53Client): Route53["recordsOf"] =>
  async (zoneId, name, type) => {
    const wanted = fqdn(name);
    const isWanted = (r: RecordSet | undefined) => r?.name === wanted && r.type === type;
    const found = await pages(client, zoneId, { name: wanted, type }, (last) => !isWanted(last));
    return found.filter(isWanted);
  };

const change =
  (client: Route53Client): Route53["change"] =>
  async (zoneId, changes, comment) => {
    const what = changes.map((c) => `${c.action} ${c.record.type} ${c.record.name}`).join(", ");
    const answer = await calling(`change zone ${zoneId} (${what})`, () =>
      client.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zoneId,
          ChangeBatch: {
            Changes: changes.map((c) => ({ Action: c.action, ResourceRecordSet: toAws(c.record) })),
            ...(comment === undefined ? {} : { Comment: comment }),
          },
        }),
      ),
    );
    return { changeId: bareId(answer.ChangeInfo?.Id) };
  };

const INSYNC: ChangeStatus = "INSYNC";

/** Route 53 behind the official client. */
export const makeRoute53 = (client: Route53Client): Route53 => ({
  zonesByName: zonesByName(client),
  zonesByNames: zonesByNames(client),
  zone: zoneById(client),
  createZone: createZone(client),
  deleteZone: deleteZone(client),
  listRecords: async (zoneId) => pages(client, zoneId, undefined, () => false),
  recordsOf: recordsOf(client),
  change: change(client),
  insync: async (changeId) => {
    const answer = await calling(`ask about the change ${changeId}`, () =>
      client.send(new GetChangeCommand({ Id: changeId })),
    );
    if (!answer.ChangeInfo) throw new NotFound(`Route 53 knows no change ${changeId}.`);
    return answer.ChangeInfo.Status === INSYNC;
  },
});
