/** EKS over its official client: the target cluster comes into being and goes, and who may enter it. */

import {
  type Cluster,
  CreateAccessEntryCommand,
  CreateClusterCommand,
  DeleteAccessEntryCommand,
  DeleteClusterCommand,
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  type EKSClient,
  ListAccessEntriesCommand,
} from "@aws-sdk/client-eks";
import { Transient } from "../domain/errors.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { calling, errorName } from "./aws.ts";

export type EksCluster = {
  readonly name: string;
  readonly arn: string;
  /** CREATING, ACTIVE, DELETING, FAILED, UPDATING, PENDING. */
  readonly status: string;
  /** `1.34`. */
  readonly version: string;
  /** Present once it is ACTIVE. */
  readonly endpoint?: string;
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  readonly roleArn: string;
  readonly clientToken?: string;
  readonly tags: Readonly<Record<string, string>>;
};

export type AccessEntry = {
  readonly principalArn: string;
  readonly groups: readonly string[];
  readonly username?: string;
  readonly tags: Readonly<Record<string, string>>;
};

/** The service's calls. Errors are the domain's; ResourceInUse is a Conflict. */
export type Eks = {
  readonly describe: (name: string) => Promise<EksCluster | undefined>;
  /** Idempotent by the client token. @throws Conflict where another cluster has the name. */
  readonly create: (cluster: {
    readonly name: string;
    readonly version: string;
    readonly clientToken: string;
    readonly roleArn: string;
    readonly subnetIds: readonly string[];
    readonly tags?: Readonly<Record<string, string>>;
  }) => Promise<EksCluster>;
  /** Starts the deletion; false where there is no such cluster. */
  readonly remove: (name: string) => Promise<boolean>;
  /** ARNs of principals, sorted. */
  readonly accessEntries: (cluster: string) => Promise<readonly string[]>;
  readonly accessEntry: (cluster: string, principalArn: string) => Promise<AccessEntry | undefined>;
  readonly createAccessEntry: (
    cluster: string,
    entry: Omit<AccessEntry, "tags"> & { readonly tags?: AccessEntry["tags"] },
  ) => Promise<void>;
  /** False where there was none. */
  readonly deleteAccessEntry: (cluster: string, principalArn: string) => Promise<boolean>;
};

const PAGES_MAX = 100;

const toDomain = (cluster: Cluster | undefined): EksCluster => ({
  name: cluster?.name ?? "",
  arn: cluster?.arn ?? "",
  status: cluster?.status ?? "UNKNOWN",
  version: cluster?.version ?? "",
  ...(cluster?.endpoint === undefined ? {} : { endpoint: cluster.endpoint }),
  ...(cluster?.resourcesVpcConfig?.vpcId === undefined ? {} : { vpcId: cluster.resourcesVpcConfig.vpcId }),
  subnetIds: cluster?.resourcesVpcConfig?.subnetIds ?? [],
  roleArn: cluster?.roleArn ?? "",
  ...(cluster?.clientRequestToken === undefined ? {} : { clientToken: cluster.clientRequestToken }),
  tags: cluster?.tags ?? {},
});

/** Undefined where the service says that there is no such thing. */
const orAbsent = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await call();
  } catch (error) {
    if (errorName(error) === "ResourceNotFoundException") return undefined;
    throw error;
  }
};

const accessEntries =
  (client: EKSClient): Eks["accessEntries"] =>
  async (clusterName) => {
    const entries: string[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await calling(`list the access entries of ${clusterName}`, () =>
        client.send(new ListAccessEntriesCommand({ clusterName, ...(nextToken ? { nextToken } : {}) })),
      );
      entries.push(...(answer.accessEntries ?? []));
      nextToken = answer.nextToken;
      if (nextToken === undefined) return entries.sort(byCodeUnit);
    }
    throw new Transient(`${clusterName} has more than ${PAGES_MAX} pages of access entries.`);
  };

const accessEntry =
  (client: EKSClient): Eks["accessEntry"] =>
  (clusterName, principalArn) =>
    calling(`read the access entry of ${principalArn}`, () =>
      orAbsent(async () => {
        const { accessEntry: entry } = await client.send(
          new DescribeAccessEntryCommand({ clusterName, principalArn }),
        );
        return {
          principalArn,
          groups: entry?.kubernetesGroups ?? [],
          ...(entry?.username === undefined ? {} : { username: entry.username }),
          tags: entry?.tags ?? {},
        };
      }),
    );

const create =
  (client: EKSClient): Eks["create"] =>
  async ({ name, version, clientToken, roleArn, subnetIds, tags }) => {
    const answer = await calling(`create the cluster ${name}`, () =>
      client.send(
        new CreateClusterCommand({
          name,
          version,
          roleArn,
          clientRequestToken: clientToken,
          resourcesVpcConfig: { subnetIds: [...subnetIds] },
          accessConfig: { authenticationMode: "API" },
          ...(tags ? { tags } : {}),
        }),
      ),
    );
    return toDomain(answer.cluster);
  };

/** EKS behind the official client. */
export const makeEks = (client: EKSClient): Eks => ({
  describe: (name) =>
    calling(`describe the cluster ${name}`, () =>
      orAbsent(async () => toDomain((await client.send(new DescribeClusterCommand({ name }))).cluster)),
    ),
  create: create(client),
  remove: (name) =>
    calling(`delete the cluster ${name}`, async () => {
      const answer = await orAbsent(() => client.send(new DeleteClusterCommand({ name })));
      return answer !== undefined;
    }),
  accessEntries: accessEntries(client),
  accessEntry: accessEntry(client),
  createAccessEntry: async (clusterName, { principalArn, groups, username, tags }) => {
    await calling(`let ${principalArn} into ${clusterName}`, () =>
      client.send(
        new CreateAccessEntryCommand({
          clusterName,
          principalArn,
          kubernetesGroups: [...groups],
          ...(username === undefined ? {} : { username }),
          ...(tags ? { tags } : {}),
        }),
      ),
    );
  },
  deleteAccessEntry: (clusterName, principalArn) =>
    calling(`take ${principalArn} out of ${clusterName}`, async () => {
      const command = new DeleteAccessEntryCommand({ clusterName, principalArn });
      return (await orAbsent(() => client.send(command))) !== undefined;
    }),
});
