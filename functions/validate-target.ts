/** Dual-zone validation: the whole target, asked through the zone that nobody is delegated to yet. Changes nothing. */

import { ask } from "../adapters/dns.ts";
import { fqdn } from "../adapters/route53.ts";
import { AnswerLost } from "../domain/errors.ts";
import type { Verdict } from "../domain/gates.ts";
import { nameOf } from "../domain/plan.ts";
import { gate } from "./gate.ts";
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
    kubernetes: { target: ["get daemonsets", "get deployments", "get statefulsets"] },
    probes: ["get"],
  },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const target = kubernetesOf(context, "target");
    const verdicts: Verdict[] = [];
    for (const workload of plan.workloads) {
      if (!isScalable(workload) || workload.move === "none" || workload.move === "keep-on-source") continue;
      const object = await target.find(refOfItem(workload));
      const status = object ? statusOf(object) : undefined;
      verdicts.push(
        judge(context, status === undefined ? false : status.ready >= workload.replicas ? true : undefined, {
          check: "target/ready",
          subject: nameOf(workload),
          sentence: `${nameOf(workload)} has ${status?.ready ?? 0} of ${workload.replicas} ready pods on the target.`,
          remedy: "Look at the pods that are not ready; the cut waits for them.",
          value: status?.ready ?? null,
          threshold: `at least ${workload.replicas}`,
          samples: 1,
          source: "status.readyReplicas",
        }),
      );
    }
    const zones = await zonesOf(context, run, plan);
    const [server = ""] = freshOf(zones).nameServers;
    for (const host of hostsOf(plan)) verdicts.push(await probe(context, server, host));
    return verdicts;
  },
});

/** One request by the address that the new zone gives, with the real Host (and SNI). */
const probe = async (context: Context, server: string, host: string): Promise<Verdict> => {
  const found = await reach(context, server, host);
  return judge(context, found.status === undefined ? undefined : found.status < 500, {
    check: "target/probe",
    subject: host,
    sentence: found.status === undefined ? `${host} did not answer on the target: ${found.why}.` : `${host} answers ${found.status} on the target.`,
    remedy: `Ask the target's load balancer for ${host} by hand, and look at its ingress and endpoints.`,
    value: found.status ?? null,
    threshold: "below 500",
    samples: found.status === undefined ? 0 : 1,
    source: `GET https://${host}/ by ${server}`,
  });
};

const reach = async (context: Context, server: string, host: string): Promise<{ readonly status?: number; readonly why: string }> => {
  try {
    const answer = await ask(context.askDns, server, host, "A");
    const address = answer.answers.find((r) => r.type === "A")?.value;
    if (address === undefined) return { why: `${server} has no address for ${fqdn(host)}` };
    const { status } = await context.http({ method: "GET", url: `https://${address}/`, headers: { host } });
    return { status, why: "" };
  } catch (error) {
    if (error instanceof AnswerLost) return { why: error.message };
    return { why: error instanceof Error ? error.message : String(error) };
  }
};
