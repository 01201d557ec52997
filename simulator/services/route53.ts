/**
 * Route 53 in front of the simulated zones: paged lists in its own order, atomic batches, one change of a zone at a time, a token
 * bucket, and changes that are PENDING until every authoritative server has them.
 */

import {
  type ChangeInfo,
  type ChangeResourceRecordSetsCommandInput,
  type ChangeResourceRecordSetsCommandOutput,
  type CreateHostedZoneCommandInput,
  type CreateHostedZoneCommandOutput,
  type DeleteHostedZoneCommandInput,
  type DeleteHostedZoneCommandOutput,
  type GetChangeCommandInput,
  type GetChangeCommandOutput,
  type GetHostedZoneCommandInput,
  type GetHostedZoneCommandOutput,
  type HostedZone,
  HostedZoneAlreadyExists,
  HostedZoneNotEmpty,
  InvalidDomainName,
  type ListHostedZonesByNameCommandInput,
  type ListHostedZonesByNameCommandOutput,
  type ListResourceRecordSetsCommandInput,
  type ListResourceRecordSetsCommandOutput,
  NoSuchChange,
  NoSuchHostedZone,
  PriorRequestNotComplete,
  type ResourceRecordSet,
  Route53ServiceException,
  type RRType,
} from "@aws-sdk/client-route-53";
import type { RecordSet } from "../../domain/effects.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { byDnsName, escaped, fqdn } from "../world/dns/names.ts";
import type { Zone, Zones } from "../world/dns/zones.ts";
import { applyBatch, invalidInput } from "./route53-batch.ts";
import type { AwsHandlers } from "./seam-aws.ts";
import { knownFields } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;
const at400 = { httpStatusCode: 400 };

type KnownChange = {
  readonly id: string;
  readonly submittedAt: number;
  readonly insyncAt: number;
  readonly comment?: string;
};

export type Route53Options = {
  readonly zones: Zones;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
};

const PAGE_MAX = 300;
const ZONES_PAGE_MAX = 100;

/** Requests a second that an account may make for long, and at once. */
const TOKENS_PER_SECOND = 10;
const TOKENS_MAX = 50;

/** How long Route 53 works on one change of a zone before it takes the next one. */
const BUSY_MS = [400, 1_500] as const;

/** The account's token bucket: every request costs one. */
const makeBucket = (clock: Pick<Clock, "now">): (() => void) => {
  let tokens = TOKENS_MAX;
  let at = clock.now();
  return () => {
    tokens = Math.min(TOKENS_MAX, tokens + ((clock.now() - at) / 1000) * TOKENS_PER_SECOND);
    at = clock.now();
    if (tokens < 1)
      throw new Route53ServiceException({
        name: "Throttling",
        message: "Rate exceeded",
        $fault: "client",
        $metadata: at400,
      });
    tokens -= 1;
  };
};

/** What the service remembers beside the zones: changes, and until when a zone is being worked on. */
class State {
  readonly options: Route53Options;
  readonly changes = new Map<string, KnownChange>();
  readonly references = new Map<string, string>();
  readonly #busyUntil = new Map<string, number>();
  readonly #random: Random;

  constructor(options: Route53Options) {
    this.options = options;
    this.#random = options.random.fork("route53");
    for (const zone of options.zones.all()) this.references.set(zone.callerReference, zone.id);
  }

