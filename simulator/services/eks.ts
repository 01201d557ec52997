/**
 * EKS in front of the simulated clusters: a control plane takes about ten minutes to come, some to go, and says so meanwhile.
 * Source: EKS API reference (CreateCluster, DeleteCluster, access entries) and its user guide.
 */

import {
  type AccessEntry,
  type Cluster,
  type ClusterStatus,
  type CreateAccessEntryCommandInput,
  type CreateAccessEntryCommandOutput,
  type CreateClusterCommandInput,
  type CreateClusterCommandOutput,
  type DeleteAccessEntryCommandInput,
  type DeleteAccessEntryCommandOutput,
  type DeleteClusterCommandInput,
  type DeleteClusterCommandOutput,
  type DescribeAccessEntryCommandInput,
  type DescribeAccessEntryCommandOutput,
  type DescribeClusterCommandInput,
  type DescribeClusterCommandOutput,
  InvalidParameterException,
  type ListAccessEntriesCommandInput,
  type ListAccessEntriesCommandOutput,
  ResourceInUseException,
  ResourceNotFoundException,
} from "@aws-sdk/client-eks";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { AwsCaller } from "./seam.ts";
import { ACCOUNT, type AwsHandlers, REGION } from "./seam-aws.ts";
import { knownFields, positionOf, tokenOf } from "./seam-support.ts";

type Output<T> = Omit<T, "$metadata">;

/** A cluster of the world that EKS makes and takes away. */
export type ManagedCluster = {
  readonly name: string;
  /** Of one that exists when the run begins; of a new one CreateCluster says it. */
  readonly version: string;
  readonly exists: () => boolean;
  readonly create: () => void;
  readonly destroy: () => void;
};

/** What EKS asks of a subnet. */
export type SubnetView = { readonly id: string; readonly vpcId: string; readonly zone: string };

export type EksOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** Those that EKS manages or may be asked to create. */
  readonly clusters: readonly ManagedCluster[];
  readonly subnets: () => readonly SubnetView[];
};

const CREATING_SECONDS = [540, 720] as const;
const DELETING_SECONDS = [120, 300] as const;
const PAGE_MAX = 100;

type Known = {
  readonly managed: ManagedCluster;
  readonly input: Pick<CreateClusterCommandInput, "version" | "roleArn" | "clientRequestToken" | "tags">;
  readonly subnets: readonly SubnetView[];
  readonly createdAt: number;
  readonly entries: Map<string, AccessEntry>;
  status: ClusterStatus;
};

const invalid = (message: string): InvalidParameterException =>
  new InvalidParameterException({ message, $metadata: { httpStatusCode: 400 } });
const inUse = (message: string): ResourceInUseException =>
  new ResourceInUseException({ message, $metadata: { httpStatusCode: 409 } });
const notFound = (message: string): ResourceNotFoundException =>
  new ResourceNotFoundException({ message, $metadata: { httpStatusCode: 404 } });

const NAME = /^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$/;
const ROLE = /^arn:aws:iam::\d{12}:role\/.+$/;
const PRINCIPAL = /^arn:aws:iam::\d{12}:(role|user)\/.+$/;

class State {
  readonly options: EksOptions;
  readonly random: Random;
  readonly #known = new Map<string, Known>();

  constructor(options: EksOptions) {
    this.options = options;
    this.random = options.random.fork("eks");
    for (const managed of options.clusters)
      if (managed.exists())
        this.#known.set(managed.name, {
          managed,
          input: {
            version: managed.version,
            roleArn: `arn:aws:iam::${ACCOUNT}:role/eks-${managed.name}`,
            tags: {},
          },
          subnets: options.subnets(),
          createdAt: options.clock.now(),
          entries: new Map(),
          status: "ACTIVE",
        });
  }

  find(name: string | undefined): Known | undefined {
    return this.#known.get(name ?? "");
  }

  /** @throws ResourceNotFoundException. */
  get(name: string | undefined): Known {
    const known = this.find(name);
    if (known) return known;
    throw notFound(`No cluster found for name: ${name}.`);
  }

  begin(known: Known): void {
    this.#known.set(known.managed.name, known);
    this.options.clock.after(this.#seconds(CREATING_SECONDS), () => {
      known.status = "ACTIVE";
      known.managed.create();
    });
  }

  end(known: Known): void {
    known.status = "DELETING";
    known.managed.destroy();
    this.options.clock.after(this.#seconds(DELETING_SECONDS), () => this.#known.delete(known.managed.name));
  }

  #seconds(range: readonly [number, number]): number {
    return Math.round(this.random.between(...range) * 1000);
  }
}

