/** The contracts of EC2, Elastic Load Balancing and STS, through the middleware and on the wire; and the adapter over the first two. */

import {
  DescribeNatGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { makeNetwork } from "../../adapters/network.ts";
import type { KubeObject } from "../../domain/kube.ts";
import type { AwsClients } from "../../functions/step.ts";
import { balancersOf } from "../../simulator/services/balancers.ts";
import { makeEc2 } from "../../simulator/services/ec2.ts";
import { makeElb } from "../../simulator/services/elb.ts";
import { type BalancerView, makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeSts } from "../../simulator/services/sts.ts";
import type { Cluster, PodView } from "../../simulator/world/types.ts";
import { makeBench, onWire, type WireRequest } from "./harness.ts";

const NEEDS = {
  ec2: ["DescribeSubnets", "DescribeVpcs", "DescribeNatGateways", "DescribeSecurityGroups"],
  elb: ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTargetHealth"],
  sts: ["GetCallerIdentity"],
};

const balancer = (name: string): BalancerView => ({
  name,
  dnsName: `${name}-123.elb.eu-central-1.amazonaws.com`,
  canonicalZoneId: "Z215JYRZR1TBD5",
  type: "application",
  isInternal: false,
  securityGroupIds: ["sg-1"],
  targetGroups: [
    {
      name: `${name}-web`,
      port: 8080,
      protocol: "HTTP",
      targets: [
        { id: "10.0.0.7", port: 8080, state: "healthy" },
        { id: "10.0.0.8", port: 8080, state: "initial", reason: "Elb.RegistrationInProgress" },
      ],
    },
  ],
});

const bench = (balancers: readonly BalancerView[] = [balancer("shop"), balancer("api")]) => {
  const world = { used: 0 };
  const network = makeSimulatedNetwork({
    subnetIds: ["subnet-a", "subnet-b"],
    egressAddresses: ["203.0.113.1", "203.0.113.2"],
    addressesInUse: () => world.used,
    balancers: () => balancers,
  });
  const services = {
    ec2: makeEc2(network).handlers,
    elb: makeElb(network).handlers,
    sts: makeSts().handlers,
  };
  return { ...makeBench(() => services, { needs: NEEDS }), world, network };
};

const adapterOf = (aws: AwsClients) => makeNetwork(aws.ec2, aws.elb);

describe("EC2 and Elastic Load Balancing refuse", () => {
  it.each([
    [
      "a subnet that isn't there",
      "ec2",
      new DescribeSubnetsCommand({ SubnetIds: ["subnet-x"] }),
      "InvalidSubnetID.NotFound",
    ],
    [
      "a VPC that isn't there",
      "ec2",
      new DescribeVpcsCommand({ VpcIds: ["vpc-x"] }),
      "InvalidVpcID.NotFound",
    ],
    [
      "a group that isn't there",
      "ec2",
      new DescribeSecurityGroupsCommand({ GroupIds: ["sg-x"] }),
      "InvalidGroup.NotFound",
    ],
    [
      "a NAT gateway that isn't there",
      "ec2",
      new DescribeNatGatewaysCommand({ NatGatewayIds: ["nat-x"] }),
      "NatGatewayNotFound",
    ],
    [
      "a balancer that isn't there",
      "elb",
      new DescribeLoadBalancersCommand({ Names: ["x"] }),
      "LoadBalancerNotFoundException",
    ],
    [
      "groups of a balancer that isn't there",
      "elb",
      new DescribeTargetGroupsCommand({ LoadBalancerArn: "arn:x" }),
      "LoadBalancerNotFoundException",
    ],
    [
      "a target group that isn't there",
      "elb",
      new DescribeTargetHealthCommand({ TargetGroupArn: "arn:x" }),
      "TargetGroupNotFoundException",
    ],
  ] as const)("%s", async (_title, service, command, name) => {
    const { asStep } = bench();
    const refused = asStep((aws) => (aws[service] as EC2Client).send(command as DescribeSubnetsCommand));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  it("a filter that isn't simulated is a clear error", async () => {
    const { asStep } = bench();
    const asked = asStep((aws) =>
      aws.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "tag:Name", Values: ["x"] }] })),
    );
    await expect(asked).rejects.toThrow("doesn't simulate the filter tag:Name");
  });
});

