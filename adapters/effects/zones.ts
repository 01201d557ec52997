/** `set-record` and `create-zone`: DNS, by whole record sets with their old value. */

import { fqdn } from "../../domain/dns-names.ts";
import type { Effect, RecordSet } from "../../domain/effects.ts";
import { Conflict, NotAsIntended } from "../../domain/errors.ts";
import type { Outcome } from "../journal.ts";
import { makeRoute53, type RecordChange, type Route53, sameRecord } from "../route53.ts";
import type { Clients } from "./clients.ts";

export type SetRecord = Extract<Effect, { kind: "set-record" }>;
type CreateZone = Extract<Effect, { kind: "create-zone" }>;

/** Makes the creation of our zone idempotent and tells it from the old one. */
export const ownReference = (migration: string): string => `repot-${migration}`;

/** Records that a zone can't be without. */
const APEX = new Set(["NS", "SOA"]);

/**
 * Sets a record set that still is what it was when the intent was recorded: a change is written whole, so anything else would be lost.
 * @throws Conflict where somebody else changed it in between.
 */
export const applyRecord = async (effect: SetRecord, clients: Clients): Promise<Outcome> => {
  const route53 = makeRoute53(clients.aws.route53);
  const now = await current(route53, effect);
  if (!same(now, effect.after) && !same(now, effect.before))
    throw new Conflict(
      `${(effect.after ?? effect.before)?.type} ${(effect.after ?? effect.before)?.name} of zone ${effect.zoneId} was changed by somebody else to ${JSON.stringify(now)} and was left so. Put it back to ${JSON.stringify(effect.before)}, or roll back.`,
    );
  return setRecord(route53, effect, now);
};

const keyOf = (record: RecordSet): string =>
  `${fqdn(record.name)} ${record.type} ${record.setIdentifier ?? ""}`;

/** So many record sets are asked for one by one: a zone may have ten thousand, in pages of 300. */
const FEW = 3;

const subject = (effect: SetRecord): RecordSet | null => effect.after ?? effect.before;

/** Record sets of a zone by name, type and identifier: at least those that the effects are about; for many by one listing of the zone. */
const stockOf = async (
  route53: Route53,
  zoneId: string,
  effects: readonly SetRecord[],
): Promise<ReadonlyMap<string, RecordSet>> => {
  const asked = effects.flatMap((effect) => subject(effect) ?? []);
  const found =
    asked.length > FEW
      ? await route53.listRecords(zoneId)
      : (await Promise.all(asked.map(({ name, type }) => route53.recordsOf(zoneId, name, type)))).flat();
  return new Map(found.map((record) => [keyOf(record), record]));
};

/**
 * The same for many record sets of one zone, in one change: all of them or none.
 * @throws Conflict where somebody else changed one of them in between; then nothing was changed.
 */
export const applyRecords = async (
  effects: readonly SetRecord[],
  clients: Clients,
): Promise<readonly Outcome[]> => {
  const [first] = effects;
  if (!first) return [];
  if (effects.length === 1) return [await applyRecord(first, clients)];
  const route53 = makeRoute53(clients.aws.route53);
  const isNow = (stock: ReadonlyMap<string, RecordSet>, effect: SetRecord): RecordSet | null => {
    const record = subject(effect);
    return record ? (stock.get(keyOf(record)) ?? null) : null;
  };
  const stock = await stockOf(route53, first.zoneId, effects);
  const open = effects.filter((effect) => !same(isNow(stock, effect), effect.after));
  const strange = open.find((effect) => !same(isNow(stock, effect), effect.before));
  if (strange)
    throw new Conflict(
      `${subject(strange)?.type} ${subject(strange)?.name} of zone ${first.zoneId} was changed by somebody else to ${JSON.stringify(isNow(stock, strange))} and was left so, with all others of its change. Put it back to ${JSON.stringify(strange.before)}, or roll back.`,
    );
  const changes = open.flatMap((effect): RecordChange[] => {
    const now = isNow(stock, effect);
    if (effect.after) return [{ action: "UPSERT", record: effect.after }];
    return now ? [{ action: "DELETE", record: now }] : [];
  });
  if (changes.length > 0) await route53.change(first.zoneId, changes, "repot");
  const after = changes.length > 0 ? await stockOf(route53, first.zoneId, effects) : stock;
  const lost = effects.find((effect) => !same(isNow(after, effect), effect.after));
  if (lost)
    throw new NotAsIntended(
      `Record ${subject(lost)?.name} of zone ${first.zoneId} does not read back as it was set. It is tried again.`,
    );
  return effects.map((effect) => ({
    outcome: open.includes(effect) ? ("made" as const) : ("stood" as const),
  }));
};

