/** The files that SST bundles: a few lines for each function, which bring the step together with the clients that its needs name, made slim. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import type { Declared } from "../domain/permissions/policy.ts";
import { slim } from "./slim.ts";

/** The official clients, by their service in `needs`. */
const CLIENTS: Readonly<Record<string, readonly [name: string, from: string]>> = {
  ec2: ["EC2Client", "@aws-sdk/client-ec2"],
  eks: ["EKSClient", "@aws-sdk/client-eks"],
  elb: ["ElasticLoadBalancingV2Client", "@aws-sdk/client-elastic-load-balancing-v2"],
  logs: ["CloudWatchLogsClient", "@aws-sdk/client-cloudwatch-logs"],
  route53: ["Route53Client", "@aws-sdk/client-route-53"],
  s3: ["S3Client", "@aws-sdk/client-s3"],
  secrets: ["SecretsManagerClient", "@aws-sdk/client-secrets-manager"],
  sfn: ["SFNClient", "@aws-sdk/client-sfn"],
  sqs: ["SQSClient", "@aws-sdk/client-sqs"],
  ssm: ["SSMClient", "@aws-sdk/client-ssm"],
  sts: ["STSClient", "@aws-sdk/client-sts"],
};

/** Where the entries are written, from the root; git doesn't know the folder. */
const FOLDER = ".sst/entries";
const SOURCES = `${FOLDER}/source`;

const importing = (what: string, from: string): string => ["import", what, "from", `"${from}";`].join(" ");
const importingLater = (from: string): string => ["import(", `"../../../${from}"`, ")"].join("");

/** What the composition root asks on the way: EKS where a cluster is, Secrets Manager for a broker's login. A way that is rarely gone is loaded when it is. */
const WAYS: Readonly<Record<string, Way>> = {
  kubernetes: {
    client: "eks",
    text: `describe: (aws) => async (name) => (await ${importingLater("adapters/eks-address.ts")}).makeEksAddress(aws.eks)(name)`,
  },
  kafka: {
    client: "secrets",
    text: "kafka: makeDeployedKafka",
    imports: ["makeDeployedKafka", "lambda/kafka.ts"],
  },
  rabbitmq: {
    client: "secrets",
    text: "login: makeRabbitLogin",
    imports: ["makeRabbitLogin", "lambda/rabbitmq.ts"],
  },
};

type Way = {
  readonly client: string;
  readonly text: string;
  readonly imports?: readonly [name: string, from: string];
};

const waysOf = ({ needs }: Declared) =>
  Object.entries(WAYS).flatMap(([of, way]) => (of in needs ? [way] : []));

const servicesOf = (declared: Declared): readonly string[] => {
  const asked = waysOf(declared).map(({ client }) => client);
  return Object.keys(CLIENTS).filter((service) => service in declared.needs || asked.includes(service));
};

/** The source of a function's entry, as it lies three folders below the root. @param file Where the step is. */
export const entryText = (declared: Declared, file = `functions/${declared.name}.ts`): string => {
  const ways = waysOf(declared);
  const loaders = servicesOf(declared).map(
    (service) =>
      `${service}: () => import("./clients/${service}.ts").then((client) => client.${CLIENTS[service]?.[0]})`,
  );
  return [
    importing("* as file", `../../../${file}`),
    importing("{ deployed }", "../../../lambda/root.ts"),
    ...ways.flatMap(({ imports }) =>
      imports ? [importing(`{ ${imports[0]} }`, `../../../${imports[1]}`)] : [],
    ),
    `const clients = { ${loaders.join(", ")} };`,
    `const ways = { ${ways.map(({ text }) => text).join(", ")} };`,
    `export const handler = deployed(file, "${declared.name}", clients, ways);`,
    "",
  ].join("\n");
};

/** A module for each client with nothing but its class: an import of the whole package would bring all its commands. */
export const writeClients = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const [service, [name, from]] of Object.entries(CLIENTS))
    writeFileSync(join(folder, `${service}.ts`), `export { ${name} } from "${from}";\n`);
};

/** The handler of a function as SST names it, once its entry is written. */
export const handlerOf = ({ name }: Pick<Declared, "name">): string => `${FOLDER}/${name}.handler`;

/** Writes the entries of all functions. @returns which files went into which of them. */
export const writeEntries = async (all: readonly Declared[], root: string): Promise<Metafile> => {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  writeClients(join(root, SOURCES, "clients"));
  const sources = all.map((declared) => {
    const path = join(root, SOURCES, `${declared.name}.ts`);
    writeFileSync(path, entryText(declared));
    return path;
  });
  return slim(sources, join(root, FOLDER), root);
};

/** How SST bundles each: ES modules, split at dynamic imports, the SDK inside; the source map is neither made nor shipped. */
export const BUNDLING = {
  format: "esm",
  minify: true,
  splitting: true,
  esbuild: { target: "node24" },
} as const;
