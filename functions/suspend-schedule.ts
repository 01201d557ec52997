/** Suspends or resumes a CronJob on one side. What the other side has run already is not run again. */

import * as z from "zod";
import { fieldOf } from "../adapters/effects/fields.ts";
import { ownerOf } from "../adapters/effects/owners.ts";
import { NotFound, OwnedElsewhere } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { otherSide } from "../domain/phases.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { heedGuard } from "./guard.ts";
import { bucketOf, type Item, ItemSchema, kubernetesOf, type Run, RunSchema, SideSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { lastTickEffect } from "./ticks.ts";
import { refOfItem } from "./workload.ts";

export const suspendSchedule = step({
  name: "suspend-schedule",
  does: "Sets spec.suspend of one CronJob on one side; before resuming, tells that side's controller which tick the other side ran last.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    side: SideSchema,
    suspend: z.boolean(),
    move: z.string(),
  }),
  needs: withJournal({
    kubernetes: {
      source: ["get cronjobs", "patch cronjobs"],
      target: ["get cronjobs", "patch cronjobs", "patch cronjobs/status"],
    },
  }),
  run: async ({ run, item, side, suspend, move }, context) => {
    const ref = refOfItem(item);
    if (suspend) await heedGuard(context, run, `The hand-over of ${item.namespace}/${item.name}`);
    const schedule = await kubernetesOf(context, side).get(ref);
    // What takes over has to be there and answer: between the two, nobody makes the ticks.
    const other = await kubernetesOf(context, otherSide(side)).find(ref);
    if (suspend && !other)
      throw new NotFound(
        `CronJob ${item.namespace}/${item.name} isn't on the ${otherSide(side)}, which is to take it over. It was not suspended on the ${side}, and nothing was changed.`,
      );
    if (!suspend) {
      const owner = await ownerOf(bucketOf(context), run.migration, `${item.namespace}/${item.name}`);
      if (owner !== side)
        throw new OwnedElsewhere(
          `${item.namespace}/${item.name} is owned by the ${owner}; it is not resumed on the ${side}, and nothing was changed.`,
        );
    }
    const told = suspend ? [] : [lastTickEffect(side, schedule, other)];
    const before = fieldOf(schedule, ["spec", "suspend"]);
    // What was suspended before we came stays so wherever it is.
    const after = suspend || (await wasSuspended(context, run, item));
    await makeEffects(
      context,
      run,
      { step: "suspend-schedule", operation: item.operations.move ?? "", move },
      [...told, { kind: "set-field", cluster: side, object: ref, path: ["spec", "suspend"], before, after }],
    );
    return { suspended: suspend };
  },
});

/** Whether the source's schedule was suspended before its hand-over, by the journal. */
const wasSuspended = async (context: Context, run: Run, item: Item): Promise<boolean> => {
  const key = keys.entry({
    migration: run.migration,
    operation: item.operations.move ?? "",
    move: `${SOURCE_SUSPEND}.000`,
    direction: "forward",
  });
  const stored = await bucketOf(context).getJson(key);
  const { effect } = (stored?.value ?? {}) as { readonly effect?: { readonly before?: unknown } };
  return effect?.before === true;
};

/** The move of the hand-over that suspends the source's schedule. */
const SOURCE_SUSPEND = "0-source-suspend";
