/** What has to happen for a copied workload to be on the source again: whether the target may have written, and which entries are undone before and after its data come back. */

import * as z from "zod";
import { keys } from "../domain/journal.ts";
import { operationOf } from "../domain/operations.ts";
import { copyMove, MOVES } from "../domain/volume-copy.ts";
import { isCopiedBack, movesOf } from "./copies.ts";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { type Item, ItemSchema, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";

export const listCopyBack = step({
  name: "list-copy-back",
  does: "Reads the journal of one copied workload: its last try, whether that was started on the target, and its entries in the order in which they are undone.",
  input: z.object({ run: RunSchema, item: ItemSchema }),
  needs: withReading({}),
  run: async ({ run, item }, context) => {
    const moves = new Set(await movesOf(context, run, item));
    const attempt = [...moves].filter((m) => m.startsWith(`${MOVES.stop}`)).length - 1;
    const entry = (name: string): readonly string[] => {
      const move = copyMove(name, attempt);
      const operation = item.operations.move ?? "";
      return moves.has(move)
        ? [keys.entry({ migration: run.migration, operation, move, direction: "forward" })]
        : [];
    };
    const started = entry(MOVES.start);
    const ran = started.length > 0 && !(await isCopiedBack(context, run, item, attempt));
    return {
      attempt: Math.max(0, attempt),
      stopped: attempt >= 0,
      ran,
      before: [...started, ...(await linksOf(context, run, item))],
      after: [...entry(MOVES.owner), ...entry(MOVES.stop)],
    };
  },
});

/** What leads the source's callers to the target, newest first; the balancer itself (`0.balancer`) was there before, and goes later. */
const linksOf = async (context: Context, run: Run, item: Item): Promise<readonly string[]> => {
  const plan = await planOf(context, run);
  const operations = (plan.links ?? [])
    .filter((l) => l.on === "source" && l.workload === `${item.namespace}/${item.name}`)
    .map((l) => operationOf(plan, "link-service", l.service));
  if (operations.length === 0) return [];
  const all = await journalOf(context).forwardKeys(run.migration);
  const journal = keys.journal(run.migration);
  return all
    .filter((key) => operations.some((o) => key.startsWith(`${journal}${o}/forward-`)))
    .filter((key) => !/\/forward-0/.test(key))
    .reverse();
};
