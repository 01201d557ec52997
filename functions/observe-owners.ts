/** Before traffic moves: does anything still run on the source that the ledger has given to the target? Changes nothing. */

import { ownerOf } from "../adapters/effects/owners.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { bucketOf, kubernetesOf, planOf } from "./run.ts";
import { judge } from "./verdicts.ts";
import { leftOf, refOfItem } from "./workload.ts";

const READS = ["get deployments", "get statefulsets", "list pods"] as const;

/** What passes in the ledger, and so must not be on both sides. */
const passes = (w: Workload): boolean =>
  w.move === "stop-then-start" ||
  w.move === "copy-with-pause" ||
  (w.move === "hand-over-controller" && w.controller?.way === "owned");

export const observeOwners = gate({
  name: "observe-owners",
  does: "Lists the source's pods of everything exclusive that the ledger gives to the target.",
  needs: { kubernetes: { source: READS } },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const source = kubernetesOf(context, "source");
    const verdicts = await forEach(plan.workloads.filter(passes), async (workload) => {
      const name = nameOf(workload);
      const owner = await ownerOf(bucketOf(context), run.migration, name);
      const object = await source.find(refOfItem(workload));
      const left = object && owner === "target" ? await leftOf(source, object) : "";
      return judge(
        context,
        owner === "target" && left === "" ? true : owner === "target" ? false : undefined,
        {
          check: "owners/one",
          subject: name,
          sentence: `${name} is owned by the ${owner}${left === "" ? "" : `, and ${left} of it run on the source: somebody has started it there again`}.`,
          remedy: `kubectl --context source -n ${workload.namespace} scale ${workload.kind.toLowerCase()} ${workload.name} --replicas=0, once you know who started it; then retry.`,
          value: left === "" ? owner : left,
          threshold: "owned by the target, nothing left on the source",
          samples: 1,
          source: "the ledger, and the source's pods",
        },
      );
    });
    return verdicts.length > 0
      ? verdicts
      : [
          judge(context, true, {
            check: "owners/one",
            subject: plan.platform,
            sentence: "Nothing of this platform is exclusive.",
            remedy: "",
            value: 0,
            threshold: "nothing to own",
            samples: plan.workloads.length,
            source: "the plan",
          }),
        ];
  },
});
