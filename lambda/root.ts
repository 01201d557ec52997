/**
 * The composition root in AWS: the official clients that a step's needs name, the ways out, the clock. Made once for each execution
 * environment, by the three-line entries that infra/entries.ts writes.
 */

import { makeAskDns } from "../adapters/dns-udp.ts";
import type { Kafka } from "../adapters/kafka.ts";
import { Refused } from "../domain/errors.ts";
import { type Handler, makeHandler } from "../functions/handler.ts";
import type { AwsClients, Context, Step } from "../functions/step.ts";
import { type Address, API_HOSTS, makeWayOut } from "./clusters.ts";
import { type Environment, readEnvironment } from "./environment.ts";

type Service = keyof AwsClients;
type Settings = {
  readonly region: string;
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
};
/** Classes of the official clients, as far as a function is bundled with them. */
export type Classes = { readonly [S in Service]?: new (settings: Settings) => AwsClients[S] };

const SERVICES: readonly Service[] = [
  "route53",
  "eks",
  "ec2",
  "elb",
  "s3",
  "sfn",
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

/** The clients of a function; one that its needs don't name is an error with the name of the service, not a call that IAM would deny. */
const clientsOf = (classes: Classes, region: string, step: string): AwsClients => {
  const clients = {};
  for (const service of SERVICES) {
    const Client = classes[service];
    let client: AwsClients[typeof service] | undefined;
    Object.defineProperty(clients, service, {
      get: () => {
        // Made when it is asked for: an import is a cold start, and not every run of a function needs every client.
        client ??= Client ? new Client(settingsOf(region)) : undefined;
        if (client) return client;
        throw new Error(
          `${step} declares nothing of ${service} in its needs, so it was deployed without it.`,
        );
      },
    });
  }
  return clients as AwsClients;
};

/** No client for real brokers is bundled yet: whoever asks is told so, and nothing is taken for drained or joined. */
const noKafka: Kafka = new Proxy({} as Kafka, {
  get: () => async () => {
    throw new Refused(
      "This deployment has no Kafka client, so nothing is known of groups. Leave them on the source.",
    );
  },
});

const contextOf = (environment: Environment, aws: AwsClients, describe: Describe): Omit<Context, "log"> => {
  const { source, target } = environment.REPOT_CLUSTERS;
  const now = () => new Date();
  return {
    aws,
    http: makeWayOut({ environment, now, describe: describe(aws) }),
    kafka: noKafka,
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
    },
    now,
  };
};

const isStep = (value: unknown, name: string): value is Step =>
  typeof value === "object" && value !== null && "run" in value && "name" in value && value.name === name;

/** How EKS is asked where a cluster is; only functions that speak to one are bundled with it. */
export type Describe = (aws: AwsClients) => (name: string) => Promise<Address | undefined>;

const asksNobody: Describe = () => async () => undefined;

/** @param file A file of functions/ with all that it exports; the step is found in it by its name. */
export const deployed = (
  file: object,
  name: string,
  classes: Classes,
  describe: Describe = asksNobody,
): Handler => {
  const step = Object.values(file).find((value) => isStep(value, name)) as Step | undefined;
  if (!step) throw new Error(`functions/${name}.ts exports no step that is called ${name}.`);
  const environment = readEnvironment(process.env);
  return makeHandler(
    step,
    contextOf(environment, clientsOf(classes, environment.AWS_REGION, name), describe),
  );
};