describe("the network adapter", () => {
  it("sees subnets with the addresses that are free now", async () => {
    const { asStep, world, network } = bench();
    const [vpc] = network.vpcs;
    const free = () =>
      asStep(async (aws) =>
        (await adapterOf(aws).subnets({ vpcId: vpc?.id ?? "" })).map((s) => s.addressesFree),
      );
    expect(await free()).toEqual([4_091, 4_091]);
    world.used = 4_000;
    expect(await free()).toEqual([91, 91]);
    expect(await asStep((aws) => adapterOf(aws).subnets({ vpcId: "vpc-other" }))).toEqual([]);
    expect((await asStep((aws) => adapterOf(aws).subnets({ ids: ["subnet-b"] }))).map((s) => s.zone)).toEqual(
      ["eu-central-1b"],
    );
  });

  it("sees the addresses that third parties see, the VPC and its groups", async () => {
    const { asStep, network } = bench();
    const vpcId = network.vpcs[0]?.id ?? "";
    await asStep(async (aws) => {
      const adapter = adapterOf(aws);
      expect((await adapter.natGateways(vpcId)).flatMap((nat) => nat.publicAddresses)).toEqual([
        "203.0.113.1",
        "203.0.113.2",
      ]);
      expect(await adapter.vpcs()).toEqual([{ id: vpcId, cidr: "10.0.0.0/16" }]);
      expect((await adapter.securityGroups(vpcId)).map((group) => group.name)).toEqual(["default"]);
    });
  });

  it("follows a balancer to its targets", async () => {
    const { asStep } = bench();
    await asStep(async (aws) => {
      const adapter = adapterOf(aws);
      const [api] = await adapter.loadBalancers();
      expect(api).toMatchObject({
        name: "api",
        isActive: true,
        isInternal: false,
        canonicalZoneId: "Z215JYRZR1TBD5",
      });
      const [group] = await adapter.targetGroups(api?.arn ?? "");
      expect(group).toMatchObject({ name: "api-web", port: 8080 });
      expect(await adapter.targetHealth(group?.arn ?? "")).toEqual([
        { id: "10.0.0.7", port: 8080, state: "healthy" },
        { id: "10.0.0.8", port: 8080, state: "initial", reason: "Elb.RegistrationInProgress" },
      ]);
    });
  });

  it("reads every page", async () => {
    const many = Array.from({ length: 950 }, (_, i) => balancer(`lb-${String(i).padStart(4, "0")}`));
    const { asStep, observed } = bench(many);
    const found = await asStep((aws) => adapterOf(aws).loadBalancers());
    expect(found.map((b) => b.name)).toEqual(many.map((b) => b.name));
    expect(observed).toHaveLength(3);
  });
});

