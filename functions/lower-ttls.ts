/** Lowers the TTLs of the delegation and of the zone, far enough ahead that every resolver has the new ones when it matters. */

import type { RecordSet } from "../domain/effects.ts";
import { NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { BatchInput, place } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { StartSchema } from "./record-start.ts";
import { makeRecords, type NamedRecord } from "./records.ts";
import { bucketOf, planOf } from "./run.ts";
import { step } from "./step.ts";
import { RECORD_READS, zonesOf } from "./zones.ts";

export const lowerTtls = step({
  name: "lower-ttls",
  does: "Sets the TTL of the parent's NS, the apex NS and SOA and each record to the lowered one, many in one change.",
  input: BatchInput,
  needs: withJournal({ route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT any apex,below"] }),
  run: async (input, context) => {
    const { run } = input;
    const plan = await planOf(context, run);
    const stored = await bucketOf(context).getJson(keys.start(run.migration));
    if (!stored)
      throw new NotFound("The start was not recorded, so the old TTLs are unknown; nothing was lowered.");
    const start = StartSchema.parse(stored.value);
    const { loweredTtlSeconds } = plan.settings.dns;
    const zones = await zonesOf(context, run, plan);
    const all = [
      { zoneId: zones.parent.id, record: start.delegation },
      ...start.records.map((record) => ({ zoneId: zones.old.id, record })),
    ];
    // From the first reading, which stays: the place of a record is the same in every invocation.
    const lowering = all.flatMap(({ zoneId, record }, index): NamedRecord[] => {
      const after = lower(record, loweredTtlSeconds);
      return after
        ? [{ move: `0.${place(index)}`, effect: { kind: "set-record", zoneId, before: record, after } }]
        : [];
    });
    return makeRecords(context, input, { step: "lower-ttls", operation: "lower-ttls" }, lowering);
  },
});

/** The record with the lowered TTL, or undefined where it is low enough. An alias has the TTL of what it points at. */
const lower = (record: RecordSet, ttlSeconds: number): RecordSet | undefined => {
  const minimum = record.type === "SOA" ? Number(record.values?.[0]?.split(" ").at(-1) ?? 0) : 0;
  if ((record.ttlSeconds ?? 0) <= ttlSeconds && minimum <= ttlSeconds) return undefined;
  const values =
    record.type === "SOA"
      ? record.values?.map((v) => v.replace(/\d+$/, String(Math.min(minimum, ttlSeconds))))
      : record.values;
  return {
    ...record,
    ttlSeconds: Math.min(record.ttlSeconds ?? ttlSeconds, ttlSeconds),
    ...(values ? { values } : {}),
  };
};
