/** The network of the rehearsal as EC2 and Elastic Load Balancing show it: one VPC, its subnets, its ways out, its load balancers. */

import type { SubnetView } from "./eks.ts";

export type Subnet = SubnetView & {
  readonly cidr: string;
  /** Addresses of the block, less the five that AWS keeps. */
  readonly addresses: number;
  readonly tags: Readonly<Record<string, string>>;
};

export type NatGateway = {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** What third parties see. */
  readonly publicAddresses: readonly string[];
};

export type SecurityGroup = {
  readonly id: string;
  readonly vpcId: string;
  readonly name: string;
  readonly description: string;
};

export type TargetHealthView = {
  /** An address (target type ip) or an instance. */
  readonly id: string;
  readonly port: number;
  readonly state: "initial" | "healthy" | "unhealthy" | "unused" | "draining" | "unavailable";
  readonly reason?: string;
};

export type TargetGroupView = {
  readonly name: string;
  readonly port: number;
  readonly protocol: "HTTP" | "HTTPS" | "TCP" | "TLS";
  readonly targets: readonly TargetHealthView[];
};

export type BalancerView = {
  readonly name: string;
  /** As records point at it, without the last dot. */
  readonly dnsName: string;
  /** The zone that alias records name. */
  readonly canonicalZoneId: string;
  readonly type: "application" | "network";
  readonly isInternal: boolean;
  readonly securityGroupIds: readonly string[];
  readonly targetGroups: readonly TargetGroupView[];
};

/** What stands behind both services. Everything that changes is asked for when it is needed. */
export type SimulatedNetwork = {
  readonly vpcs: readonly {
    readonly id: string;
    readonly cidr: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly subnets: readonly Subnet[];
  readonly natGateways: readonly NatGateway[];
  readonly securityGroups: readonly SecurityGroup[];
  /** Addresses of a subnet that pods and nodes hold now. */
  readonly addressesInUse: (subnetId: string) => number;
  readonly balancers: () => readonly BalancerView[];
};

const VPC = "vpc-0f1e2d3c4b5a69788";
const ADDRESSES = 4_091;

/**
 * A network with one subnet for each id, in zones of their own, and one NAT gateway for each egress address.
 * @param options Ids as the plan names them; the addresses that third parties see.
 */
export const makeSimulatedNetwork = (options: {
  readonly subnetIds: readonly string[];
  readonly egressAddresses: readonly string[];
  readonly addressesInUse?: (subnetId: string) => number;
  readonly balancers?: () => readonly BalancerView[];
}): SimulatedNetwork => {
  const subnets = options.subnetIds.map((id, i) => ({
    id,
    vpcId: VPC,
    zone: `eu-central-1${"abc"[i % 3]}`,
    cidr: `10.0.${16 * i}.0/20`,
    addresses: ADDRESSES,
    tags: { "kubernetes.io/role/internal-elb": "1" },
  }));
  return {
    vpcs: [{ id: VPC, cidr: "10.0.0.0/16", tags: { Name: "platform" } }],
    subnets,
    natGateways: options.egressAddresses.map((address, i) => ({
      id: `nat-${String(i + 1).padStart(17, "0")}`,
      vpcId: VPC,
      subnetId: subnets[i % Math.max(1, subnets.length)]?.id ?? "",
      publicAddresses: [address],
    })),
    securityGroups: [
      { id: "sg-0a1b2c3d4e5f60718", vpcId: VPC, name: "default", description: "default VPC security group" },
    ],
    addressesInUse: options.addressesInUse ?? (() => 0),
    balancers: options.balancers ?? (() => []),
  };
};
