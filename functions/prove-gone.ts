/**
 * Proves that no job of a schedule is left on one side: the other side's clock ticks anew, and knows nothing of a job that still runs here.
 * Pods are proved gone where they are scaled to zero. Changes nothing.
 */

import * as z from "zod";
import { ItemSchema, kubernetesOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { leftOf, refOfItem } from "./workload.ts";

export const proveGone = step({
  name: "prove-gone",
  does: "Lists every active job of a schedule that was suspended.",
  input: z.object({ run: RunSchema, item: ItemSchema, side: z.literal("source") }),
  needs: { kubernetes: { source: ["get cronjobs"] } },
  run: async ({ item, side }, context) => {
    const cluster = kubernetesOf(context, side);
    const left = await leftOf(cluster, await cluster.get(refOfItem(item)));
    return {
      verdict: left === "" ? ("pass" as const) : ("unknown" as const),
      sentence: `${item.namespace}/${item.name} on the ${side} has ${left === "" ? "nothing" : left} left.`,
    };
  },
});
