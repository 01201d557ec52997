/**
 * The rules of a Route 53 change batch: all changes or none, judged one after the other on a copy, with the sentences of the real
 * service. Source: ChangeResourceRecordSets in the API reference, and error messages that users of it have published.
 */

import {
  type Change,
  InvalidChangeBatch,
  InvalidInput,
  type ResourceRecordSet,
} from "@aws-sdk/client-route-53";
import type { RecordSet } from "../../domain/effects.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import { escaped, fqdn, isUnder } from "../world/dns/names.ts";
import { knownFields } from "./seam-support.ts";

export const RECORD_TYPES = [
  "A",
  "AAAA",
  "CAA",
  "CNAME",
  "DS",
  "HTTPS",
  "MX",
  "NAPTR",
  "NS",
  "PTR",
  "SOA",
  "SPF",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "TXT",
];

const RECORDS_MAX = 1_000;
const CHARACTERS_MAX = 32_000;
const VALUES_MAX = 400;
const TTL_MAX = 2_147_483_647;

export const invalidInput = (message: string): InvalidInput =>
  new InvalidInput({ message, $metadata: { httpStatusCode: 400 } });

const invalidBatch = (messages: readonly string[]): InvalidChangeBatch =>
  new InvalidChangeBatch({
    message: `[${messages.join(", ")}]`,
    messages: [...messages],
    $metadata: { httpStatusCode: 400 },
  });

const SET_FIELDS = ["Name", "Type", "TTL", "ResourceRecords", "AliasTarget", "SetIdentifier", "Weight"];

