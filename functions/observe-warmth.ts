/** Is there room on the target for everything that the plan brings, on nodes that are Ready now? Changes nothing. */

import { demandsOf, fitOf } from "../domain/warmth.ts";
import { gate } from "./gate.ts";
import { objectsOf } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { judge } from "./verdicts.ts";

export const observeWarmth = gate({
  name: "observe-warmth",
  does: "Places every pod of the plan, by its requests, on the target's Ready nodes; placeholders count as free.",
  needs: { kubernetes: { target: ["list nodes", "list pods"] } },
  patience: { pollSeconds: 30, holdSecondsMax: 3_600 },
  measure: async ({ run }, context) => {
    const { workloads, settings } = await planOf(context, run);
    const target = kubernetesOf(context, "target");
    const nodes = await target.list({ apiVersion: "v1", kind: "Node" });
    const pods = await target.list({ apiVersion: "v1", kind: "Pod" });
    const fit = fitOf(demandsOf(workloads, await objectsOf(context, run)), nodes, pods);
    // Nodes come up one after the other: too few is "not yet", until the patience is over.
    return [
      judge(context, fit.placed === fit.wanted ? true : undefined, {
        check: "capacity/warm",
        subject: settings.target.name,
        sentence: `${fit.placed} of the plan's ${fit.wanted} pods fit on the ${fit.nodes} Ready nodes of ${settings.target.name}.`,
        remedy:
          "Raise the limits of the target's node pools, or look at why nodes don't join: kubectl --context target get nodes",
        value: fit.placed,
        threshold: `${fit.wanted} pods`,
        samples: fit.nodes,
        source: "Nodes status.allocatable less the requests of their Pods",
      }),
    ];
  },
});
