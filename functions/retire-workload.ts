/** Removes one workload from the source: to zero first, then the object. Its data stay. */

import * as z from "zod";
import { asNew } from "../adapters/effects/objects.ts";
import type { Effect } from "../domain/effects.ts";
import { makeEffects, withJournal } from "./effect.ts";
import { ItemSchema, kubernetesOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";

/** Bare Pods and ReplicaSets are refused by the plan, and a Job runs once: nothing of them is ever retired. */
const KINDS = ["cronjobs", "daemonsets", "deployments", "statefulsets"] as const;

export const retireWorkload = step({
  name: "retire-workload",
  does: "Scales the source's workload to zero and deletes it; the object as it was stands in the journal.",
  input: z.object({ run: RunSchema, item: ItemSchema }),
  needs: withJournal({
    kubernetes: {
      source: [
        ...KINDS.flatMap((kind) => [`get ${kind}`, `delete ${kind}`]),
        "patch deployments/scale",
        "patch statefulsets/scale",
      ],
    },
  }),
  run: async ({ run, item }, context) => {
    const object = await kubernetesOf(context, "source").find(refOfItem(item));
    if (!object) return { retired: false };
    const scaling: Effect[] =
      isScalable(item) && statusOf(object).wanted > 0
        ? [
            {
              kind: "set-field",
              cluster: "source",
              object: refOfItem(item),
              path: ["spec", "replicas"],
              before: statusOf(object).wanted,
              after: 0,
            },
          ]
        : [];
    const at = { step: "retire-workload", operation: item.operations.retire ?? "" };
    await makeEffects(context, run, { ...at, move: "0-stop" }, scaling);
    await makeEffects(context, run, { ...at, move: "1-delete" }, [
      {
        kind: "delete-object",
        cluster: "source",
        before: asNew(object) as unknown as Extract<Effect, { kind: "delete-object" }>["before"],
      },
    ]);
    return { retired: true };
  },
});
