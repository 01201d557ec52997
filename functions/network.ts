/** The network that both clusters stand in, as EC2 describes it: the VPC that the source goes out of, its subnets, what is free in them. */

import type { Network } from "../adapters/network.ts";
import type { SubnetSeen } from "../domain/checks/network.ts";
import { NotFound } from "../domain/errors.ts";
import { unique } from "./check.ts";
import type { SlimPlan } from "./run.ts";

export type Vpc = { readonly id: string | undefined; readonly addresses: readonly string[] };

/** The VPC that the source goes out of, by its gateways' addresses: the target is built in the same. */
export const vpcOf = async (network: Network, plan: SlimPlan): Promise<Vpc> => {
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
export const subnetsOf = async (
  network: Network,
  plan: SlimPlan,
  vpcId: string | undefined,
): Promise<readonly SubnetSeen[]> => {
  const ids = plan.settings.target.subnetIds;
  if (ids === undefined && vpcId === undefined) return [];
  const found = await network.subnets(ids === undefined ? { vpcId: vpcId ?? "" } : { ids });
  return found.map((s) => ({ id: s.id, zone: s.zone, freeAddresses: s.addressesFree }));
};

/**
 * Addresses that pods can still get, and the VPC where it had to be looked for.
 * @param known The VPC as an earlier look has found it.
 * @throws NotFound where no subnet is known.
 */
export const freeAddresses = async (
  network: Network,
  plan: SlimPlan,
  known: string | undefined,
): Promise<{ readonly free: number; readonly vpc: string | undefined }> => {
  const vpc = plan.settings.target.subnetIds ? undefined : (known ?? (await vpcOf(network, plan)).id);
  const subnets = await subnetsOf(network, plan, vpc);
  if (subnets.length === 0) throw new NotFound("No subnet of the target is known.");
  return { free: subnets.reduce((sum, s) => sum + s.freeAddresses, 0), vpc };
};
