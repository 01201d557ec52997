/**
 * The composition root in AWS: the official clients that a step's needs name, the ways out, the clock. Made once for each execution
 * environment, by the entries that infra/entries.ts writes.
 */

import { makeAskDns } from "../adapters/dns-udp.ts";
import type { Kafka } from "../adapters/kafka.ts";
import { type Handler, makeHandler } from "../functions/handler.ts";
import type { AwsClients, Context, Step } from "../functions/step.ts";
import { type Address, API_HOSTS, makeWayOut } from "./clusters.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import type { makeDeployedKafka } from "./kafka.ts";
import type { makeRabbitLogin } from "./rabbitmq.ts";

type Service = keyof AwsClients;
type Settings = {
  readonly region: string;
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
};
/** The official clients' classes, as far as a function is bundled with them: each a module of its own, loaded when it is first called. */
export type Loaders = { readonly [S in Service]?: () => Promise<new (settings: Settings) => AwsClients[S]> };

const SERVICES: readonly Service[] = [
  "route53",
  "eks",
  "ec2",
  "elb",
  "s3",
  "sfn",
  "ssm",
  "sts",
  "logs",
  "sqs",
  "secrets",
];

/** One attempt each, and no waiting beyond what a step has: retries live in the state machines. */
const settingsOf = (region: string): Settings => ({
  region,
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000 },
});

type Sendable = { readonly send: (...sent: readonly unknown[]) => Promise<unknown> };

/** A client that can be sent to, which is all that adapters do with one. An import is a cold start, and not every run needs every client: what is sent first loads it. */
const whenSent = (load: () => Promise<new (settings: Settings) => unknown>, region: string): Sendable => {
  let client: Promise<Sendable> | undefined;
  return {
    send: async (...sent) => {
      client ??= load().then((Client) => new Client(settingsOf(region)) as Sendable);
      try {
        await client;
      } catch (error) {
        client = undefined;
        throw error;
      }
      return (await client).send(...sent);
    },
  };
};

/** The clients of a function; one that its needs don't name is an error with the name of the service, not a call that IAM would deny. */
const clientsOf = (loaders: Loaders, region: string, step: string): AwsClients => {
  const clients = {};
  for (const service of SERVICES) {
    const load = loaders[service];
    const client = load && whenSent(load, region);
    Object.defineProperty(clients, service, {
      get: () => {
        if (client) return client;
        throw new Error(
          `${step} declares nothing of ${service} in its needs, so it was deployed without it.`,
        );
      },
    });
  }
  return clients as AwsClients;
};

/** A function that declares nothing of Kafka was deployed without its client. */
const undeclaredKafka = (step: string): Kafka =>
  new Proxy({} as Kafka, {
    get: () => async () => {
      throw new Error(`${step} declares nothing of kafka in its needs, so it was deployed without it.`);
    },
  });

const contextOf = (
  environment: Environment,
  aws: AwsClients,
  ways: Ways,
  step: string,
): Omit<Context, "log"> => {
  const { source, target } = environment.REPOT_CLUSTERS;
  const { kafka, rabbitmq } = environment.REPOT_BROKERS;
  const now = () => new Date();
  const secrets = () => aws.secrets;
  return {
    aws,
    http: makeWayOut({
      environment,
      now,
      describe: ways.describe?.(aws) ?? (async () => undefined),
      ...(ways.login ? { login: ways.login(rabbitmq, secrets) } : {}),
    }),
    kafka: ways.kafka?.({ brokers: kafka, secrets, now }) ?? undeclaredKafka(step),
    askDns: makeAskDns({ timeoutMs: 3_000, port: 53 }),
    endpoints: {
      kubernetes: { source: `https://${API_HOSTS.source}`, target: `https://${API_HOSTS.target}` },
      metrics: { source: source.metrics, target: target.metrics },
      slack: "https://slack.com",
    },
    bucket: environment.REPOT_BUCKET,
    deployed: {
      machineArn: (machine) => environment.REPOT_MACHINE_ARN.replace("MACHINE", machine),
      votesQueueUrl: environment.REPOT_VOTES_QUEUE_URL,
      slackSecretId: environment.REPOT_SLACK_SECRET,
      kafkaBootstrapServers: kafka?.bootstrapServers ?? [],
    },
    now,
  };
};

const isStep = (value: unknown, name: string): value is Step =>
  typeof value === "object" && value !== null && "run" in value && "name" in value && value.name === name;

/** Ways that only those functions are bundled with which declare them. */
export type Ways = {
  /** How EKS is asked where a cluster is. */
  readonly describe?: (aws: AwsClients) => (name: string) => Promise<Address | undefined>;
  readonly kafka?: typeof makeDeployedKafka;
  readonly login?: typeof makeRabbitLogin;
};

/** @param file A file of functions/ with all that it exports; the step is found in it by its name. */
export const deployed = (file: object, name: string, loaders: Loaders, ways: Ways = {}): Handler => {
  const step = Object.values(file).find((value) => isStep(value, name)) as Step | undefined;
  if (!step) throw new Error(`functions/${name}.ts exports no step that is called ${name}.`);
  const environment = readEnvironment(process.env);
  const aws = clientsOf(loaders, environment.AWS_REGION, name);
  return makeHandler(step, contextOf(environment, aws, ways, name));
};
