/** A backup of the whole source by Velero: before the move, and once more before the source goes. */

import * as z from "zod";
import { backupOf } from "../domain/restore.ts";
import { BatchInput, makeNamed } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { createObject } from "./objects.ts";
import { step } from "./step.ts";

export const takeSnapshot = step({
  name: "take-snapshot",
  does: "Creates one Velero Backup on the source; its name says what for.",
  input: BatchInput.extend({ name: z.enum(["freeze", "final"]) }),
  needs: withJournal({ kubernetes: { source: ["get backups.velero.io", "create backups.velero.io"] } }),
  run: ({ name, ...input }, context) =>
    makeNamed(
      context,
      input,
      { step: "take-snapshot", operation: name === "freeze" ? "take-snapshot" : "final-snapshot" },
      [{ move: "0", effect: createObject("source", backupOf(input.run.migration, name)) }],
    ),
});
