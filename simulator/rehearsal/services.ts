/** The composition root of a rehearsal: the official clients over the simulated services, and nothing else that a step could reach. */

import { SIDES } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Context } from "../../functions/step.ts";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { balancersOf } from "../services/balancers.ts";
import { DEPLOYED } from "../services/deployed.ts";
import { makeEc2 } from "../services/ec2.ts";
import { makeEksService } from "../services/eks.ts";
import { makeElb } from "../services/elb.ts";
import { makeKafkaPort } from "../services/kafka.ts";
import { makeLogs } from "../services/logs.ts";
import { makeMetricsService } from "../services/metrics.ts";
import { makeSimulatedNetwork } from "../services/network.ts";
import { makeProbes } from "../services/probes.ts";
import { makeRabbitmq } from "../services/rabbitmq.ts";
import { makeRoute53Service } from "../services/route53.ts";
import { makeS3, type Put, type S3Service } from "../services/s3.ts";
import type { Seam } from "../services/seam.ts";
import { type AwsServices, makeAwsClients } from "../services/seam-aws.ts";
import { makeAskDns, makeExchange, type Routes } from "../services/seam-wire.ts";
import { type Executions, makeSfn } from "../services/sfn.ts";
import { makeSqsAttributes } from "../services/sqs-attributes.ts";
import { type ChangeCalendar, makeSsm } from "../services/ssm.ts";
import { makeSts } from "../services/sts.ts";
import type { HttpService } from "../world/types.ts";
import type { Around } from "./around.ts";
import type { Deployment } from "./deployment.ts";
import type { RehearsedWorld } from "./world.ts";

export const BUCKET = "repot-memory";

/** Small, so that lists have a second page in every rehearsal; those after it are as long as S3 makes them. */
const KEYS_OF_FIRST_PAGE = 40;

const HOSTS = {
  kubernetes: { source: "source.kubernetes.repot", target: "target.kubernetes.repot" },
  metrics: { source: "source.metrics.repot", target: "target.metrics.repot" },
  slack: "slack.com",
} as const;

export type ServicesOptions = {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly random: Random;
  readonly seam: Seam;
  readonly world: RehearsedWorld;
  readonly around: Pick<Around, "slack" | "sqs" | "secrets">;
  readonly executions: Executions;
  readonly deployment: Deployment;
  readonly onPut: (put: Put) => void;
  readonly log: Context["log"];
};

export const makeServices = (
  options: ServicesOptions,
): { readonly context: () => Context; readonly s3: S3Service } => {
  const { clock, seam, world, around, log, deployment } = options;
  const s3 = makeS3({
    bucket: BUCKET,
    clock,
    random: options.random.fork("s3"),
    firstPageMax: KEYS_OF_FIRST_PAGE,
    onPut: options.onPut,
  });
  const routes: Routes = {
    ...Object.fromEntries(
      SIDES.flatMap((side) => [
        [
          HOSTS.kubernetes[side],
          {
            service: "kubernetes",
            side,
            handle: world.clusters[side].api,
            listens: () => world.clusters[side].exists(),
          },
        ],
        [
          HOSTS.metrics[side],
          { service: "metrics", side, handle: makeMetricsService(side, world.metrics, () => clock.now()) },
        ],
      ]),
    ),
    ...brokerRoutes(options),
    [HOSTS.slack]: { service: "slack", handle: around.slack.handle },
  };
  const brokers = options.plan.settings.kafka?.bootstrapServers;
  const handlers = awsHandlers(options, s3);
  // As a cold start makes it: what a function has kept in memory is gone with its process.
  const fresh = (): Context => ({
    aws: makeAwsClients(seam, handlers),
    http: makeExchange(seam, routes, makeProbes(options.plan, world)),
    askDns: makeAskDns(seam, world.dns),
    recalled: (key) => {
      seam.recalled("s3", "GetObject", { key });
    },
    kafka: makeKafkaPort(seam, world.kafka.brokers),
    endpoints: {
      kubernetes: {
        source: `https://${HOSTS.kubernetes.source}`,
        target: `https://${HOSTS.kubernetes.target}`,
      },
      metrics: { source: `https://${HOSTS.metrics.source}`, target: `https://${HOSTS.metrics.target}` },
      slack: `https://${HOSTS.slack}`,
    },
    bucket: BUCKET,
    // A rehearsal has the brokers that the plan names.
    deployed: { ...DEPLOYED, ...(brokers ? { kafkaBootstrapServers: brokers } : {}) },
    now: () => new Date(clock.now() + deployment.skewMs()),
    log,
  });
  return { context: deployment.of(fresh), s3 };
};

