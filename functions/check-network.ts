/** Preflight, network: the ways out, the free addresses and the load balancers as EC2 and Elastic Load Balancing have them. Changes nothing. */

import { makeNetwork } from "../adapters/network.ts";
import {
  judgeAllowLists,
  judgeBalancers,
  judgeEgress,
  judgeFreeAddresses,
} from "../domain/checks/network.ts";
import type { KubeObject } from "../domain/kube.ts";
import { at as field } from "../domain/pods.ts";
import { asking, check, unique } from "./check.ts";
import { subnetsOf, vpcOf } from "./network.ts";
import { kubernetesOf, planOf } from "./run.ts";

export const checkNetwork = check({
  name: "check-network",
  does: "Judges egress addresses, third parties' allow-lists, free addresses and the source's load balancers.",
  needs: {
    ec2: ["DescribeNatGateways", "DescribeSubnets", "DescribeVpcs"],
    elb: ["DescribeLoadBalancers"],
    kubernetes: { source: ["list ingresses", "list services"] },
  },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await planOf(context, run);
    const source = kubernetesOf(context, "source");
    const network = makeNetwork(context.aws.ec2, context.aws.elb);
    const vpc = await asking(() => vpcOf(network, plan));
    const entries = await asking(async () =>
      entriesOf([
        ...(await source.list({ apiVersion: "v1", kind: "Service" })),
        ...(await source.list({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" })),
      ]),
    );
    const balancers = await asking(() => network.loadBalancers());
    return [
      judgeEgress(plan, "value" in vpc ? { value: vpc.value.addresses } : vpc, at),
      ...judgeAllowLists(plan, at),
      judgeFreeAddresses(
        plan,
        await asking(() => subnetsOf(network, plan, "value" in vpc ? vpc.value.id : undefined)),
        at,
      ),
      judgeBalancers(entries, balancers, plan.settings.source.name, at),
    ];
  },
});

/** Host names of the load balancers that stand before Services and Ingresses. */
const entriesOf = (objects: readonly KubeObject[]): readonly string[] =>
  unique(
    objects.flatMap((o) => {
      const balanced = o.kind === "Ingress" || field(o, "spec", "type") === "LoadBalancer";
      const entries = balanced ? field(o, "status", "loadBalancer", "ingress") : undefined;
      return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) => {
        const hostname = field(entry, "hostname");
        return typeof hostname === "string" ? [hostname.toLowerCase()] : [];
      });
    }),
  );
