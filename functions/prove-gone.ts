/** Proves that nothing of an exclusive thing is left on one side: no pod, no running job. Changes nothing. */

import * as z from "zod";
import { ItemSchema, kubernetesOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { leftOf, refOfItem } from "./workload.ts";

const READS = ["get cronjobs", "get deployments", "get statefulsets", "list pods"] as const;

export const proveGone = step({
  name: "prove-gone",
  does: "Lists every pod of an exclusive workload (terminating ones too) and every active job of a schedule.",
  input: z.object({ run: RunSchema, item: ItemSchema, side: z.literal("source") }),
  needs: { kubernetes: { source: READS } },
  run: async ({ item, side }, context) => {
    const cluster = kubernetesOf(context, side);
    const left = await leftOf(cluster, await cluster.get(refOfItem(item)));
    return {
      verdict: left === "" ? ("pass" as const) : ("unknown" as const),
      sentence: `${item.namespace}/${item.name} on the ${side} has ${left === "" ? "nothing" : left} left.`,
    };
  },
});
