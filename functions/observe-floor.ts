/** After the source was lowered: does it stay down? Two full fleets for hours are more than databases were promised. Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import { nameOf } from "../domain/plan.ts";
import { gate } from "./gate.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { judge } from "./verdicts.ts";
import { isScalable, statusOf, workloadsOn } from "./workload.ts";

export const observeFloor = gate({
  name: "observe-floor",
  does: "Compares the wanted pods of each shared workload of the source with its floor.",
  needs: { kubernetes: { source: ["list deployments", "list statefulsets"] } },
  patience: { pollSeconds: 30, holdSecondsMax: 300 },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const verdicts: Verdict[] = [];
    const shared = plan.workloads.filter((w) => w.move === "half-and-half" && isScalable(w));
    const find = await workloadsOn(kubernetesOf(context, "source"), shared);
    for (const workload of shared) {
      const object = find(workload);
      const wanted = object ? statusOf(object).wanted : 0;
      const limit = Math.min(workload.floor, workload.replicas);
      verdicts.push(
        judge(context, wanted <= limit ? true : undefined, {
          check: "source/floor",
          subject: nameOf(workload),
          sentence: `${nameOf(workload)} wants ${wanted} pods on the source, where ${limit} ${limit === 1 ? "stays" : "stay"}${wanted <= limit ? "" : ": somebody has raised it again"}.`,
          remedy: `Find out who sets the replicas of ${nameOf(workload)} on the source (an autoscaler, an operator), stop that, set them to ${limit}, and choose to retry.`,
          value: wanted,
          threshold: `at most ${limit}`,
          samples: 1,
          source: "spec.replicas",
        }),
      );
    }
    return verdicts.length > 0
      ? verdicts
      : [
          judge(context, true, {
            check: "source/floor",
            subject: plan.platform,
            sentence: "No workload is shared between both sides.",
            remedy: "",
            value: 0,
            threshold: "none to lower",
            samples: plan.workloads.length,
            source: "the plan",
          }),
        ];
  },
});
