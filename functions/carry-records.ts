/** A zone is anybody's to change while workloads move: what came, changed or went in the old one since it was copied is brought into the new one. */

import { BatchInput } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { makeRecords } from "./records.ts";
import { step } from "./step.ts";
import { CARRYING, carryingOf, compareZonesOf } from "./zone-drift.ts";

export const carryRecords = step({
  name: "carry-records",
  does: "Sets in the new zone what others changed in the old one since it was copied, record by record; hosts and the apex stay as they are.",
  input: BatchInput,
  needs: withJournal({ route53: CARRYING }),
  run: async (input, context) => {
    const { drifted, next } = await compareZonesOf(context, input.run, "forward");
    // What both zones have is no longer listed: each batch starts at the beginning of what is left.
    return makeRecords(
      context,
      { ...input, from: 0 },
      { step: "carry-records", operation: "carry-records" },
      drifted.map((drift) => carryingOf(drift, next.id)),
    );
  },
});
