/** The contract of EKS: a control plane comes and goes in minutes, idempotent by token, refusals by name; on the wire; the adapter. */

import {
  CreateAccessEntryCommand,
  CreateClusterCommand,
  type CreateClusterCommandInput,
  DeleteAccessEntryCommand,
  DeleteClusterCommand,
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  EKSClient,
  ListAccessEntriesCommand,
} from "@aws-sdk/client-eks";
import { describe, expect, it } from "vitest";
import { makeEks } from "../../adapters/eks.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeBench, onWire, type WireRequest } from "./harness.ts";

const NEEDS = {
  eks: [
    "CreateCluster",
    "DescribeCluster",
    "DeleteCluster",
    "ListAccessEntries",
    "DescribeAccessEntry",
    "CreateAccessEntry",
    "DeleteAccessEntry",
  ],
};
const SUBNETS = [
  { id: "subnet-a", vpcId: "vpc-1", zone: "eu-central-1a" },
  { id: "subnet-b", vpcId: "vpc-1", zone: "eu-central-1b" },
  { id: "subnet-a2", vpcId: "vpc-1", zone: "eu-central-1a" },
  { id: "subnet-other", vpcId: "vpc-2", zone: "eu-central-1c" },
];
const ROLE = "arn:aws:iam::111122223333:role/eks";
const USER = "arn:aws:iam::111122223333:role/developers";

const bench = () => {
  const log: string[] = [];
  let exists = false;
  const made = makeBench(
    (clock) => ({
      eks: makeEksService({
        clock,
        random: makeRandom(4),
        subnets: () => SUBNETS,
        clusters: [
          {
            name: "source",
            version: "1.33",
            exists: () => true,
            create: () => {},
            destroy: () => log.push("source gone"),
          },
          {
            name: "target",
            version: "1.34",
            exists: () => exists,
            create: () => {
              exists = true;
              log.push("created");
            },
            destroy: () => {
              exists = false;
              log.push("destroyed");
            },
          },
        ],
      }).handlers,
    }),
    { needs: NEEDS },
  );
  return { ...made, log };
};

const wanted: CreateClusterCommandInput = {
  name: "target",
  version: "1.34",
  roleArn: ROLE,
  clientRequestToken: "t-1",
  resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-b"] },
};

