/** On the way back: does the source stand at its full capacity again? Changes nothing. */

import * as z from "zod";
import { nameOf } from "../domain/plan.ts";
import { undoLists } from "../domain/undo.ts";
import { journalOf } from "./effect.ts";
import { kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { isScalable, statusOf, workloadsOn } from "./workload.ts";

/** Whose pods on the source come back before anything else does. */
const SHARED: ReadonlySet<string> = new Set(["half-and-half", "shift-group"]);

export const observeSource = step({
  name: "observe-source",
  does: "Compares ready with wanted pods of every workload that shares traffic or messages.",
  input: z.object({ run: RunSchema }),
  needs: {
    s3: ["GetObject", "ListBucket"],
    kubernetes: { source: ["list deployments", "list statefulsets"] },
  },
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const shared = plan.workloads.filter((w) => SHARED.has(w.move) && isScalable(w));
    const find = await workloadsOn(kubernetesOf(context, "source"), shared);
    const missing: string[] = [...(await notUndone(context, run))];
    for (const workload of shared) {
      const object = find(workload);
      const status = object && statusOf(object);
      if (!status?.settled || status.ready < status.wanted)
        missing.push(`${nameOf(workload)} (${status?.ready ?? 0} of ${status?.wanted ?? workload.replicas})`);
    }
    return {
      verdict: missing.length === 0 ? ("pass" as const) : ("unknown" as const),
      sentence:
        missing.length === 0
          ? "The source stands at its full capacity."
          : `Not ready on the source: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}.`,
    };
  },
});

/** Capacity that was taken from the source and not put back: the number that its workload wants now is the low one. */
const notUndone = async (context: Context, run: Run): Promise<readonly string[]> => {
  const lists = undoLists(await journalOf(context).notUndone(run.migration));
  return lists.capacity
    .flat()
    .map((key) => `${key.split("/journal/")[1]?.replace(/\/forward-.*$/, "")} (not undone)`);
};
