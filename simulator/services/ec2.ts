/** EC2's descriptions of the simulated network: VPCs, subnets with their free addresses, NAT gateways, security groups. */

import {
  type DescribeNatGatewaysCommandInput,
  type DescribeNatGatewaysCommandOutput,
  type DescribeSecurityGroupsCommandInput,
  type DescribeSecurityGroupsCommandOutput,
  type DescribeSubnetsCommandInput,
  type DescribeSubnetsCommandOutput,
  type DescribeVpcsCommandInput,
  type DescribeVpcsCommandOutput,
  EC2ServiceException,
  type Filter,
} from "@aws-sdk/client-ec2";
import type { SimulatedNetwork } from "./network.ts";
import { NotSimulated } from "./seam.ts";
import { ACCOUNT, type AwsHandlers } from "./seam-aws.ts";
import { knownFields, positionOf, tokenOf } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

const refused = (name: string, message: string): EC2ServiceException =>
  new EC2ServiceException({ name, message, $fault: "client", $metadata: { httpStatusCode: 400 } });

/** What each filter of a kind looks at. */
type Fields<T> = { readonly [filter: string]: (item: T) => readonly (string | undefined)[] };

/** `a*b?`: the wildcards of EC2's filters. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

const filtered = <T>(
  items: readonly T[],
  filters: readonly Filter[] | undefined,
  fields: Fields<T>,
): readonly T[] =>
  items.filter((item) =>
    (filters ?? []).every(({ Name = "", Values = [] }) => {
      const field = fields[Name];
      if (!field) throw new NotSimulated(`The rehearsal doesn't simulate the filter ${Name} of EC2.`);
      return field(item).some((value) =>
        Values.some((pattern) => value !== undefined && wildcard(pattern).test(value)),
      );
    }),
  );

/** Those with the ids asked for, all where none is. @throws `Invalid….NotFound`, as EC2 names it. */
const withIds = <T extends { readonly id: string }>(
  items: readonly T[],
  ids: readonly string[] | undefined,
  code: string,
  noun: string,
): readonly T[] => {
  const missing = ids?.find((id) => !items.some((item) => item.id === id));
  if (missing !== undefined) throw refused(code, `The ${noun} ID '${missing}' does not exist`);
  return ids === undefined || ids.length === 0 ? items : items.filter((item) => ids.includes(item.id));
};

type Paged = { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined };

const paged = <T extends { readonly id: string }>(items: readonly T[], input: Paged) => {
  const from =
    input.NextToken === undefined
      ? 0
      : items.findIndex((item) => item.id === positionOf(input.NextToken ?? ""));
  if (from < 0) throw refused("InvalidPaginationToken", "The specified pagination token is not valid.");
  const size = input.MaxResults ?? 1_000;
  const next = items[from + size];
  return {
    page: items.slice(from, from + size),
    ...(next ? { token: { NextToken: tokenOf(next.id) } } : { token: {} }),
  };
};

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const subnets =
  (network: SimulatedNetwork) =>
  (input: DescribeSubnetsCommandInput): Output<DescribeSubnetsCommandOutput> => {
    knownFields("ec2:DescribeSubnets", input, ["SubnetIds", "Filters", "MaxResults", "NextToken"]);
    const found = filtered(
      withIds(network.subnets, input.SubnetIds, "InvalidSubnetID.NotFound", "subnet"),
      input.Filters,
      {
        "vpc-id": (subnet) => [subnet.vpcId],
        "subnet-id": (subnet) => [subnet.id],
        "availability-zone": (subnet) => [subnet.zone],
        "tag-key": (subnet) => Object.keys(subnet.tags),
      },
    );
    const { page, token } = paged(found, input);
    return {
      Subnets: page.map((subnet) => ({
        SubnetId: subnet.id,
        VpcId: subnet.vpcId,
        AvailabilityZone: subnet.zone,
        CidrBlock: subnet.cidr,
        AvailableIpAddressCount: Math.max(0, subnet.addresses - network.addressesInUse(subnet.id)),
        State: "available",
        OwnerId: ACCOUNT,
        Tags: tagsOf(subnet.tags),
      })),
      ...token,
    };
  };

const vpcs =
  (network: SimulatedNetwork) =>
  (input: DescribeVpcsCommandInput): Output<DescribeVpcsCommandOutput> => {
    knownFields("ec2:DescribeVpcs", input, ["VpcIds", "Filters", "MaxResults", "NextToken"]);
    const found = filtered(
      withIds(network.vpcs, input.VpcIds, "InvalidVpcID.NotFound", "vpc"),
      input.Filters,
      {
        "vpc-id": (vpc) => [vpc.id],
        cidr: (vpc) => [vpc.cidr],
      },
    );
    const { page, token } = paged(found, input);
    return {
      Vpcs: page.map((vpc) => ({
        VpcId: vpc.id,
        CidrBlock: vpc.cidr,
        State: "available",
        IsDefault: false,
        OwnerId: ACCOUNT,
        Tags: tagsOf(vpc.tags),
      })),
      ...token,
    };
  };

const natGateways =
  (network: SimulatedNetwork) =>
  (input: DescribeNatGatewaysCommandInput): Output<DescribeNatGatewaysCommandOutput> => {
    knownFields("ec2:DescribeNatGateways", input, ["NatGatewayIds", "Filter", "MaxResults", "NextToken"]);
    const found = filtered(
      withIds(network.natGateways, input.NatGatewayIds, "NatGatewayNotFound", "NAT gateway"),
      input.Filter,
      {
        "vpc-id": (nat) => [nat.vpcId],
        "subnet-id": (nat) => [nat.subnetId],
        state: () => ["available"],
      },
    );
    const { page, token } = paged(found, input);
    return {
      NatGateways: page.map((nat) => ({
        NatGatewayId: nat.id,
        VpcId: nat.vpcId,
        SubnetId: nat.subnetId,
        State: "available",
        ConnectivityType: "public",
        NatGatewayAddresses: nat.publicAddresses.map((PublicIp, i) => ({ PublicIp, IsPrimary: i === 0 })),
      })),
      ...token,
    };
  };

const securityGroups =
  (network: SimulatedNetwork) =>
  (input: DescribeSecurityGroupsCommandInput): Output<DescribeSecurityGroupsCommandOutput> => {
    knownFields("ec2:DescribeSecurityGroups", input, ["GroupIds", "Filters", "MaxResults", "NextToken"]);
    const found = filtered(
      withIds(network.securityGroups, input.GroupIds, "InvalidGroup.NotFound", "security group"),
      input.Filters,
      {
        "vpc-id": (group) => [group.vpcId],
        "group-id": (group) => [group.id],
        "group-name": (group) => [group.name],
      },
    );
    const { page, token } = paged(found, input);
    return {
      SecurityGroups: page.map((group) => ({
        GroupId: group.id,
        GroupName: group.name,
        Description: group.description,
        VpcId: group.vpcId,
        OwnerId: ACCOUNT,
        IpPermissions: [],
        IpPermissionsEgress: [],
      })),
      ...token,
    };
  };

/** The commands in front of the network. */
export const makeEc2 = (network: SimulatedNetwork): { readonly handlers: AwsHandlers } => ({
  handlers: {
    DescribeSubnets: subnets(network),
    DescribeVpcs: vpcs(network),
    DescribeNatGateways: natGateways(network),
    DescribeSecurityGroups: securityGroups(network),
  },
});
