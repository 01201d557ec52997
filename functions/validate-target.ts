/** Dual-zone validation: the whole target, asked through the zone that nobody is delegated to yet. Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import type { KubeObject } from "../domain/kube.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { probeVerdict } from "./probe-host.ts";
import { kubernetesOf, planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { isScalable, statusOf, workloadsOn } from "./workload.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const validateTarget = gate({
  name: "validate-target",
  does: "Every moved workload stands in full on the target, and every host answers there by its real name.",
  needs: {
    route53: SERVER_READS,
    dns: ["ask"],
    kubernetes: {
      target: ["list cronjobs", "list daemonsets", "list deployments", "list statefulsets"],
    },
    probes: ["get"],
  },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const moved = plan.workloads.filter((w) => w.move !== "none" && w.move !== "keep-on-source");
    const find = await workloadsOn(kubernetesOf(context, "target"), moved);
    const verdicts = moved.map((workload) => stands(context, workload, find(workload)));
    const [server = ""] = await serversOf(context, freshOf(await zonesOf(context, run, plan)));
    const probes = await forEach(hostsOf(plan), (host) =>
      probeVerdict(context, "target/probe", server, host),
    );
    return [...verdicts, ...probes];
  },
});

/** As many ready pods as the plan says; a pod on each node that it wants; for what has no pods of its own, that it is there. */
const stands = (context: Context, workload: Workload, object: KubeObject | undefined): Verdict => {
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