/** The request's own shape: an InvalidInput, before anything of the zone is looked at. */
const checkShape = (action: string, set: ResourceRecordSet): void => {
  knownFields("route53:ChangeResourceRecordSets", set, SET_FIELDS);
  const where = `Change with [Action=${action}, Name=${set.Name}, Type=${set.Type}, SetIdentifier=${set.SetIdentifier ?? "null"}]`;
  const kinds = [
    set.AliasTarget !== undefined,
    set.TTL !== undefined && (set.ResourceRecords?.length ?? 0) > 0,
  ];
  const count = kinds.filter(Boolean).length;
  if (count !== 1)
    throw invalidInput(
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found ${count === 0 ? "none" : "more than one"} in ${where}`,
    );
  if ((set.Weight !== undefined) !== (set.SetIdentifier !== undefined))
    throw invalidInput(
      `Invalid request: ${
        set.Weight === undefined
          ? "Missing field 'Weight', 'Region', 'GeoLocation', 'GeoProximityLocation', 'Failover', 'MultiValueAnswer' or 'CidrRoutingConfig'"
          : "Missing field 'SetIdentifier'"
      } in ${where}`,
    );
  if (set.TTL !== undefined && (set.TTL < 0 || set.TTL > TTL_MAX))
    throw invalidInput(`Invalid request: TTL must be between 0 and ${TTL_MAX} in ${where}`);
  if (set.Weight !== undefined && (set.Weight < 0 || set.Weight > 255))
    throw invalidInput(`Invalid request: Weight must be between 0 and 255 in ${where}`);
};

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

const isAddress = (value: string): boolean =>
  IPV4.exec(value)
    ?.slice(1)
    .every((part) => Number(part) <= 255) ?? false;

/** What is wrong with a value of a type; only the types whose values Repot writes are looked at. */
const valueProblem = (type: string, value: string): string | undefined => {
  if (type === "A" && !isAddress(value))
    return `Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '${value}''`;
  if (type === "TXT" && !/^".*"$/s.test(value))
    return `Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '${value}''`;
  if ((type === "CNAME" || type === "NS") && /\s|^$/.test(value))
    return `Invalid Resource Record: 'FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '${value}''`;
  return undefined;
};

export const toRecord = (set: ResourceRecordSet): RecordSet => ({
  name: fqdn(set.Name ?? ""),
  type: set.Type ?? "",
  ...(set.TTL === undefined ? {} : { ttlSeconds: set.TTL }),
  ...(set.ResourceRecords ? { values: set.ResourceRecords.map((r) => r.Value ?? "") } : {}),
  ...(set.AliasTarget
    ? {
        alias: {
          hostedZoneId: set.AliasTarget.HostedZoneId ?? "",
          dnsName: fqdn(set.AliasTarget.DNSName ?? ""),
          evaluateTargetHealth: set.AliasTarget.EvaluateTargetHealth ?? false,
        },
      }
    : {}),
  ...(set.SetIdentifier === undefined ? {} : { setIdentifier: set.SetIdentifier }),
  ...(set.Weight === undefined ? {} : { weight: set.Weight }),
});

const keyOf = (r: RecordSet): string => `${r.name}|${r.type}|${r.setIdentifier ?? ""}`;

const fingerprint = (r: RecordSet): string =>
  JSON.stringify([
    r.ttlSeconds ?? null,
    [...(r.values ?? [])].sort(byCodeUnit),
    r.alias ? [r.alias.hostedZoneId, fqdn(r.alias.dnsName), r.alias.evaluateTargetHealth ?? false] : null,
    r.weight ?? null,
  ]);

/** The zone as a batch leaves it, while it is being judged. */
class Draft {
  readonly zoneName: string;
  readonly records: Map<string, RecordSet>;
  readonly #byName = new Map<string, Set<string>>();

  constructor(zoneName: string, records: readonly RecordSet[]) {
    this.zoneName = zoneName;
    this.records = new Map();
    for (const record of records) this.set({ ...record, name: fqdn(record.name) });
  }

  set(record: RecordSet): void {
    const key = keyOf(record);
    this.records.set(key, record);
    const keys = this.#byName.get(record.name) ?? new Set();
    this.#byName.set(record.name, keys.add(key));
  }

  delete(record: RecordSet): void {
    this.records.delete(keyOf(record));
    this.#byName.get(record.name)?.delete(keyOf(record));
  }

  /** Other record sets of the same name. */
  beside(record: RecordSet): readonly RecordSet[] {
    const keys = [...(this.#byName.get(record.name) ?? [])].filter((key) => key !== keyOf(record));
    return keys.map((key) => this.records.get(key) as RecordSet);
  }
}

const label = (r: RecordSet): string =>
  `[name='${escaped(r.name)}', type='${r.type}'${r.setIdentifier === undefined ? "" : `, set-identifier='${r.setIdentifier}'`}]`;

/** What forbids a record set in the zone as it stands. */
const placementProblem = (draft: Draft, r: RecordSet): string | undefined => {
  const name = escaped(r.name);
  const { zoneName } = draft;
  if (!isUnder(r.name, zoneName)) return `RRSet with DNS name ${name} is not permitted in zone ${zoneName}`;
  if (r.type === "CNAME" && r.name === zoneName)
    return `RRSet of type CNAME with DNS name ${name} is not permitted at apex in zone ${zoneName}`;
  if (r.type === "CNAME" && (r.values?.length ?? 1) > 1)
    return `CNAME resource record sets can only have one resource record`;
  const beside = draft.beside(r);
  if (r.type === "CNAME" && beside.some((other) => other.type !== "CNAME"))
    return `RRSet of type CNAME with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zoneName}`;
  if (r.type !== "CNAME" && beside.some((other) => other.type === "CNAME"))
    return `RRSet of type ${r.type} with DNS name ${name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zoneName}`;
  const same = beside.filter((other) => other.type === r.type);
  const what = `RRSet with DNS name ${name}, type ${r.type}, SetIdentifier ${r.setIdentifier ?? "null"}`;
  if (r.setIdentifier === undefined && same.length > 0)
    return `${what} cannot be created as other RRSets exist with the same name and type`;
  if (same.some((other) => other.setIdentifier === undefined))
    return `${what} cannot be created as a non-weighted set exists with the same name and type`;
  if (same.some((other) => other.ttlSeconds !== r.ttlSeconds && !other.alias && !r.alias))
    return `${what} cannot be created as weighted sets must contain the same TTL`;
  return undefined;
};

const deletionProblem = (draft: Draft, r: RecordSet): string | undefined => {
  const there = draft.records.get(keyOf(r));
  if (!there) return `Tried to delete resource record set ${label(r)} but it was not found`;
  if (fingerprint(there) !== fingerprint(r))
    return `Tried to delete resource record set ${label(r)} but the values provided do not match the current values`;
  return undefined;
};

/** Makes one change on the draft, or says why not. */
const applyOne = (draft: Draft, action: string, r: RecordSet): string | undefined => {
  if (action === "DELETE") {
    const problem = deletionProblem(draft, r);
    if (problem === undefined) draft.delete(r);
    return problem;
  }
  const bad = (r.values ?? []).map((value) => valueProblem(r.type, value)).find((p) => p !== undefined);
  if (bad) return bad;
  if ((r.values?.length ?? 0) > VALUES_MAX) return `Cannot have more than ${VALUES_MAX} records in a RRSet.`;
  if (action === "CREATE" && draft.records.has(keyOf(r)))
    return `Tried to create resource record set ${label(r)} but it already exists`;
  const problem = placementProblem(draft, r);
  if (problem === undefined) draft.set(r);
  return problem;
};

/** Elements count once, those of an UPSERT twice; an alias counts as one. */
const checkSize = (changes: readonly Change[]): void => {
  let [records, characters] = [0, 0];
  for (const { Action, ResourceRecordSet: set } of changes) {
    const times = Action === "UPSERT" ? 2 : 1;
    records += times * Math.max(1, set?.ResourceRecords?.length ?? 0);
    for (const { Value } of set?.ResourceRecords ?? []) characters += times * (Value ?? "").length;
  }
  if (records > RECORDS_MAX) throw invalidBatch([`Number of records limit of ${RECORDS_MAX} exceeded.`]);
  if (characters > CHARACTERS_MAX)
    throw invalidBatch([`Number of characters limit of ${CHARACTERS_MAX} exceeded.`]);
};

/** One set twice in a batch is only allowed as a DELETE and then a CREATE. */
const repeated = (seen: Map<string, string>, action: string, r: RecordSet): string | undefined => {
  const before = seen.get(keyOf(r));
  seen.set(keyOf(r), action);
  if (before === undefined || (before === "DELETE" && action === "CREATE")) return undefined;
  return `The request contains an invalid set of changes for a resource record set '${r.type} ${escaped(r.name)}'`;
};

/**
 * Judges a batch and makes it on a copy.
 * @returns the record sets of the zone afterwards. @throws InvalidInput or InvalidChangeBatch, and then nothing is changed.
 */
export const applyBatch = (
  zoneName: string,
  records: readonly RecordSet[],
  changes: readonly Change[],
): readonly RecordSet[] => {
  if (changes.length === 0) throw invalidInput("Invalid request: Missing field 'Changes'");
  for (const { Action, ResourceRecordSet: set } of changes) {
    if (!set || !["CREATE", "UPSERT", "DELETE"].includes(Action ?? ""))
      throw invalidInput(`Invalid request: Action ${Action}`);
    if (!RECORD_TYPES.includes(set.Type ?? "")) throw invalidInput(`Invalid request: Type ${set.Type}`);
    checkShape(Action ?? "", set);
  }
  checkSize(changes);
  const draft = new Draft(zoneName, records);
  const seen = new Map<string, string>();
  const problems: string[] = [];
  for (const { Action, ResourceRecordSet: set } of changes) {
    const record = toRecord(set as ResourceRecordSet);
    const problem = repeated(seen, Action ?? "", record) ?? applyOne(draft, Action ?? "", record);
    if (problem !== undefined) problems.push(problem);
  }
  if (!draft.records.has(`${zoneName}|SOA|`))
    problems.push("A HostedZone must contain exactly one SOA record.");
  if (!draft.records.has(`${zoneName}|NS|`))
    problems.push("A HostedZone must contain at least one NS record for the zone itself.");
  if (problems.length > 0) throw invalidBatch(problems);
  return [...draft.records.values()];
};
