/** The network as EC2 and Elastic Load Balancing describe it: free addresses, ways out, load balancers and the health behind them. */

import {
  DescribeNatGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { Transient } from "../domain/errors.ts";
import { calling } from "./aws.ts";

export type Subnet = {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly addressesFree: number;
};

export type NatGateway = {
  readonly id: string;
  readonly subnetId: string;
  readonly publicAddresses: readonly string[];
};

export type LoadBalancer = {
  readonly arn: string;
  readonly name: string;
  /** Lower case, without the last dot. */
  readonly dnsName: string;
  /** The zone that an alias record has to name. */
  readonly canonicalZoneId: string;
  readonly type: string;
  readonly isInternal: boolean;
  readonly isActive: boolean;
};

export type TargetGroup = { readonly arn: string; readonly name: string; readonly port: number };

export type TargetHealth = {
  readonly id: string;
  readonly port: number;
  /** initial, healthy, unhealthy, unused, draining, unavailable. */
  readonly state: string;
  readonly reason?: string;
};

/** Reads only. Errors are the domain's; NotFound where an id that was asked for isn't there. */
export type Network = {
  readonly vpcs: () => Promise<readonly { readonly id: string; readonly cidr: string }[]>;
  readonly subnets: (filter: {
    readonly ids?: readonly string[];
    readonly vpcId?: string;
  }) => Promise<readonly Subnet[]>;
  readonly natGateways: (vpcId: string) => Promise<readonly NatGateway[]>;
  readonly securityGroups: (
    vpcId: string,
  ) => Promise<readonly { readonly id: string; readonly name: string }[]>;
  readonly loadBalancers: () => Promise<readonly LoadBalancer[]>;
  readonly targetGroups: (loadBalancerArn: string) => Promise<readonly TargetGroup[]>;
  readonly targetHealth: (targetGroupArn: string) => Promise<readonly TargetHealth[]>;
};

const PAGES_MAX = 100;

/** All pages of a list, bounded. */
const everyPage = async <T>(
  doing: string,
  page: (
    token: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<readonly T[]> => {
  const all: T[] = [];
  let token: string | undefined;
  for (let n = 0; n < PAGES_MAX; n += 1) {
    const { items, next } = await calling(doing, () => page(token));
    all.push(...items);
    token = next;
    if (token === undefined || token === "") return all;
  }
  throw new Transient(`Could not ${doing}: there are more than ${PAGES_MAX} pages.`);
};

const ofVpc = (vpcId: string) => [{ Name: "vpc-id", Values: [vpcId] }];
const at = (NextToken: string | undefined) => (NextToken === undefined ? {} : { NextToken });

const subnets =
  (ec2: EC2Client): Network["subnets"] =>
  ({ ids, vpcId }) =>
    everyPage("list the subnets", async (token) => {
      const answer = await ec2.send(
        new DescribeSubnetsCommand({
          ...(ids ? { SubnetIds: [...ids] } : {}),
          ...(vpcId === undefined ? {} : { Filters: ofVpc(vpcId) }),
          ...at(token),
        }),
      );
      const items = (answer.Subnets ?? []).map((subnet) => ({
        id: subnet.SubnetId ?? "",
        vpcId: subnet.VpcId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        cidr: subnet.CidrBlock ?? "",
        addressesFree: subnet.AvailableIpAddressCount ?? 0,
      }));
      return { items, next: answer.NextToken };
    });

const natGateways =
  (ec2: EC2Client): Network["natGateways"] =>
  (vpcId) =>
    everyPage("list the NAT gateways", async (token) => {
      const Filter = [...ofVpc(vpcId), { Name: "state", Values: ["available"] }];
      const answer = await ec2.send(new DescribeNatGatewaysCommand({ Filter, ...at(token) }));
      const items = (answer.NatGateways ?? []).map((nat) => ({
        id: nat.NatGatewayId ?? "",
        subnetId: nat.SubnetId ?? "",
        publicAddresses: (nat.NatGatewayAddresses ?? []).flatMap((address) => address.PublicIp ?? []),
      }));
      return { items, next: answer.NextToken };
    });

const loadBalancers =
  (elb: ElasticLoadBalancingV2Client): Network["loadBalancers"] =>
  () =>
    everyPage("list the load balancers", async (token) => {
      const answer = await elb.send(
        new DescribeLoadBalancersCommand(token === undefined ? {} : { Marker: token }),
      );
      const items = (answer.LoadBalancers ?? []).map((balancer) => ({
        arn: balancer.LoadBalancerArn ?? "",
        name: balancer.LoadBalancerName ?? "",
        dnsName: (balancer.DNSName ?? "").toLowerCase(),
        canonicalZoneId: balancer.CanonicalHostedZoneId ?? "",
        type: balancer.Type ?? "",
        isInternal: balancer.Scheme === "internal",
        isActive: balancer.State?.Code === "active",
      }));
      return { items, next: answer.NextMarker };
    });

const targetGroups =
  (elb: ElasticLoadBalancingV2Client): Network["targetGroups"] =>
  (LoadBalancerArn) =>
    everyPage(`list the target groups of ${LoadBalancerArn}`, async (token) => {
      const command = new DescribeTargetGroupsCommand({
        LoadBalancerArn,
        ...(token === undefined ? {} : { Marker: token }),
      });
      const answer = await elb.send(command);
      const items = (answer.TargetGroups ?? []).map((group) => ({
        arn: group.TargetGroupArn ?? "",
        name: group.TargetGroupName ?? "",
        port: group.Port ?? 0,
      }));
      return { items, next: answer.NextMarker };
    });

const targetHealth =
  (elb: ElasticLoadBalancingV2Client): Network["targetHealth"] =>
  (TargetGroupArn) =>
    calling(`read the health of ${TargetGroupArn}`, async () => {
      const answer = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
      return (answer.TargetHealthDescriptions ?? []).map((target) => ({
        id: target.Target?.Id ?? "",
        port: target.Target?.Port ?? 0,
        state: target.TargetHealth?.State ?? "unavailable",
        ...(target.TargetHealth?.Reason === undefined ? {} : { reason: target.TargetHealth.Reason }),
      }));
    });

/** EC2 and Elastic Load Balancing behind their official clients. */
export const makeNetwork = (ec2: EC2Client, elb: ElasticLoadBalancingV2Client): Network => ({
  vpcs: () =>
    everyPage("list the VPCs", async (token) => {
      const answer = await ec2.send(new DescribeVpcsCommand(at(token)));
      const items = (answer.Vpcs ?? []).map((vpc) => ({ id: vpc.VpcId ?? "", cidr: vpc.CidrBlock ?? "" }));
      return { items, next: answer.NextToken };
    }),
  subnets: subnets(ec2),
  natGateways: natGateways(ec2),
  securityGroups: (vpcId) =>
    everyPage("list the security groups", async (token) => {
      const answer = await ec2.send(
        new DescribeSecurityGroupsCommand({ Filters: ofVpc(vpcId), ...at(token) }),
      );
      const items = (answer.SecurityGroups ?? []).map((group) => ({
        id: group.GroupId ?? "",
        name: group.GroupName ?? "",
      }));
      return { items, next: answer.NextToken };
    }),
  loadBalancers: loadBalancers(elb),
  targetGroups: targetGroups(elb),
  targetHealth: targetHealth(elb),
});
