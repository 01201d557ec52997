/** On the way back: does the source stand at its full capacity again? Changes nothing. */

import * as z from "zod";
import { nameOf } from "../domain/plan.ts";
import { kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";

export const observeSource = step({
  name: "observe-source",
  does: "Compares ready with wanted pods of every workload that shares traffic.",
  input: z.object({ run: RunSchema }),
  needs: { s3: ["GetObject"], kubernetes: { source: ["get deployments", "get statefulsets"] } },
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const source = kubernetesOf(context, "source");
    const missing: string[] = [];
    for (const workload of plan.workloads) {
      if (workload.move !== "half-and-half" || !isScalable(workload)) continue;
      const object = await source.find(refOfItem(workload));
      const status = object && statusOf(object);
      if (!status || !status.settled || status.ready < status.wanted) missing.push(`${nameOf(workload)} (${status?.ready ?? 0} of ${status?.wanted ?? workload.replicas})`);
    }
    return {
      verdict: missing.length === 0 ? ("pass" as const) : ("unknown" as const),
      sentence: missing.length === 0 ? "The source stands at its full capacity." : `Not ready on the source: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}.`,
    };
  },
});
