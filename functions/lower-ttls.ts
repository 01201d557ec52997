/** Lowers the TTLs of the delegation and of the zone, far enough ahead that every resolver has the new ones when it matters. */

import * as z from "zod";
import type { Effect, RecordSet } from "../domain/effects.ts";
import { NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { operationOf } from "../domain/operations.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { StartSchema } from "./record-start.ts";
import { bucketOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { RECORD_READS, zonesOf } from "./zones.ts";

/** What a change may take to reach every authoritative server, beside the TTL itself. */
const PROPAGATION_SECONDS = 120;

export const lowerTtls = step({
  name: "lower-ttls",
  does: "Sets the TTL of the parent's NS, the apex NS and SOA and each record to the lowered one; says how long the old ones live on.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT any apex,below"] }),
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const stored = await bucketOf(context).getJson(keys.start(run.migration));
    if (!stored)
      throw new NotFound("The start was not recorded, so the old TTLs are unknown; nothing was lowered.");
    const start = StartSchema.parse(stored.value);
    const { loweredTtlSeconds } = plan.settings.dns;
    const zones = await zonesOf(context, run, plan);
    const lowering = (zoneId: string, record: RecordSet): Effect[] => {
      const lowered = lower(record, loweredTtlSeconds);
      return lowered ? [{ kind: "set-record", zoneId, before: record, after: lowered }] : [];
    };
    await makeEffects(
      context,
      run,
      { step: "lower-ttls", operation: operationOf(plan, "lower-ttls"), move: "0" },
      [
        ...lowering(zones.parent.id, start.delegation),
        ...start.records.flatMap((record) => lowering(zones.old.id, record)),
      ],
    );
    const oldest = Math.max(
      loweredTtlSeconds,
      ...[start.delegation, ...start.records].map((r) => r.ttlSeconds ?? 0),
    );
    return { waitSeconds: oldest + PROPAGATION_SECONDS };
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
