/** Gives one workload on one side another number of pods. */

import * as z from "zod";
import { ownerOf } from "../adapters/effects/owners.ts";
import { OwnedElsewhere } from "../domain/errors.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { bucketOf, ItemSchema, kubernetesOf, RunSchema, SideSchema } from "./run.ts";
import { step } from "./step.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";

const SCALES = [
  "get deployments",
  "get statefulsets",
  "patch deployments/scale",
  "patch statefulsets/scale",
] as const;

export const scaleWorkload = step({
  name: "scale-workload",
  does: "Sets the replica count of one workload on one side; an exclusive one only where the ledger says that the side owns it.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    side: SideSchema,
    replicas: z.number().int().nonnegative(),
    operation: z.string(),
    move: z.string(),
  }),
  needs: withJournal({ kubernetes: { source: SCALES, target: SCALES } }),
  run: async ({ run, item, side, replicas, operation, move }, context) => {
    if (!isScalable(item)) return { outcome: "stood" as const };
    if (item.move === "stop-then-start" && replicas > 0) {
      const owner = await ownerOf(bucketOf(context), run.migration, `${item.namespace}/${item.name}`);
      if (owner !== side)
        throw new OwnedElsewhere(
          `${item.namespace}/${item.name} is owned by the ${owner}; it is not started on the ${side}.`,
        );
    }
    const workload = await kubernetesOf(context, side).get(refOfItem(item));
    return makeEffect(
      context,
      run,
      { step: "scale-workload", operation, move },
      {
        kind: "set-field",
        cluster: side,
        object: refOfItem(item),
        path: ["spec", "replicas"],
        before: statusOf(workload).wanted,
        after: replicas,
      },
    );
  },
});