  zone(id: string | undefined): Zone {
    const zone = this.options.zones.get((id ?? "").replace(/^\/hostedzone\//, ""));
    if (zone) return zone;
    throw new NoSuchHostedZone({
      message: `No hosted zone found with ID: ${id}`,
      $metadata: { httpStatusCode: 404 },
    });
  }

  /** @throws PriorRequestNotComplete while an earlier change of the zone is being worked on. */
  occupy(zone: Zone): void {
    const now = this.options.clock.now();
    if ((this.#busyUntil.get(zone.id) ?? 0) > now)
      throw new PriorRequestNotComplete({
        message: "The request was rejected because Route 53 was still processing a prior request.",
        $metadata: at400,
      });
    this.#busyUntil.set(zone.id, now + this.#random.between(...BUSY_MS));
  }

  note(insyncAt: number, comment?: string): ChangeInfo {
    const id = `C${this.#random.id().slice(0, 19).toUpperCase()}`;
    const submittedAt = this.options.clock.now();
    this.changes.set(id, { id, submittedAt, insyncAt, ...(comment === undefined ? {} : { comment }) });
    return this.info(id);
  }

  info(id: string): ChangeInfo {
    const change = this.changes.get(id);
    if (!change)
      throw new NoSuchChange({
        message: `Could not find resource with ID: ${id}`,
        $metadata: { httpStatusCode: 404 },
      });
    return {
      Id: `/change/${id}`,
      Status: this.options.clock.now() >= change.insyncAt ? "INSYNC" : "PENDING",
      SubmittedAt: new Date(change.submittedAt),
      ...(change.comment === undefined ? {} : { Comment: change.comment }),
    };
  }

  describe(zone: Zone): HostedZone {
    return {
      Id: `/hostedzone/${zone.id}`,
      Name: escaped(zone.name),
      CallerReference: zone.callerReference,
      Config: { ...(zone.comment === "" ? {} : { Comment: zone.comment }), PrivateZone: false },
      ResourceRecordSetCount: this.options.zones.records(zone.id).length,
    };
  }
}

const create =
  (state: State) =>
  (input: CreateHostedZoneCommandInput): Output<CreateHostedZoneCommandOutput> => {
    knownFields("route53:CreateHostedZone", input, ["Name", "CallerReference", "HostedZoneConfig"]);
    const name = fqdn(input.Name ?? "");
    if (name.split(".").length < 3 || /[^a-z0-9\-_.]/.test(name))
      throw new InvalidDomainName({ message: `${input.Name} is not a valid domain name`, $metadata: at400 });
    if (!input.CallerReference) throw invalidInput("Invalid request: Missing field 'CallerReference'");
    if (input.HostedZoneConfig?.PrivateZone)
      throw invalidInput("When you're creating a private hosted zone, you must specify a VPC.");
    if (state.references.has(input.CallerReference))
      throw new HostedZoneAlreadyExists({
        message: "A hosted zone has already been created with the specified caller reference.",
        $metadata: { httpStatusCode: 409 },
      });
    const { zone, insyncAt } = state.options.zones.create({
      name,
      callerReference: input.CallerReference,
      ...(input.HostedZoneConfig?.Comment === undefined ? {} : { comment: input.HostedZoneConfig.Comment }),
    });
    state.references.set(input.CallerReference, zone.id);
    return {
      HostedZone: state.describe(zone),
      ChangeInfo: state.note(insyncAt),
      DelegationSet: { NameServers: [...zone.nameServers] },
      Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${zone.id}`,
    };
  };

const get =
  (state: State) =>
  (input: GetHostedZoneCommandInput): Output<GetHostedZoneCommandOutput> => {
    const zone = state.zone(input.Id);
    return { HostedZone: state.describe(zone), DelegationSet: { NameServers: [...zone.nameServers] } };
  };

const remove =
  (state: State) =>
  (input: DeleteHostedZoneCommandInput): Output<DeleteHostedZoneCommandOutput> => {
    const zone = state.zone(input.Id);
    const required = (r: RecordSet) => fqdn(r.name) === zone.name && (r.type === "NS" || r.type === "SOA");
    if (!state.options.zones.records(zone.id).every(required))
      throw new HostedZoneNotEmpty({
        message:
          "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
        $metadata: at400,
      });
    state.occupy(zone);
    return { ChangeInfo: state.note(state.options.zones.remove(zone.id).insyncAt) };
  };

const change =
  (state: State) =>
  (input: ChangeResourceRecordSetsCommandInput): Output<ChangeResourceRecordSetsCommandOutput> => {
    const zone = state.zone(input.HostedZoneId);
    const { zones } = state.options;
    const after = applyBatch(zone.name, zones.records(zone.id), input.ChangeBatch?.Changes ?? []);
    state.occupy(zone);
    return { ChangeInfo: state.note(zones.replace(zone.id, after).insyncAt, input.ChangeBatch?.Comment) };
  };

const toAws = (record: RecordSet): ResourceRecordSet => ({
  Name: escaped(record.name),
  Type: record.type as RRType,
  ...(record.setIdentifier === undefined ? {} : { SetIdentifier: record.setIdentifier }),
  ...(record.weight === undefined ? {} : { Weight: record.weight }),
  ...(record.ttlSeconds === undefined ? {} : { TTL: record.ttlSeconds }),
  ...(record.values ? { ResourceRecords: record.values.map((Value) => ({ Value })) } : {}),
  ...(record.alias
    ? {
        AliasTarget: {
          HostedZoneId: record.alias.hostedZoneId,
          DNSName: fqdn(record.alias.dnsName),
          EvaluateTargetHealth: record.alias.evaluateTargetHealth ?? false,
        },
      }
    : {}),
});

/** Route 53's order: names by labels from the right, then type, then set identifier. */
const byPlace = (a: RecordSet, b: RecordSet): number =>
  byDnsName(a.name, b.name) ||
  byCodeUnit(a.type, b.type) ||
  byCodeUnit(a.setIdentifier ?? "", b.setIdentifier ?? "");

const list =
  (state: State) =>
  (input: ListResourceRecordSetsCommandInput): Output<ListResourceRecordSetsCommandOutput> => {
    const zone = state.zone(input.HostedZoneId);
    const { StartRecordName: name, StartRecordType: type, StartRecordIdentifier: identifier } = input;
    if (type !== undefined && name === undefined)
      throw invalidInput("The parameter 'type' must be accompanied by the parameter 'name'");
    if (identifier !== undefined && type === undefined)
      throw invalidInput(
        "The parameter 'identifier' must be accompanied by the parameters 'name' and 'type'",
      );
    const start: RecordSet = {
      name: fqdn(name ?? zone.name),
      type: type ?? "",
      setIdentifier: identifier ?? "",
    };
    const records = [...state.options.zones.records(zone.id)].sort(byPlace);
    const from = name === undefined ? 0 : records.findIndex((record) => byPlace(record, start) >= 0);
    const size = Math.min(input.MaxItems ?? PAGE_MAX, PAGE_MAX);
    const page = from < 0 ? [] : records.slice(from, from + size);
    const next = from < 0 ? undefined : records[from + size];
    return {
      ResourceRecordSets: page.map(toAws),
      IsTruncated: next !== undefined,
      MaxItems: size,
      ...(next
        ? {
            NextRecordName: escaped(next.name),
            NextRecordType: next.type as RRType,
            ...(next.setIdentifier === undefined ? {} : { NextRecordIdentifier: next.setIdentifier }),
          }
        : {}),
    };
  };

/** Starts at a name and goes on with the zones that follow it: an answer may name other zones than the one asked for. */
const listZones =
  (state: State) =>
  (input: ListHostedZonesByNameCommandInput): Output<ListHostedZonesByNameCommandOutput> => {
    if (input.HostedZoneId !== undefined && input.DNSName === undefined)
      throw invalidInput("The parameter 'hostedzoneid' must be accompanied by the parameter 'dnsname'");
    const byName = (a: { name: string; id: string }, b: { name: string; id: string }) =>
      byDnsName(a.name, b.name) || byCodeUnit(a.id, b.id);
    const zones = [...state.options.zones.all()].sort(byName);
    const start = {
      name: input.DNSName === undefined ? "" : fqdn(input.DNSName),
      id: (input.HostedZoneId ?? "").replace(/^\/hostedzone\//, ""),
    };
    const rest = start.name === "" ? zones : zones.filter((zone) => byName(zone, start) >= 0);
    const size = Math.min(input.MaxItems ?? ZONES_PAGE_MAX, ZONES_PAGE_MAX);
    const next = rest[size];
    return {
      HostedZones: rest.slice(0, size).map((zone) => state.describe(zone)),
      IsTruncated: next !== undefined,
      MaxItems: size,
      ...(input.DNSName === undefined ? {} : { DNSName: escaped(fqdn(input.DNSName)) }),
      ...(next ? { NextDNSName: escaped(next.name), NextHostedZoneId: next.id } : {}),
    };
  };

const getChange =
  (state: State) =>
  (input: GetChangeCommandInput): Output<GetChangeCommandOutput> => ({
    ChangeInfo: state.info((input.Id ?? "").replace(/^\/change\//, "")),
  });

/** The commands in front of the zones. */
export const makeRoute53Service = (options: Route53Options): { readonly handlers: AwsHandlers } => {
  const state = new State(options);
  const spend = makeBucket(options.clock);
  const limited =
    <Input, Out extends object>(handler: (input: Input) => Out) =>
    (input: Input): Out => {
      spend();
      return handler(input);
    };
  return {
    handlers: {
      CreateHostedZone: limited(create(state)),
      GetHostedZone: limited(get(state)),
      DeleteHostedZone: limited(remove(state)),
      ListHostedZonesByName: limited(listZones(state)),
      ChangeResourceRecordSets: limited(change(state)),
      ListResourceRecordSets: limited(list(state)),
      GetChange: limited(getChange(state)),
    },
  };
};
