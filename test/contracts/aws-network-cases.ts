/** What Repot expects of EC2 and Elastic Load Balancing, a case each. */

import {
  DescribeNatGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from "@aws-sdk/client-ec2";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { makeNetwork } from "../../adapters/network.ts";
import { type Case, refusal } from "./aws-case.ts";

const EC2_API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference";

const ec2: readonly Case[] = [
  {
    service: "ec2",
    title: "a VPC is listed with its range",
    source: "moto",
    run: async (aws, { vpcId }) =>
      (await makeNetwork(aws.ec2, aws.elb).vpcs()).filter((v) => v.id === vpcId).map((v) => v.cidr),
    expected: ["10.0.0.0/16"],
  },
  {
    service: "ec2",
    title: "a subnet has its zone, its range, and all of its addresses but AWS's five",
    source: "moto",
    run: async (aws, { vpcId, subnetId }) => {
      const found = await makeNetwork(aws.ec2, aws.elb).subnets({ vpcId });
      return found
        .filter((s) => s.id === subnetId)
        .map((s) => [s.vpcId === vpcId, s.zone, s.cidr, s.addressesFree]);
    },
    expected: [[true, "eu-central-1b", "10.0.16.0/20", 4_091]],
  },
  {
    service: "ec2",
    title: "subnets are found by their ids, and by both",
    source: "moto",
    run: async (aws, { vpcId, subnetId }) => {
      const network = makeNetwork(aws.ec2, aws.elb);
      const byId = await network.subnets({ ids: [subnetId] });
      const byBoth = await network.subnets({ ids: [subnetId], vpcId: "vpc-0123456789abcdef0" });
      return [byId.map((s) => s.id === subnetId), byBoth.length, (await network.subnets({ vpcId })).length];
    },
    expected: [[true], 0, 2],
  },
  {
    service: "ec2",
    title: "a subnet that isn't there is NotFound, also where the others are",
    source: "moto",
    run: (aws, { subnetId }) =>
      refusal(() => makeNetwork(aws.ec2, aws.elb).subnets({ ids: [subnetId, "subnet-0123456789abcdef0"] })),
    expected: "NotFound",
  },
  {
    service: "ec2",
    title: "what isn't there is refused by a name of its own kind",
    source: "moto",
    run: async ({ ec2: client }) => [
      await refusal(() => client.send(new DescribeVpcsCommand({ VpcIds: ["vpc-0123456789abcdef0"] }))),
      await refusal(() =>
        client.send(new DescribeSubnetsCommand({ SubnetIds: ["subnet-0123456789abcdef0"] })),
      ),
      await refusal(() =>
        client.send(new DescribeSecurityGroupsCommand({ GroupIds: ["sg-0123456789abcdef0"] })),
      ),
    ],
    expected: ["InvalidVpcID.NotFound", "InvalidSubnetID.NotFound", "InvalidGroup.NotFound"],
  },
  {
    service: "ec2",
    title: "a NAT gateway that isn't there is refused",
    source: `${EC2_API}/errors-overview.html`,
    unlike: "moto answers with an empty list",
    run: ({ ec2: client }) =>
      refusal(() =>
        client.send(new DescribeNatGatewaysCommand({ NatGatewayIds: ["nat-0123456789abcdef0"] })),
      ),
    expected: "NatGatewayNotFound",
  },
  {
    service: "ec2",
    title: "a NAT gateway shows the address that third parties see",
    source: "moto",
    run: async (aws, { vpcId, natAddress }) => {
      const [nat, ...more] = await makeNetwork(aws.ec2, aws.elb).natGateways(vpcId);
      return [nat?.publicAddresses.length, nat?.publicAddresses[0] === natAddress, more.length];
    },
    expected: [1, true, 0],
  },
  {
    service: "ec2",
    title: "a VPC has a security group from the start",
    source: "moto",
    run: async (aws, { vpcId }) =>
      (await makeNetwork(aws.ec2, aws.elb).securityGroups(vpcId)).map((g) => g.name),
    expected: ["default"],
  },
  {
    service: "ec2",
    title: "a list goes on behind its token",
    source: `${EC2_API}/API_DescribeSubnets.html`,
    unlike: "moto answers everything at once, whatever MaxResults says",
    run: async ({ ec2: client }, { vpcId }) => {
      const ask = (NextToken?: string) =>
        client.send(
          new DescribeSubnetsCommand({
            Filters: [{ Name: "vpc-id", Values: [vpcId] }],
            MaxResults: 1,
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
        );
      const first = await ask();
      const second = await ask(first.NextToken);
      return [first.Subnets?.length, second.Subnets?.length, second.NextToken];
    },
    expected: [1, 1, undefined],
  },
];

const elb: readonly Case[] = [
  {
    service: "elb",
    title: "a load balancer has its type, its public name, and a zone for aliases",
    source: "moto",
    run: async (aws, { balancers: [first] }) => {
      const found = await makeNetwork(aws.ec2, aws.elb).loadBalancers();
      return found
        .filter((b) => b.name === first)
        .map((b) => [
          b.type,
          b.isInternal,
          b.isActive,
          /^[a-z0-9-]+\..*elb\..*amazonaws\.com$/.test(b.dnsName),
          /^Z[A-Z0-9]+$/.test(b.canonicalZoneId),
        ]);
    },
    expected: [["network", false, true, true, true]],
  },
  {
    service: "elb",
    title: "one that isn't there is refused, by its name and as the owner of groups",
    source: "moto",
    run: async (aws, { balancers: [first] }) => {
      const { arn } =
        (await makeNetwork(aws.ec2, aws.elb).loadBalancers()).find((b) => b.name === first) ?? {};
      return [
        await refusal(() => aws.elb.send(new DescribeLoadBalancersCommand({ Names: ["no-such-balancer"] }))),
        await refusal(() => aws.elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: `${arn}0` }))),
      ];
    },
    expected: ["LoadBalancerNotFoundException", "LoadBalancerNotFoundException"],
  },
  {
    service: "elb",
    title: "from a balancer to its group, and from there to what is healthy",
    source: "moto",
    run: async (aws, { balancers: [first] }) => {
      const network = makeNetwork(aws.ec2, aws.elb);
      const balancer = (await network.loadBalancers()).find((b) => b.name === first);
      const groups = await network.targetGroups(balancer?.arn ?? "");
      const targets = await network.targetHealth(groups[0]?.arn ?? "");
      return [groups.map((g) => [g.name, g.port]), targets];
    },
    expected: [[["web", 8080]], [{ id: "10.0.0.7", port: 8080, state: "healthy" }]],
  },
  {
    service: "elb",
    title: "a group that isn't there is NotFound, by its name and by its targets",
    source: "moto",
    run: async (aws, { balancers: [first] }) => {
      const network = makeNetwork(aws.ec2, aws.elb);
      const balancer = (await network.loadBalancers()).find((b) => b.name === first);
      const [group] = await network.targetGroups(balancer?.arn ?? "");
      return [
        await refusal(() => network.targetHealth(`${group?.arn}0`)),
        await refusal(() =>
          aws.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: `${group?.arn}0` })),
        ),
        await refusal(() => aws.elb.send(new DescribeTargetGroupsCommand({ Names: ["no-such-group"] }))),
      ];
    },
    expected: ["NotFound", "TargetGroupNotFoundException", "TargetGroupNotFoundException"],
  },
  {
    service: "elb",
    title: "a list goes on behind its marker, and each is in it once",
    source: "moto",
    run: async ({ elb: client }, { balancers }) => {
      const first = await client.send(new DescribeLoadBalancersCommand({ PageSize: 1 }));
      const second = await client.send(
        new DescribeLoadBalancersCommand({ PageSize: 1, Marker: first.NextMarker }),
      );
      const names = [...(first.LoadBalancers ?? []), ...(second.LoadBalancers ?? [])].map(
        (b) => b.LoadBalancerName,
      );
      return [names.length, balancers.every((name) => names.includes(name)), second.NextMarker];
    },
    expected: [2, true, undefined],
  },
];

export const NETWORK_CASES: readonly Case[] = [...ec2, ...elb];
