/** Do the load balancers that are waited for have names: those of the public hosts, or those of the links? Changes nothing. */

import type { Verdict } from "../domain/gates.ts";
import { otherSide, type Side } from "../domain/phases.ts";
import { balancersOn, hostnameOf } from "./balancers.ts";
import { gate } from "./gate.ts";
import { BALANCER_SUFFIX, serviceRef } from "./links.ts";
import { kubernetesOf, planOf, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

export const observeBalancers = gate({
  name: "observe-balancers",
  does: "Reads the names of the load balancers of the public hosts on the target, or of the links on both sides.",
  needs: {
    kubernetes: { source: ["get services"], target: ["list ingresses", "list services", "get services"] },
  },
  patience: { pollSeconds: 15, holdSecondsMax: 1_800 },
  measure: async ({ run, subject }, context) => {
    const plan = await planOf(context, run);
    return subject === "links" ? links(context, plan) : hosts(context, plan);
  },
});

const hosts = async (context: Context, plan: SlimPlan): Promise<readonly Verdict[]> => {
  const verdicts: Verdict[] = [];
  const balancerFor = await balancersOn(context, "target");
  for (const host of plan.hosts)
    verdicts.push(
      named(
        context,
        "target",
        host.host,
        balancerFor(host),
        `Ingress or Service of ${host.host}, status.loadBalancer`,
      ),
    );
  return verdicts.length > 0 ? verdicts : [nothing(context, "The plan has no public host.")];
};

const links = async (context: Context, plan: SlimPlan): Promise<readonly Verdict[]> => {
  const verdicts: Verdict[] = [];
  for (const link of plan.links ?? []) {
    const side = otherSide(link.on);
    const balancer = await kubernetesOf(context, side).find(serviceRef(link.service, BALANCER_SUFFIX));
    verdicts.push(
      named(
        context,
        side,
        link.service,
        hostnameOf(balancer),
        `Service ${link.service}${BALANCER_SUFFIX} status.loadBalancer`,
      ),
    );
  }
  return verdicts.length > 0 ? verdicts : [nothing(context, "The plan has no link between the clusters.")];
};

const named = (
  context: Context,
  side: Side,
  subject: string,
  hostname: string | undefined,
  source: string,
): Verdict =>
  judge(context, hostname === undefined ? undefined : true, {
    check: "balancer/name",
    subject,
    sentence:
      hostname === undefined
        ? `The load balancer for ${subject} on the ${side} has no name yet.`
        : `The load balancer for ${subject} on the ${side} is ${hostname}.`,
    remedy: `Look at the events of the Service or Ingress on the ${side}: subnets, quotas, the load-balancer controller.`,
    value: hostname ?? null,
    threshold: "a name",
    samples: hostname === undefined ? 0 : 1,
    source,
  });

const nothing = (context: Context, sentence: string): Verdict =>
  judge(context, true, {
    check: "balancer/name",
    subject: "platform",
    sentence,
    remedy: "",
    value: 0,
    threshold: "0 balancers",
    samples: 1,
    source: "the plan",
  });