describe("EKS refuses", () => {
  it.each([
    [
      "describing what isn't there",
      new DescribeClusterCommand({ name: "target" }),
      "ResourceNotFoundException",
      404,
    ],
    [
      "deleting what isn't there",
      new DeleteClusterCommand({ name: "target" }),
      "ResourceNotFoundException",
      404,
    ],
    [
      "a name that is taken",
      new CreateClusterCommand({ ...wanted, name: "source" }),
      "ResourceInUseException",
      409,
    ],
    [
      "a name that is none",
      new CreateClusterCommand({ ...wanted, name: "-x" }),
      "InvalidParameterException",
      400,
    ],
    [
      "a version that is none",
      new CreateClusterCommand({ ...wanted, version: "latest" }),
      "InvalidParameterException",
      400,
    ],
    [
      "a role that is none",
      new CreateClusterCommand({ ...wanted, roleArn: "eks" }),
      "InvalidParameterException",
      400,
    ],
    [
      "an unknown subnet",
      new CreateClusterCommand({ ...wanted, resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-x"] } }),
      "InvalidParameterException",
      400,
    ],
    [
      "subnets in one zone",
      new CreateClusterCommand({ ...wanted, resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-a2"] } }),
      "InvalidParameterException",
      400,
    ],
    [
      "subnets of two VPCs",
      new CreateClusterCommand({
        ...wanted,
        resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-other"] },
      }),
      "InvalidParameterException",
      400,
    ],
    [
      "a group of the system",
      new CreateAccessEntryCommand({
        clusterName: "source",
        principalArn: USER,
        kubernetesGroups: ["system:masters"],
      }),
      "InvalidParameterException",
      400,
    ],
    [
      "an entry that isn't there",
      new DescribeAccessEntryCommand({ clusterName: "source", principalArn: USER }),
      "ResourceNotFoundException",
      404,
    ],
    [
      "entries of a cluster that isn't there",
      new ListAccessEntriesCommand({ clusterName: "nothing" }),
      "ResourceNotFoundException",
      404,
    ],
    [
      "deleting an entry that isn't there",
      new DeleteAccessEntryCommand({ clusterName: "source", principalArn: USER }),
      "ResourceNotFoundException",
      404,
    ],
  ] as const)("%s", async (_title, command, name, httpStatusCode) => {
    const { asStep, log } = bench();
    const refused = asStep((aws) => aws.eks.send(command as DescribeClusterCommand));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    expect(log).toEqual([]);
  });

  it("an entry twice, and deleting a cluster that is still being created", async () => {
    const { asStep } = bench();
    await asStep(async (aws) => {
      const entry = new CreateAccessEntryCommand({ clusterName: "source", principalArn: USER });
      await aws.eks.send(entry);
      await expect(aws.eks.send(entry)).rejects.toMatchObject({ name: "ResourceInUseException" });
      await aws.eks.send(new CreateClusterCommand(wanted));
      await expect(aws.eks.send(new DeleteClusterCommand({ name: "target" }))).rejects.toMatchObject({
        name: "ResourceInUseException",
      });
    });
  });
});

describe("a cluster", () => {
  it("is CREATING for about ten minutes, then ACTIVE with an endpoint; going takes minutes as well", async () => {
    const { asStep, clock, log } = bench();
    await asStep(async (aws) => {
      const eks = makeEks(aws.eks);
      const cluster = {
        name: "target",
        version: "1.34",
        clientToken: "t-1",
        roleArn: ROLE,
        subnetIds: ["subnet-a", "subnet-b"],
      };
      const made = await eks.create({ ...cluster, tags: { by: "us" } });
      expect(made).toMatchObject({ status: "CREATING", vpcId: "vpc-1", tags: { by: "us" } });
      expect(made.endpoint).toBeUndefined();
      await clock.sleep(500_000);
      expect((await eks.describe("target"))?.status).toBe("CREATING");
      expect(log).toEqual([]);
      await clock.sleep(240_000);
      const active = await eks.describe("target");
      expect(active).toMatchObject({ status: "ACTIVE", endpoint: expect.stringMatching(/^https:/) });
      expect(log).toEqual(["created"]);
      expect(await eks.create(cluster)).toEqual(active);
      await expect(eks.create({ ...cluster, clientToken: "t-2" })).rejects.toMatchObject({
        name: "Conflict",
      });
      expect(await eks.remove("target")).toBe(true);
      expect((await eks.describe("target"))?.status).toBe("DELETING");
      await clock.sleep(310_000);
      expect(await eks.describe("target")).toBeUndefined();
      expect(await eks.remove("target")).toBe(false);
      expect(log).toEqual(["created", "destroyed"]);
    });
  });

  it("lets in who has an entry: its creator, and those who are added, in pages", async () => {
    const { asStep } = bench();
    await asStep(async (aws) => {
      const eks = makeEks(aws.eks);
      await aws.eks.send(new CreateClusterCommand(wanted));
      const arns = Array.from({ length: 205 }, (_, i) => `${USER}-${String(i).padStart(3, "0")}`);
      for (const principalArn of arns)
        await eks.createAccessEntry("target", { principalArn, groups: ["viewers"] });
      expect(await eks.accessEntries("target")).toEqual(
        [...arns, "arn:aws:iam::111122223333:role/repot-a-step"].sort(),
      );
      expect(await eks.accessEntry("target", arns[7] ?? "")).toMatchObject({
        groups: ["viewers"],
        username: arns[7],
      });
      expect(await eks.deleteAccessEntry("target", arns[7] ?? "")).toBe(true);
      expect(await eks.deleteAccessEntry("target", arns[7] ?? "")).toBe(false);
      expect(await eks.accessEntry("target", arns[7] ?? "")).toBeUndefined();
    });
  });
});

describe("EKS on the wire", () => {
  it("serialises a creation, and the answer has the fields of the simulated one", async () => {
    const sent: WireRequest[] = [];
    const cluster = {
      name: "target",
      arn: "arn:aws:eks:eu-central-1:111122223333:cluster/target",
      createdAt: 1_772_503_200,
      version: "1.34",
      roleArn: ROLE,
      resourcesVpcConfig: {
        subnetIds: ["subnet-a", "subnet-b"],
        securityGroupIds: [],
        vpcId: "vpc-1",
        endpointPublicAccess: true,
        endpointPrivateAccess: false,
        publicAccessCidrs: ["0.0.0.0/0"],
      },
      status: "CREATING",
      certificateAuthority: {},
      clientRequestToken: "t-1",
      platformVersion: "eks.1",
      tags: {},
      accessConfig: { authenticationMode: "API" },
    };
    const real = await new EKSClient(onWire(sent, { body: JSON.stringify({ cluster }) })).send(
      new CreateClusterCommand(wanted),
    );
    expect(sent[0]).toMatchObject({ method: "POST", path: "/clusters" });
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual(wanted);
    const { asStep } = bench();
    const simulated = await asStep((aws) => aws.eks.send(new CreateClusterCommand(wanted)));
    const bare = (c: typeof real.cluster) => ({ ...c, createdAt: c?.createdAt instanceof Date });
    expect(bare(simulated.cluster)).toEqual(bare(real.cluster));
  });

  it.each([
    ["ResourceInUseException", 409],
    ["ResourceNotFoundException", 404],
    ["InvalidParameterException", 400],
    ["ThrottlingException", 429],
    ["AccessDeniedException", 403],
    ["ServerException", 500],
  ])("%s comes out of the client under that name", async (code, status) => {
    const headers = { "x-amzn-errortype": code };
    const client = new EKSClient(onWire([], { status, headers, body: JSON.stringify({ message: "why" }) }));
    await expect(client.send(new DescribeClusterCommand({ name: "x" }))).rejects.toMatchObject({
      name: code,
      $metadata: { httpStatusCode: status },
    });
  });
});
