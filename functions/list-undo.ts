/** Lists what a rollback has to undo, in its order, from the journal alone; and, when it has been through once, what is left. */

import * as z from "zod";
import { keys } from "../domain/journal.ts";
import { undoLists } from "../domain/undo.ts";
import { journalOf } from "./effect.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, type Item, ItemSchema, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

export const listUndo = step({
  name: "list-undo",
  does: "Reads the journal and stores five lists for the maps: everything at first, then what was given up on.",
  input: z.object({
    run: RunSchema,
    /** Whether everything has been tried once. */
    again: z.boolean().default(false),
  }),
  needs: withRecord("migrations/*/undo/*", {}),
  run: async ({ run, again }, context) => {
    const bucket = bucketOf(context);
    const journal = journalOf(context);
    const forward = await journal.forwardKeys(run.migration);
    const open = again ? await journal.notUndone(run.migration) : forward;
    // A copy back that was given up on has let its workload serve on the target again: another pause is a person's to choose.
    const lists = { ...undoLists(open), copies: again ? [] : await copiedOf(context, run, forward) };
    const keyOf = (list: string) => `migrations/${run.migration}/undo/${list}.json`;
    for (const list of ["hooks", "capacity", "dns", "copies", "rest"] as const) {
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
      copies: keyOf("copies"),
      delegated: undoLists(forward).dns.length > 0,
      left: open.length,
    };
  },
});

/** Workloads whose volumes were copied, or were about to be, as the plan's maps know them. */
const copiedOf = async (context: Context, run: Run, forward: readonly string[]): Promise<readonly Item[]> => {
  const touched = new Set(
    forward.flatMap((key) => /\/journal\/(\d+-copy:.*)\/forward-/.exec(key)?.[1] ?? []),
  );
  if (touched.size === 0) return [];
  const stored = await bucketOf(context).getJson(keys.wave(run.plan, "retire"));
  return z
    .array(ItemSchema)
    .parse(stored?.value ?? [])
    .filter((item) => touched.has(item.operations.move ?? ""));
};
