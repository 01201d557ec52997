/** Removes one workload from the source: to zero first, then the object. Its data stay. */

import * as z from "zod";
import { asNew } from "../adapters/effects/objects.ts";
import { forward, withJournal } from "./effect.ts";
import { deleteObject, setField } from "./objects.ts";
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
    const { wanted } = statusOf(object);
    const scaling =
      isScalable(item) && wanted > 0
        ? setField("source", refOfItem(item), ["spec", "replicas"], wanted, 0)
        : undefined;
    const at = { step: "retire-workload", operation: item.operations.retire ?? "" };
    const make = forward(context, run, at.step);
    if (scaling) await make({ ...at, move: "0-stop.000" }, scaling);
    await make({ ...at, move: "1-delete.000" }, deleteObject("source", asNew(object), object));
    return { retired: true };
  },
});
