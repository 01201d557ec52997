/** Load balancers of the platform by name and by address: which side and Service is behind each. */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { loadBalancerName } from "./cluster/balancers.ts";

export type Addressed = { readonly side: Side; readonly namespace: string; readonly name: string };

export type Addresses = {
  /** Two addresses for the name of a load balancer that the platform may have, whether it is made yet or not; none for others. */
  readonly of: (dnsName: string) => readonly string[];
  /** What is behind a name or an address. */
  readonly behind: (nameOrAddress: string) => Addressed | undefined;
};

const ZONES = [1, 2] as const;

/** Every Service and Ingress of the plan has a place on each side; addresses are in subnets of their side. */
export const makeAddresses = (plan: Plan): Addresses => {
  const byName = new Map<string, { readonly addresses: readonly string[]; readonly behind: Addressed }>();
  const byAddress = new Map<string, Addressed>();
  const balanced = plan.objects.filter((o) => o["kind"] === "Service" || o["kind"] === "Ingress");
  for (const [sideIndex, side] of SIDES.entries())
    for (const [index, object] of balanced.entries()) {
      const { name, namespace = "default" } = object["metadata"] as {
        readonly name: string;
        readonly namespace?: string;
      };
      const behind = { side, namespace, name };
      const addresses = ZONES.map(
        (zone) =>
          `10.${64 + sideIndex * 32 + Math.floor(index / 8_000) * 2 + zone}.${Math.floor(index / 250) % 32}.${(index % 250) + 4}`,
      );
      byName.set(loadBalancerName(side, namespace, name), { addresses, behind });
      for (const address of addresses) byAddress.set(address, behind);
    }
  const bare = (name: string) => name.toLowerCase().replace(/\.$/, "");
  return {
    of: (dnsName) => byName.get(bare(dnsName))?.addresses ?? [],
    behind: (nameOrAddress) => byAddress.get(nameOrAddress) ?? byName.get(bare(nameOrAddress))?.behind,
  };
};