const arnOf = (name: string): string => `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/${name}`;

/** A stable id from a name, as the real ones have random ones. */
const idOf = (random: Random, name: string): string => random.fork(`id:${name}`).id().toUpperCase();

const describe = (state: State, known: Known): Cluster => {
  const { name } = known.managed;
  const id = idOf(state.random, name);
  const isUp = known.status === "ACTIVE";
  return {
    name,
    arn: arnOf(name),
    createdAt: new Date(known.createdAt),
    version: known.input.version,
    ...(isUp ? { endpoint: `https://${id}.gr7.${REGION}.eks.amazonaws.com` } : {}),
    roleArn: known.input.roleArn,
    resourcesVpcConfig: {
      subnetIds: known.subnets.map((subnet) => subnet.id),
      securityGroupIds: [],
      ...(isUp ? { clusterSecurityGroupId: `sg-${id.slice(0, 17).toLowerCase()}` } : {}),
      vpcId: known.subnets[0]?.vpcId,
      endpointPublicAccess: true,
      endpointPrivateAccess: false,
      publicAccessCidrs: ["0.0.0.0/0"],
    },
    status: known.status,
    certificateAuthority: isUp ? { data: Buffer.from(`ca of ${name}`).toString("base64") } : {},
    ...(known.input.clientRequestToken === undefined
      ? {}
      : { clientRequestToken: known.input.clientRequestToken }),
    platformVersion: "eks.1",
    tags: { ...known.input.tags },
    accessConfig: { authenticationMode: "API" },
  };
};

/** The subnets of a request: known, at least two, in two zones, of one VPC. */
const subnetsOf = (state: State, ids: readonly string[]): readonly SubnetView[] => {
  const all = state.options.subnets();
  const subnets = ids.map((id) => {
    const subnet = all.find((candidate) => candidate.id === id);
    if (!subnet) throw invalid(`The subnet ID '${id}' does not exist`);
    return subnet;
  });
  if (new Set(subnets.map((subnet) => subnet.zone)).size < 2)
    throw invalid("Subnets specified must be in at least two different AZs");
  if (new Set(subnets.map((subnet) => subnet.vpcId)).size > 1)
    throw invalid("Subnets specified must belong to the same VPC");
  return subnets;
};

const CREATE_FIELDS = [
  "name",
  "version",
  "roleArn",
  "resourcesVpcConfig",
  "accessConfig",
  "clientRequestToken",
  "tags",
];

const create =
  (state: State) =>
  (input: CreateClusterCommandInput, caller: AwsCaller): Output<CreateClusterCommandOutput> => {
    knownFields("eks:CreateCluster", input, CREATE_FIELDS);
    const name = input.name ?? "";
    if (!NAME.test(name)) throw invalid(`The cluster name '${name}' is not valid.`);
    if (!/^1\.\d+$/.test(input.version ?? ""))
      throw invalid(`unsupported Kubernetes version '${input.version}'`);
    if (!ROLE.test(input.roleArn ?? ""))
      throw invalid(
        `Role with arn: ${input.roleArn}, could not be assumed because it does not exist or the trusted entity is not correct`,
      );
    const there = state.find(name);
    if (
      there &&
      there.input.clientRequestToken === input.clientRequestToken &&
      input.clientRequestToken !== undefined
    )
      return { cluster: describe(state, there) };
    if (there) throw inUse(`Cluster already exists with name: ${name}`);
    const managed = state.options.clusters.find((cluster) => cluster.name === name);
    if (!managed) throw new Error(`The world has no cluster ${name} that EKS could create.`);
    const principalArn = `arn:aws:iam::${ACCOUNT}:role/repot-${caller.name}`;
    const known: Known = {
      managed,
      input,
      subnets: subnetsOf(state, input.resourcesVpcConfig?.subnetIds ?? []),
      createdAt: state.options.clock.now(),
      entries: new Map([[principalArn, entryOf(name, { principalArn })]]),
      status: "CREATING",
    };
    state.begin(known);
    return { cluster: describe(state, known) };
  };

