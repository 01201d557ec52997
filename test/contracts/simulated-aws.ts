/** The simulated services with what the contract's cases find there: the rehearsal's side of test/contracts/aws-contract.ts. */

import type { Clock } from "../../simulator/clock.ts";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeEc2 } from "../../simulator/services/ec2.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeElb } from "../../simulator/services/elb.ts";
import { makeLogs } from "../../simulator/services/logs.ts";
import { type BalancerView, makeSimulatedNetwork } from "../../simulator/services/network.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import type { AwsServices } from "../../simulator/services/seam-aws.ts";
import { makeSecrets } from "../../simulator/services/secrets.ts";
import { makeSfn } from "../../simulator/services/sfn.ts";
import { makeSqs, queueUrl } from "../../simulator/services/sqs.ts";
import { makeSqsAttributes } from "../../simulator/services/sqs-attributes.ts";
import { makeSts } from "../../simulator/services/sts.ts";
import { WAITING_MACHINE, type World } from "./aws-case.ts";
import { SLACK_APP } from "./aws-contract.ts";
import { makeDnsBench } from "./dns-bench.ts";

const SUBNETS = ["subnet-a", "subnet-b"];
const NAT_ADDRESS = "203.0.113.1";

const balancer = (name: string, targetGroups: BalancerView["targetGroups"]): BalancerView => ({
  name,
  dnsName: `${name}-123.elb.eu-central-1.amazonaws.com`,
  canonicalZoneId: "Z3F0SRJ5LGBH90",
  type: "network",
  isInternal: false,
  securityGroupIds: [],
  targetGroups,
});

const network = makeSimulatedNetwork({
  subnetIds: SUBNETS,
  egressAddresses: [NAT_ADDRESS],
  balancers: () => [
    balancer("k8s-shop-web", [
      {
        name: "web",
        port: 8080,
        protocol: "TCP",
        targets: [{ id: "10.0.0.7", port: 8080, state: "healthy" }],
      },
    ]),
    balancer("k8s-shop-api", []),
  ],
});

export const SIMULATED_WORLD: World = {
  bucket: "contract",
  secret: "slack",
  cluster: "target",
  vpcId: network.vpcs[0]?.id ?? "",
  subnetId: "subnet-b",
  natAddress: NAT_ADDRESS,
  balancers: ["k8s-shop-web", "k8s-shop-api"],
  queueUrl: queueUrl("votes"),
  queue: "mails",
  machineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:migrate-cluster",
  logGroup: "flows",
};

/** A cluster that can be made and isn't there. */
const eksOf = (clock: Clock) => {
  let exists = false;
  return makeEksService({
    clock,
    random: makeRandom(4),
    subnets: () => network.subnets,
    clusters: [
      {
        name: SIMULATED_WORLD.cluster,
        version: "1.34",
        exists: () => exists,
        create: () => {
          exists = true;
        },
        destroy: () => {
          exists = false;
        },
      },
    ],
  });
};

const engineOf = (clock: Clock) =>
  new Engine({
    clock,
    random: makeRandom(9),
    machines: { "migrate-cluster": WAITING_MACHINE } as unknown as ConstructorParameters<
      typeof Engine
    >[0]["machines"],
    invoke: async () => null,
    account: "111122223333",
    region: "eu-central-1",
  });

/** Votes go into the one, workers consume the other. */
const sqsOf = (clock: Clock) => {
  const { handlers } = makeSqs(
    { name: "votes", batchMax: 10, visibilitySeconds: 180, receivesMax: 3, deliver: async () => undefined },
    { clock, random: makeRandom(3) },
  );
  const work = { kind: "sqs", ready: 2, unacked: 0 } as const;
  const queues = { workQueues: () => ["votes", "mails"].map((name) => ({ ...work, name })) };
  const attributes = makeSqsAttributes({ now: () => clock.now(), queues: queues as never });
  return { ...handlers, ...attributes.handlers };
};

export const simulatedServices = (clock: Clock): AwsServices => ({
  s3: makeS3({ bucket: SIMULATED_WORLD.bucket, clock, random: makeRandom(1), onPut: () => {} }).handlers,
  route53: makeRoute53Service({
    zones: makeDnsBench({ clock, records: [] }).dns.zones,
    clock,
    random: makeRandom(2),
  }).handlers,
  eks: eksOf(clock).handlers,
  ec2: makeEc2(network).handlers,
  elb: makeElb(network).handlers,
  sfn: makeSfn(engineOf(clock)).handlers,
  sqs: sqsOf(clock),
  logs: makeLogs({ clock, random: makeRandom(6), groups: { [SIMULATED_WORLD.logGroup]: () => [] } }).handlers,
  sts: makeSts().handlers,
  secrets: makeSecrets({ [SIMULATED_WORLD.secret]: JSON.stringify(SLACK_APP) }).handlers,
});
