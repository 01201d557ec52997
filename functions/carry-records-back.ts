/** Between the cut and a rollback the new zone is the one that people change: what they did there is brought into the old one before it answers again. */

import * as z from "zod";
import { BACK_OPERATIONS } from "../domain/undo.ts";
import { recordOfDrift } from "../domain/zone-drift.ts";
import { forEach } from "./check.ts";
import { journalOf, makeUndoEffect, withJournal } from "./effect.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { CARRYING, carryingOf, compareZonesOf } from "./zone-drift.ts";
import { zonesOf } from "./zones.ts";

export const carryRecordsBack = step({
  name: "carry-records-back",
  does: "Sets in the old zone what others changed in the new one since it was delegated, record by record, if it ever was.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({ route53: CARRYING }),
  run: async ({ run }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (!entries.some((key) => key.includes("-delegate-zone/"))) return { carried: [] };
    if (!(await zonesOf(context, run, await planOf(context, run))).fresh) return { carried: [] };
    const { drifted, next } = await compareZonesOf(context, run, "back");
    const carried = await forEach(drifted, async (drift) => {
      const { move, effect } = carryingOf(drift, next.id);
      const at = { step: "carry-records-back", operation: BACK_OPERATIONS.carryRecords, move };
      await makeUndoEffect(context, run, at, effect);
      return recordOfDrift(drift);
    });
    return { carried };
  },
});
