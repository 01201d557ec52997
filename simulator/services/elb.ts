/** Elastic Load Balancing's descriptions of the simulated load balancers, their target groups, and the health of the targets. */

import {
  type DescribeLoadBalancersCommandInput,
  type DescribeLoadBalancersCommandOutput,
  type DescribeTargetGroupsCommandInput,
  type DescribeTargetGroupsCommandOutput,
  type DescribeTargetHealthCommandInput,
  type DescribeTargetHealthCommandOutput,
  LoadBalancerNotFoundException,
  TargetGroupNotFoundException,
  type TargetHealthReasonEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { byCodeUnit } from "../../domain/kube.ts";
import type { BalancerView, SimulatedNetwork, TargetGroupView } from "./network.ts";
import { ACCOUNT, type AwsHandlers, REGION } from "./seam-aws.ts";
import { knownFields, positionOf, tokenOf } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

const PAGE_MAX = 400;
const at400 = { httpStatusCode: 400 };

const arnBase = `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}`;
const KIND = { application: "app", network: "net" } as const;

/** Sixteen hexadecimal digits that a name always gives. */
const idOf = (name: string): string => Buffer.from(name.padEnd(8, "_")).toString("hex").slice(-16);

const balancerArn = (b: BalancerView): string =>
  `${arnBase}:loadbalancer/${KIND[b.type]}/${b.name}/${idOf(b.name)}`;
const groupArn = (group: TargetGroupView): string =>
  `${arnBase}:targetgroup/${group.name}/${idOf(group.name)}`;

const noBalancer = (which: string): LoadBalancerNotFoundException =>
  new LoadBalancerNotFoundException({ message: `Load balancers '[${which}]' not found`, $metadata: at400 });

const sorted = (network: SimulatedNetwork): readonly BalancerView[] =>
  [...network.balancers()].sort((a, b) => byCodeUnit(a.name, b.name));

/** A page of a list by names. */
const paged = <T extends { readonly name: string }>(
  items: readonly T[],
  input: { readonly Marker?: string | undefined; readonly PageSize?: number | undefined },
) => {
  const from =
    input.Marker === undefined ? 0 : items.findIndex((item) => item.name >= positionOf(input.Marker ?? ""));
  const size = Math.min(input.PageSize ?? PAGE_MAX, PAGE_MAX);
  const page = from < 0 ? [] : items.slice(from, from + size);
  const next = from < 0 ? undefined : items[from + size];
  return { page, next: next ? { NextMarker: tokenOf(next.name) } : {} };
};

const loadBalancers =
  (network: SimulatedNetwork) =>
  (input: DescribeLoadBalancersCommandInput): Output<DescribeLoadBalancersCommandOutput> => {
    knownFields("elb:DescribeLoadBalancers", input, ["Names", "LoadBalancerArns", "Marker", "PageSize"]);
    const all = sorted(network);
    for (const name of input.Names ?? []) if (!all.some((b) => b.name === name)) throw noBalancer(name);
    for (const arn of input.LoadBalancerArns ?? [])
      if (!all.some((b) => balancerArn(b) === arn)) throw noBalancer(arn);
    const wanted = all.filter(
      (b) =>
        (input.Names === undefined || input.Names.includes(b.name)) &&
        (input.LoadBalancerArns === undefined || input.LoadBalancerArns.includes(balancerArn(b))),
    );
    const { page, next } = paged(wanted, input);
    return {
      LoadBalancers: page.map((b) => ({
        LoadBalancerArn: balancerArn(b),
        LoadBalancerName: b.name,
        DNSName: b.dnsName,
        CanonicalHostedZoneId: b.canonicalZoneId,
        Scheme: b.isInternal ? "internal" : "internet-facing",
        Type: b.type,
        State: { Code: "active" },
        VpcId: network.vpcs[0]?.id,
        SecurityGroups: [...b.securityGroupIds],
        IpAddressType: "ipv4",
      })),
      ...next,
    };
  };

const targetGroups =
  (network: SimulatedNetwork) =>
  (input: DescribeTargetGroupsCommandInput): Output<DescribeTargetGroupsCommandOutput> => {
    knownFields("elb:DescribeTargetGroups", input, [
      "LoadBalancerArn",
      "TargetGroupArns",
      "Names",
      "Marker",
      "PageSize",
    ]);
    const balancers = sorted(network);
    const of = input.LoadBalancerArn;
    if (of !== undefined && !balancers.some((b) => balancerArn(b) === of)) throw noBalancer(of);
    const all = balancers
      .filter((b) => of === undefined || balancerArn(b) === of)
      .flatMap((b) => b.targetGroups.map((group) => ({ ...group, balancer: b })))
      .sort((a, b) => byCodeUnit(a.name, b.name));
    const wanted = all.filter(
      (group) =>
        (input.Names === undefined || input.Names.includes(group.name)) &&
        (input.TargetGroupArns === undefined || input.TargetGroupArns.includes(groupArn(group))),
    );
    const asked = (input.Names?.length ?? 0) + (input.TargetGroupArns?.length ?? 0);
    if (asked > wanted.length)
      throw new TargetGroupNotFoundException({
        message: "One or more target groups not found",
        $metadata: at400,
      });
    const { page, next } = paged(wanted, input);
    return {
      TargetGroups: page.map((group) => ({
        TargetGroupArn: groupArn(group),
        TargetGroupName: group.name,
        Protocol: group.protocol,
        Port: group.port,
        VpcId: network.vpcs[0]?.id,
        TargetType: "ip",
        LoadBalancerArns: [balancerArn(group.balancer)],
      })),
      ...next,
    };
  };

const targetHealth =
  (network: SimulatedNetwork) =>
  (input: DescribeTargetHealthCommandInput): Output<DescribeTargetHealthCommandOutput> => {
    knownFields("elb:DescribeTargetHealth", input, ["TargetGroupArn"]);
    const groups = network.balancers().flatMap((b) => b.targetGroups);
    const group = groups.find((candidate) => groupArn(candidate) === input.TargetGroupArn);
    if (!group)
      throw new TargetGroupNotFoundException({
        message: `Target groups '${input.TargetGroupArn}' not found`,
        $metadata: at400,
      });
    return {
      TargetHealthDescriptions: group.targets.map((target) => ({
        Target: { Id: target.id, Port: target.port },
        HealthCheckPort: String(target.port),
        TargetHealth: {
          State: target.state,
          // The world's reasons are the service's: `Target.Timeout`, `Elb.RegistrationInProgress` …
          ...(target.reason === undefined ? {} : { Reason: target.reason as TargetHealthReasonEnum }),
        },
      })),
    };
  };

/** The commands in front of the load balancers. */
export const makeElb = (network: SimulatedNetwork): { readonly handlers: AwsHandlers } => ({
  handlers: {
    DescribeLoadBalancers: loadBalancers(network),
    DescribeTargetGroups: targetGroups(network),
    DescribeTargetHealth: targetHealth(network),
  },
});
