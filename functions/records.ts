/**
 * Many record sets of a zone in few changes. Route 53 takes one change of a zone at a time, of up to 1,000 records: ten thousand names one by one
 * would take hours. Each record set still has its own entry in the journal, its own read-back and its own undo.
 */

import { applyRecords, type SetRecord } from "../adapters/effects/zones.ts";
import type { Outcome } from "../adapters/journal.ts";
import { Conflict } from "../domain/errors.ts";
import { operationOf } from "../domain/operations.ts";
import type { BatchInput, BatchResult } from "./batch.ts";
import { makeTogether } from "./effect.ts";
import { planOf } from "./run.ts";
import type { Context } from "./step.ts";

/** An UPSERT counts twice, and a record set may have several values: a change of so many stays below every limit. */
const TOGETHER = 200;

/** A function with effects is cut off after 30 seconds; a batch ends long before. */
const BATCH_MS = 12_000;

export type NamedRecord = { readonly move: string; readonly effect: SetRecord };

/** Works off a list that is the same in every invocation, from a place, for a while. */
export const makeRecords = async (
  context: Context,
  input: BatchInput,
  at: { readonly step: string; readonly operation: string },
  records: readonly NamedRecord[],
): Promise<BatchResult> => {
  const operation = operationOf(await planOf(context, input.run), at.operation);
  const startedAt = context.now().getTime();
  let made = 0;
  for (let from = input.from; from < records.length; ) {
    const together = oneChange(records, from);
    try {
      const outcomes = await makeTogether(
        context,
        input.run,
        { step: at.step, operation },
        together,
        (effects, clients) => applyRecords(effects, clients),
      );
      made += outcomes.filter((o: Outcome) => o.outcome === "made").length;
    } catch (error) {
      // The change before is still on its way to all servers: the state machine calls again.
      if (error instanceof Conflict && made > 0) return { next: from, made };
      throw error;
    }
    from += together.length;
    if (context.now().getTime() - startedAt >= BATCH_MS && from < records.length) return { next: from, made };
  }
  return { next: null, made };
};

/** The next records that fit into one change: those of one zone. */
const oneChange = (records: readonly NamedRecord[], from: number): readonly NamedRecord[] => {
  const zoneId = records[from]?.effect.zoneId;
  const end = records.findIndex((r, i) => i > from && (r.effect.zoneId !== zoneId || i >= from + TOGETHER));
  return records.slice(from, end === -1 ? records.length : end);
};