const remove =
  (state: State) =>
  (input: DeleteClusterCommandInput): Output<DeleteClusterCommandOutput> => {
    const known = state.get(input.name);
    if (known.status !== "ACTIVE")
      throw inUse(`Cannot delete because cluster ${input.name} currently is in ${known.status} state`);
    state.end(known);
    return { cluster: describe(state, known) };
  };

type Entry = Pick<CreateAccessEntryCommandInput, "principalArn" | "kubernetesGroups" | "username" | "tags">;

const entryOf = (clusterName: string, entry: Entry): AccessEntry => ({
  clusterName,
  principalArn: entry.principalArn,
  kubernetesGroups: [...(entry.kubernetesGroups ?? [])],
  accessEntryArn: `${arnOf(clusterName).replace(":cluster/", ":access-entry/")}/${entry.principalArn}`,
  tags: { ...entry.tags },
  username: entry.username ?? entry.principalArn,
  type: "STANDARD",
});

const listEntries =
  (state: State) =>
  (input: ListAccessEntriesCommandInput): Output<ListAccessEntriesCommandOutput> => {
    knownFields("eks:ListAccessEntries", input, ["clusterName", "maxResults", "nextToken"]);
    const all = [...state.get(input.clusterName).entries.keys()].sort(byCodeUnit);
    const from = input.nextToken ? all.findIndex((arn) => arn > positionOf(input.nextToken ?? "")) : 0;
    const page = from < 0 ? [] : all.slice(from, from + (input.maxResults ?? PAGE_MAX));
    const isLast = from < 0 || from + page.length >= all.length;
    return { accessEntries: page, ...(isLast ? {} : { nextToken: tokenOf(page.at(-1) ?? "") }) };
  };

const createEntry =
  (state: State) =>
  (input: CreateAccessEntryCommandInput): Output<CreateAccessEntryCommandOutput> => {
    const fields = [
      "clusterName",
      "principalArn",
      "kubernetesGroups",
      "username",
      "tags",
      "clientRequestToken",
    ];
    knownFields("eks:CreateAccessEntry", input, fields);
    const { entries, managed } = state.get(input.clusterName);
    const principalArn = input.principalArn ?? "";
    if (!PRINCIPAL.test(principalArn))
      throw invalid("The specified principalArn is invalid: invalid principal.");
    const reserved = input.kubernetesGroups?.find((group) => /^(system|eks|aws|amazon|iam):/.test(group));
    if (reserved)
      throw invalid(
        `The kubernetes group name ${reserved} is invalid, it cannot start with ${reserved.split(":")[0]}:`,
      );
    if (entries.has(principalArn))
      throw inUse("The specified access entry resource is already in use on this cluster.");
    const entry = entryOf(managed.name, input);
    entries.set(principalArn, entry);
    return { accessEntry: entry };
  };

const noEntry = (): ResourceNotFoundException =>
  notFound(
    "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
  );

const describeEntry =
  (state: State) =>
  (input: DescribeAccessEntryCommandInput): Output<DescribeAccessEntryCommandOutput> => {
    const entry = state.get(input.clusterName).entries.get(input.principalArn ?? "");
    if (!entry) throw noEntry();
    return { accessEntry: entry };
  };

const deleteEntry =
  (state: State) =>
  (input: DeleteAccessEntryCommandInput): Output<DeleteAccessEntryCommandOutput> => {
    if (!state.get(input.clusterName).entries.delete(input.principalArn ?? "")) throw noEntry();
    return {};
  };

/** The commands in front of the clusters. */
export const makeEksService = (options: EksOptions): { readonly handlers: AwsHandlers } => {
  const state = new State(options);
  return {
    handlers: {
      CreateCluster: create(state),
      DescribeCluster: (input: DescribeClusterCommandInput): Output<DescribeClusterCommandOutput> => ({
        cluster: describe(state, state.get(input.name)),
      }),
      DeleteCluster: remove(state),
      ListAccessEntries: listEntries(state),
      DescribeAccessEntry: describeEntry(state),
      CreateAccessEntry: createEntry(state),
      DeleteAccessEntry: deleteEntry(state),
    },
  };
};
