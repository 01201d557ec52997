/** Do both fleets fit into what a datastore lets in, once the target is raised to everything beside the source as it stands now? */

import type { Verdict } from "../domain/gates.ts";
import { nameOf } from "../domain/plan.ts";
import { type Item, kubernetesOf, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";

/** One verdict for each datastore that a workload holds connections to: its limit itself, since the plan's share of it is preflight's. */
export const connectionVerdicts = async (
  context: Context,
  plan: SlimPlan,
  item: Item,
): Promise<readonly Verdict[]> => {
  const stores = plan.settings.datastores.filter(
    (d) => d.connectionsPerPod[`${item.namespace}/${item.name}`] !== undefined,
  );
  const verdicts: Verdict[] = [];
  for (const store of stores) {
    let wanted = 0;
    const parts: string[] = [];
    for (const workload of plan.workloads) {
      const perPod = store.connectionsPerPod[nameOf(workload)];
      if (perPod === undefined || !isScalable(workload)) continue;
      const object = await kubernetesOf(context, "source").find(refOfItem(workload));
      const source = object ? statusOf(object).wanted : 0;
      const target = workload.move === "keep-on-source" || workload.move === "none" ? 0 : workload.replicas;
      wanted += (source + target) * perPod;
      parts.push(`${nameOf(workload)} ${source} + ${target} pods`);
    }
    verdicts.push(
      judge(context, wanted <= store.connectionsMax, {
        check: "workload/connections",
        subject: store.name,
        sentence: `${store.name} would hold ${wanted} connections with the target in full, and its limit is ${store.connectionsMax} (${parts.join(", ")}).`,
        remedy: "Find out who raises the source's workloads again: replicas have one owner.",
        value: wanted,
        threshold: `at most ${store.connectionsMax}`,
        samples: parts.length,
        source: "spec.replicas on the source, and the plan's replicas for the target",
      }),
    );
  }
  return verdicts;
};
