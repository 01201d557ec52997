/** A Lambda function for each step and each listener, with a role that its `needs` amount to and nothing more. */

import { functionArn, functionName, machineArn, secretName } from "../domain/permissions/place.ts";
import { baselineOf, isInVpc, policyOf, trustOf } from "../domain/permissions/policy.ts";
import { steps } from "../functions/index.ts";
import type { Listener } from "../functions/listener.ts";
import { listeners } from "../functions/listeners.ts";
import type { Step } from "../functions/step.ts";
import { BUNDLING, handlerOf, writeEntries } from "./entries.ts";
import type { Queues } from "./queues.ts";
import { logDays, type Stage } from "./stage.ts";
import type { Storage } from "./storage.ts";

/** With effects on the platform: the fence relies on it. */
const STEP_SECONDS = 30;

export type Functions = ReadonlyMap<string, sst.aws.Function>;

const isListener = (step: Step): step is Listener => "trigger" in step;

/** `scale-workload` is ScaleWorkload among the resources. */
export const resourceName = (name: string): string =>
  name.replace(/(^|-)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());

export const makeFunctions = async (stage: Stage, storage: Storage, queues: Queues): Promise<Functions> => {
  const all = [...steps, ...listeners];
  await writeEntries(all, $cli.paths.root);
  return new Map(all.map((step) => [step.name, makeFunction(stage, storage, queues, step)]));
};

const makeFunction = (stage: Stage, storage: Storage, queues: Queues, step: Step): sst.aws.Function => {
  const { place, deployment } = stage;
  const name = functionName(place, step.name);
  const { subnetIds, securityGroupIds } = deployment.network;
  const logGroup = new aws.cloudwatch.LogGroup(
    `${resourceName(step.name)}Logs`,
    { name: `/aws/lambda/${name}`, retentionInDays: logDays(stage) },
    { retainOnDelete: stage.isProduction },
  );
  return new sst.aws.Function(
    resourceName(step.name),
    {
      name,
      description: step.does.slice(0, 256),
      handler: handlerOf(step),
      runtime: "nodejs24.x",
      architecture: "arm64",
      memory: "512 MB",
      timeout: `${isListener(step) ? step.timeoutSeconds : STEP_SECONDS} seconds`,
      nodejs: { ...BUNDLING },
      environment: environmentOf(stage, queues, step),
      logging: { logGroup: logGroup.name, format: "json" },
      role: makeRole(stage, storage, step).arn,
      ...(isInVpc(step) ? { vpc: { privateSubnets: subnetIds, securityGroups: securityGroupIds } } : {}),
      transform: {
        function: (args) => {
          args.tracingConfig = { mode: "PassThrough" };
        },
      },
    },
    { dependsOn: [logGroup] },
  );
};

/** Names and addresses, never a secret: those are read where they are used. */
const environmentOf = (stage: Stage, queues: Queues, step: Step): Record<string, $util.Input<string>> => {
  const { place, deployment, isProduction } = stage;
  const { source, target } = deployment;
  return {
    POWERTOOLS_SERVICE_NAME: "repot",
    POWERTOOLS_LOG_LEVEL: isProduction ? "INFO" : "DEBUG",
    REPOT_BROKERS: JSON.stringify(brokersOf(stage)),
    REPOT_BUCKET: place.bucket,
    REPOT_CLUSTERS: JSON.stringify({ source: clusterOf(source), target: clusterOf(target) }),
    REPOT_MACHINE_ARN: machineArn(place, "MACHINE"),
    REPOT_SLACK_SECRET: secretName(place, "slack"),
    REPOT_STEP: step.name,
    REPOT_VOTES_QUEUE_URL: queues.votes.url,
  };
};

/** What a function has to know of a cluster. */
const clusterOf = ({ accessEntries: _, ...cluster }: Stage["deployment"]["source"]) => cluster;

/** As lambda/environment.ts reads it: where the brokers are, and which secret has the login. */
const brokersOf = ({ place, deployment: { kafka, rabbitmq } }: Stage) => ({
  ...(kafka ? { kafka: { ...kafka, secret: secretName(place, "kafka") } } : {}),
  ...(rabbitmq ? { rabbitmq: { ...rabbitmq, secret: secretName(place, "rabbitmq") } } : {}),
});

/** SST's own role trusts the whole account: this one trusts Lambda, for this function. */
const makeRole = (stage: Stage, { key }: Storage, step: Step): aws.iam.Role => {
  const { place } = stage;
  const name = functionName(place, step.name);
  const role = new aws.iam.Role(`${resourceName(step.name)}Role`, {
    name,
    description: `What ${step.name} declares in its needs`,
    assumeRolePolicy: JSON.stringify(
      trustOf({ ...place, keyArn: "" }, "lambda.amazonaws.com", functionArn(place, step.name)),
    ),
  });
  const policy = key.arn.apply((keyArn) => {
    const whole = { ...place, keyArn };
    const { Version, Statement } = policyOf(whole, step);
    return JSON.stringify({ Version, Statement: [...Statement, ...baselineOf(whole, step)] });
  });
  new aws.iam.RolePolicy(`${resourceName(step.name)}Policy`, { name: "needs", role: role.name, policy });
  return role;
};