/** In AWS the exchange knows the password of a host; here the route does. */
const CREDENTIALS = "repot:rehearsal";
const AUTHORIZATION = `Basic ${Buffer.from(CREDENTIALS).toString("base64")}`;

/** The management APIs that the plan names. */
const brokerRoutes = ({ plan, clock, world }: ServicesOptions): Routes => {
  const broker = makeRabbitmq({
    now: () => clock.now(),
    queues: world.queues,
    credentials: CREDENTIALS,
  });
  const handle: HttpService = (request, caller) =>
    broker({ ...request, headers: { ...request.headers, authorization: AUTHORIZATION } }, caller);
  return Object.fromEntries(
    plan.settings.queues.flatMap(({ managementUrl }) =>
      managementUrl === undefined
        ? []
        : [[new URL(managementUrl).host, { service: "rabbitmq" as const, handle }]],
    ),
  );
};

const awsHandlers = (
  { plan, clock, random, world, executions, around }: ServicesOptions,
  s3: S3Service,
): AwsServices => {
  const { source, target } = plan.settings;
  const subnetIds = target.subnetIds ?? ASSUMED_SUBNETS;
  const network = makeSimulatedNetwork({
    subnetIds,
    egressAddresses: source.egressAddresses,
    // Pods are spread evenly.
    addressesInUse: () =>
      Math.ceil(
        (world.clusters.source.pods().length + world.clusters.target.pods().length) / subnetIds.length,
      ),
    balancers: () => balancersOf([world.clusters.source, world.clusters.target]),
  });
  const eks = makeEksService({
    clock,
    random: random.fork("eks"),
    // The source is run by hand: EKS knows nothing of it.
    clusters: [{ name: target.name, version: target.kubernetesVersion, ...world.clusters.target }],
    subnets: () => network.subnets,
  });
  return {
    s3: s3.handlers,
    route53: makeRoute53Service({ zones: world.dns.zones, clock, random: random.fork("route53") }).handlers,
    eks: eks.handlers,
    ec2: makeEc2(network).handlers,
    elb: makeElb(network).handlers,
    logs: makeLogs({
      clock,
      random: random.fork("logs"),
      groups: { [plan.settings.network.flowLogGroup]: world.flowRecords.between },
      lateSeconds: () => world.flowRecords.lateSeconds(),
    }).handlers,
    sfn: makeSfn(executions).handlers,
    ssm: makeSsm(clock, calendarsOf(plan)).handlers,
    sts: makeSts().handlers,
    sqs: {
      ...makeSqsAttributes({ now: () => clock.now(), queues: world.queues }).handlers,
      ...around.sqs.handlers,
    },
    secrets: around.secrets.handlers,
  };
};

/** The change calendars that the plan names, closed when it says so. */
const calendarsOf = ({ settings }: Plan): readonly ChangeCalendar[] =>
  (settings.window.changeCalendars ?? []).map(({ name, closed }) => ({
    name,
    closed: closed.map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) })),
  }));

/** The subnets that a plan without any of its own assumes. */
const ASSUMED_SUBNETS = ["subnet-assumed-a", "subnet-assumed-b"];
