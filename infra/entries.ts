/** The files that SST bundles: three lines for each function, which bring the step together with the clients that its needs name, made slim. */

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

/** What the composition root asks on the way: EKS where a cluster is, Secrets Manager for a broker's login. */
const WAYS: Readonly<
  Record<string, readonly [client: string, key: string, way: string, name: string, from: string]>
> = {
  kubernetes: [
    "eks",
    "describe",
    "(aws) => makeEksAddress(aws.eks)",
    "makeEksAddress",
    "adapters/eks-address.ts",
  ],
  kafka: ["secrets", "kafka", "makeDeployedKafka", "makeDeployedKafka", "lambda/kafka.ts"],
  rabbitmq: ["secrets", "login", "makeRabbitLogin", "makeRabbitLogin", "lambda/rabbitmq.ts"],
};

const waysOf = ({ needs }: Declared) =>
  Object.entries(WAYS).flatMap(([of, way]) => (of in needs ? [way] : []));

const servicesOf = (declared: Declared): readonly string[] => {
  const asked = waysOf(declared).map(([client]) => client);
  return Object.keys(CLIENTS).filter((service) => service in declared.needs || asked.includes(service));
};

const importing = (what: string, from: string): string => ["import", what, "from", `"${from}";`].join(" ");

/** The source of a function's entry, as it lies in `SOURCES`. */
export const entryText = (declared: Declared): string => {
  const services = servicesOf(declared);
  const imports = services.flatMap((service) => {
    const [name, from] = CLIENTS[service] ?? [];
    return name === undefined || from === undefined ? [] : [importing(`{ ${name} }`, from)];
  });
  const classes = services.map((service) => `${service}: ${CLIENTS[service]?.[0]}`).join(", ");
  const ways = waysOf(declared);
  const given = ways.map(([, key, way]) => `${key}: ${way}`).join(", ");
  return [
    ...imports,
    importing("* as file", `../../../functions/${declared.name}.ts`),
    importing("{ deployed }", "../../../lambda/root.ts"),
    ...ways.map(([, , , name, from]) => importing(`{ ${name} }`, `../../../${from}`)),
    `export const handler = deployed(file, "${declared.name}", { ${classes} }, { ${given} });`,
    "",
  ].join("\n");
};

/** The handler of a function as SST names it, once its entry is written. */
export const handlerOf = ({ name }: Pick<Declared, "name">): string => `${FOLDER}/${name}.handler`;

/** Writes the entries of all functions. @returns which files went into which of them. */
export const writeEntries = async (all: readonly Declared[], root: string): Promise<Metafile> => {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  mkdirSync(join(root, SOURCES), { recursive: true });
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