/** Brings the old record set back, if ours still stands. */
export const undoRecord = async (effect: SetRecord, clients: Clients): Promise<Outcome> => {
  const route53 = makeRoute53(clients.aws.route53);
  const zone = await route53.zone(effect.zoneId);
  if (!zone) return { outcome: "stood", note: "The zone is gone." };
  if (zone.callerReference === ownReference(clients.migration) && APEX.has(effect.after?.type ?? ""))
    return { outcome: "stood", note: "It goes with the zone, which is ours." };
  const now = await current(route53, effect);
  if (same(now, effect.before)) return { outcome: "stood" };
  if (!same(now, effect.after))
    return { outcome: "left", note: `Somebody else changed it to ${JSON.stringify(now)}.` };
  return setRecord(route53, { ...effect, before: effect.after, after: effect.before }, now);
};

export const createZone = async (effect: CreateZone, clients: Clients): Promise<Outcome> => {
  const { already } = await makeRoute53(clients.aws.route53).createZone({
    name: effect.name,
    callerReference: effect.callerReference,
  });
  return { outcome: already ? "stood" : "made" };
};

/** Deletes the zone that we created; records that others made in it keep it, and are named. */
export const undoZone = async (effect: CreateZone, clients: Clients): Promise<Outcome> => {
  const route53 = makeRoute53(clients.aws.route53);
  const ours = (await route53.zonesByName(effect.name)).find(
    (zone) => zone.callerReference === effect.callerReference,
  );
  if (!ours) return { outcome: "stood" };
  const foreign = (await route53.listRecords(ours.id)).filter(
    (record) => record.type !== "SOA" && record.type !== "NS",
  );
  if (foreign.length > 0)
    return {
      outcome: "left",
      note: `It holds records that others made: ${foreign.map((r) => `${r.type} ${r.name}`).join(", ")}.`,
    };
  return { outcome: (await route53.deleteZone(ours.id)) ? "made" : "stood" };
};

/** The record set as it is now; a weighted one is told apart by its identifier. */
const current = async (route53: Route53, { zoneId, before, after }: SetRecord): Promise<RecordSet | null> => {
  const wanted = after ?? before;
  if (!wanted) return null;
  const records = await route53.recordsOf(zoneId, wanted.name, wanted.type);
  return records.find((record) => record.setIdentifier === wanted.setIdentifier) ?? null;
};

const same = (a: RecordSet | null, b: RecordSet | null): boolean =>
  a === null || b === null ? a === b : sameRecord(a, b);

/** @param now The record set as it was read a moment ago. */
const setRecord = async (route53: Route53, effect: SetRecord, now: RecordSet | null): Promise<Outcome> => {
  const { zoneId, before: from, after: to } = effect;
  if (same(now, to)) return { outcome: "stood" };
  const change: RecordChange | undefined = to
    ? { action: "UPSERT", record: to }
    : now
      ? { action: "DELETE", record: now }
      : undefined;
  if (change) await route53.change(zoneId, [change], "repot");
  if (same(await current(route53, effect), to)) return { outcome: "made" };
  throw new NotAsIntended(
    `Record ${to?.name ?? from?.name} of zone ${zoneId} does not read back as it was set. It is tried again.`,
  );
};
