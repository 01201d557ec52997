/** `set-record` and `create-zone`: DNS, by whole record sets with their old value. */

import type { Effect, RecordSet } from "../../domain/effects.ts";
import { Conflict, NotAsIntended } from "../../domain/errors.ts";
import type { Outcome } from "../journal.ts";
import { makeRoute53, type RecordChange, type Route53, sameRecord } from "../route53.ts";
import type { Clients } from "./clients.ts";

type SetRecord = Extract<Effect, { kind: "set-record" }>;
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
  return setRecord(route53, effect.zoneId, effect.after, effect.before);
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
  return setRecord(route53, effect.zoneId, effect.before, effect.after);
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

const setRecord = async (
  route53: Route53,
  zoneId: string,
  to: RecordSet | null,
  from: RecordSet | null,
): Promise<Outcome> => {
  const effect: SetRecord = { kind: "set-record", zoneId, before: from, after: to };
  const now = await current(route53, effect);
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