describe("on the wire", () => {
  const xml = (inner: string) => `<?xml version="1.0" encoding="UTF-8"?>${inner}`;

  it("EC2: filters and ids are numbered, and the answer equals the simulated one", async () => {
    const sent: WireRequest[] = [];
    const { asStep, network } = bench();
    const vpcId = network.vpcs[0]?.id ?? "";
    const subnet = `<item><subnetId>subnet-b</subnetId><vpcId>${vpcId}</vpcId><availabilityZone>eu-central-1b</availabilityZone><cidrBlock>10.0.16.0/20</cidrBlock><availableIpAddressCount>4091</availableIpAddressCount><state>available</state><ownerId>111122223333</ownerId><tagSet><item><key>kubernetes.io/role/internal-elb</key><value>1</value></item></tagSet></item>`;
    const body = xml(
      `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><subnetSet>${subnet}</subnetSet></DescribeSubnetsResponse>`,
    );
    const command = () =>
      new DescribeSubnetsCommand({ SubnetIds: ["subnet-b"], Filters: [{ Name: "vpc-id", Values: [vpcId] }] });
    const { $metadata: _r, ...real } = await new EC2Client(onWire(sent, { body })).send(command());
    const { $metadata: _s, ...simulated } = await asStep((aws) => aws.ec2.send(command()));
    expect(simulated).toEqual(real);
    expect(sent[0]?.body).toContain("Action=DescribeSubnets");
    expect(sent[0]?.body).toContain(`Filter.1.Name=vpc-id&Filter.1.Value.1=${vpcId}`);
    expect(sent[0]?.body).toContain("SubnetId.1=subnet-b");
  });

  it.each(["UnauthorizedOperation", "RequestLimitExceeded", "InvalidSubnetID.NotFound"])(
    "EC2: %s keeps its name",
    async (code) => {
      const body = xml(
        `<Response><Errors><Error><Code>${code}</Code><Message>why</Message></Error></Errors><RequestID>r</RequestID></Response>`,
      );
      const client = new EC2Client(onWire([], { status: 400, body }));
      await expect(client.send(new DescribeSubnetsCommand({}))).rejects.toMatchObject({ name: code });
    },
  );

  it("ELB: the answer about targets equals the simulated one", async () => {
    const sent: WireRequest[] = [];
    const { asStep } = bench();
    const arn = await asStep(async (aws) => {
      const adapter = adapterOf(aws);
      const [first] = await adapter.loadBalancers();
      return (await adapter.targetGroups(first?.arn ?? ""))[0]?.arn ?? "";
    });
    const member = (id: string, health: string) =>
      `<member><HealthCheckPort>8080</HealthCheckPort><TargetHealth>${health}</TargetHealth><Target><Port>8080</Port><Id>${id}</Id></Target></member>`;
    const body = xml(
      `<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTargetHealthResult><TargetHealthDescriptions>${member("10.0.0.7", "<State>healthy</State>")}${member("10.0.0.8", "<State>initial</State><Reason>Elb.RegistrationInProgress</Reason>")}</TargetHealthDescriptions></DescribeTargetHealthResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeTargetHealthResponse>`,
    );
    const command = () => new DescribeTargetHealthCommand({ TargetGroupArn: arn });
    const { $metadata: _r, ...real } = await new ElasticLoadBalancingV2Client(onWire(sent, { body })).send(
      command(),
    );
    const { $metadata: _s, ...simulated } = await asStep((aws) => aws.elb.send(command()));
    expect(simulated).toEqual(real);
    expect(sent[0]?.body).toContain("Action=DescribeTargetHealth");
  });

  it.each([
    ["LoadBalancerNotFound", "LoadBalancerNotFoundException"],
    ["TargetGroupNotFound", "TargetGroupNotFoundException"],
    ["Throttling", "Throttling"],
  ])("ELB: %s is %s", async (code, name) => {
    const body = xml(
      `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>why</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
    );
    const client = new ElasticLoadBalancingV2Client(onWire([], { status: 400, body }));
    await expect(client.send(new DescribeLoadBalancersCommand({}))).rejects.toMatchObject({ name });
  });

  it("STS: says who the step is, in the fields of the real answer", async () => {
    const body = xml(
      `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/repot-a-step/a-step</Arn><UserId>AROAASTEPXXXXXXXXXXXX:a-step</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
    );
    const { $metadata: _r, ...real } = await new STSClient(onWire([], { body })).send(
      new GetCallerIdentityCommand({}),
    );
    const { asStep } = bench();
    const { $metadata: _s, ...simulated } = await asStep((aws) =>
      aws.sts.send(new GetCallerIdentityCommand({})),
    );
    expect(simulated).toEqual(real);
  });
});

describe("load balancers of the clusters", () => {
  const pod = (name: string, view: Partial<PodView> = {}): PodView => ({
    namespace: "shop",
    name,
    workload: "shop/web",
    ready: true,
    accepting: true,
    terminating: false,
    address: "10.0.0.9",
    ...view,
  });
  const status = { loadBalancer: { ingress: [{ hostname: "k8s-shop-1.elb.amazonaws.com" }] } };
  const objects: readonly KubeObject[] = [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "shop" },
      spec: { ports: [{ port: 80 }] },
      status,
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "inner", namespace: "shop" },
      spec: { ports: [{ port: 80 }] },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "all", namespace: "shop" },
      spec: {
        rules: [
          { http: { paths: [{ backend: { service: { name: "web", port: { number: 80 } } } }] } },
          { http: { paths: [{ backend: { service: { name: "api", port: { number: 8080 } } } }] } },
        ],
      },
      status,
    },
  ];
  const cluster: Cluster = {
    side: "source",
    api: () => ({ status: 500, headers: {}, body: "" }),
    exists: () => true,
    get: ({ kind, name }) =>
      kind === "Pod"
        ? { apiVersion: "v1", kind, metadata: { name }, status: { podIP: `10.1.0.${name.length}` } }
        : undefined,
    all: () => objects,
    list: ({ kind }) => objects.filter((o) => o.kind === kind),
    pods: () => [],
    podsIn: () => [],
    endpoints: (_namespace, service) => ({
      pods:
        service === "web"
          ? [pod("web-1"), pod("web-22", { ready: false }), pod("web-333", { terminating: true })]
          : [],
    }),
    onChange: () => {},
  };

  it("are those that Services and Ingresses show, one for each name, with the pods behind them", () => {
    const [only, ...others] = balancersOf([cluster]);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ dnsName: "k8s-shop-1.elb.amazonaws.com", name: "k8s-shop-1" });
    expect(only?.targetGroups.map((g) => [g.name, g.targets.map((t) => `${t.id} ${t.state}`)])).toEqual([
      ["k8s-source-shop-api-8080", []],
      ["k8s-source-shop-web-80", ["10.1.0.5 healthy", "10.1.0.6 unhealthy", "10.1.0.7 draining"]],
    ]);
  });
});
