/** Lists what a rollback has to undo, in its order, from the journal alone. */

import * as z from "zod";
import { undoLists } from "../domain/undo.ts";
import { journalOf } from "./effect.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const listUndo = step({
  name: "list-undo",
  does: "Reads the journal and stores four lists for the maps; the first listing after the fence is the complete one.",
  input: z.object({ run: RunSchema }),
  needs: withRecord("migrations/*/undo/*", {}),
  run: async ({ run }, context) => {
    const bucket = bucketOf(context);
    const lists = undoLists(await journalOf(context).forwardKeys(run.migration));
    const keyOf = (list: string) => `migrations/${run.migration}/undo/${list}.json`;
    for (const list of ["hooks", "capacity", "dns", "rest"] as const) {
      const key = keyOf(list);
      const stored = await bucket.getJson(key);
      if (stored) await bucket.replaceIf(key, lists[list], stored.etag);
      else await bucket.putNew(key, lists[list]);
    }
    return {
      hooks: keyOf("hooks"),
      capacity: keyOf("capacity"),
      dns: keyOf("dns"),
      rest: keyOf("rest"),
      delegated: lists.dns.length > 0,
    };
  },
});
