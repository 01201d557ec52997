/** Preflight, network: the ways out, the free addresses and the load balancers as EC2 and Elastic Load Balancing have them. Changes nothing. */

import { makeNetwork, type Network } from "../adapters/network.ts";
import type { Observed } from "../domain/checks/judging.ts";
import {
  judgeAllowLists,
  judgeBalancers,
  judgeEgress,
  judgeFreeAddresses,
  type SubnetSeen,
} from "../domain/checks/network.ts";
import type { KubeObject } from "../domain/kube.ts";
import { at as field } from "../domain/pods.ts";
import { asking, check, unique } from "./check.ts";
import { kubernetesOf, planOf, type SlimPlan } from "./run.ts";

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
      judgeFreeAddresses(plan, await subnetsOf(network, plan, vpc), at),
      judgeBalancers(entries, balancers, plan.settings.source.name, at),
    ];
  },
});

type Vpc = { readonly id: string | undefined; readonly addresses: readonly string[] };

/** The VPC that the source goes out of, by its gateways' addresses: the target is built in the same. */
const vpcOf = async (network: Network, plan: SlimPlan): Promise<Vpc> => {
  const all: string[] = [];
  for (const { id } of await network.vpcs()) {
    const addresses = (await network.natGateways(id)).flatMap((g) => g.publicAddresses);
    if (addresses.some((a) => plan.settings.source.egressAddresses.includes(a)))
      return { id, addresses: unique(addresses) };
    all.push(...addresses);
  }
  return { id: undefined, addresses: unique(all) };
};

/** The subnets that the plan names; where it names none, those of the source's VPC. */
const subnetsOf = (
  network: Network,
  plan: SlimPlan,
  vpc: Observed<Vpc>,
): Promise<Observed<readonly SubnetSeen[]>> =>
  asking(async () => {
    const ids = plan.settings.target.subnetIds;
    const vpcId = "value" in vpc ? vpc.value.id : undefined;
    if (ids === undefined && vpcId === undefined) return [];
    const found = await network.subnets(ids === undefined ? { vpcId: vpcId ?? "" } : { ids });
    return found.map((s) => ({ id: s.id, zone: s.zone, freeAddresses: s.addressesFree }));
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
