/** Dual-zone validation: the whole target, asked through the zone that nobody is delegated to yet. Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { gate } from "./gate.ts";
import { probeVerdict } from "./probe-host.ts";
import { kubernetesOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";
import { freshOf, hostsOf, ZONE_READS, zonesOf } from "./zones.ts";

export const validateTarget = gate({
  name: "validate-target",
  does: "Every moved workload stands in full on the target, and every host answers there by its real name.",
  needs: {
    route53: ZONE_READS,
    dns: ["ask"],
    kubernetes: {
      target: ["get cronjobs", "get daemonsets", "get deployments", "get statefulsets"],
    },
    probes: ["get"],
  },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const verdicts: Verdict[] = [];
    for (const workload of plan.workloads)
      if (workload.move !== "none" && workload.move !== "keep-on-source")
        verdicts.push(await stands(context, workload));
    const [server = ""] = freshOf(await zonesOf(context, run, plan)).nameServers;
    for (const host of hostsOf(plan))
      verdicts.push(await probeVerdict(context, "target/probe", server, host));
    return verdicts;
  },
});

/** As many ready pods as the plan says; a pod on each node that it wants; for what has no pods of its own, that it is there. */
const stands = async (context: Context, workload: Workload): Promise<Verdict> => {
  const object = await kubernetesOf(context, "target").find(refOfItem(workload));
  const status = object && statusOf(object);
  const wanted = isScalable(workload)
    ? workload.replicas
    : workload.kind === "DaemonSet"
      ? (status?.scheduled ?? 0)
      : 0;
  const ready = status?.ready ?? 0;
  return judge(context, status === undefined ? false : ready >= wanted ? true : undefined, {
    check: "target/ready",
    subject: nameOf(workload),
    sentence:
      status === undefined
        ? `${workload.kind} ${nameOf(workload)} is not on the target.`
        : `${nameOf(workload)} has ${ready} of ${wanted} ready pods on the target.`,
    remedy: "Look at the pods that are not ready; the cut waits for them.",
    value: status === undefined ? null : ready,
    threshold: `at least ${wanted}`,
    samples: 1,
    source: `the status of ${workload.kind} ${nameOf(workload)}`,
  });
};
