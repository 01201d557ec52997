/** What Repot expects of AWS, asked of the simulated services; test/infra/moto.test.ts asks the same of moto. */

import { describe, expect, it } from "vitest";
import type { AwsClients } from "../../functions/step.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeEksService } from "../../simulator/services/eks.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import { makeSecrets } from "../../simulator/services/secrets.ts";
import { makeSts } from "../../simulator/services/sts.ts";
import { CASES, SLACK_APP, UNVERIFIED } from "./aws-contract.ts";
import { makeDnsBench } from "./dns-bench.ts";
import { makeBench } from "./harness.ts";

const WORLD = { bucket: "contract", secret: "slack", cluster: "target" };
const NEEDS = {
  s3: ["GetObject", "PutObject", "ListBucket"],
  route53:
    "CreateHostedZone GetHostedZone DeleteHostedZone ListHostedZonesByName ChangeResourceRecordSets ListResourceRecordSets GetChange".split(
      " ",
    ),
  eks: ["CreateCluster", "DescribeCluster", "DeleteCluster"],
  sts: ["GetCallerIdentity"],
  secrets: ["GetSecretValue"],
};
const SUBNETS = ["subnet-a", "subnet-b"].map((id, i) => ({
  id,
  vpcId: "vpc-1",
  zone: `eu-central-1${"ab"[i]}`,
}));

const bench = () => {
  let exists = false;
  return makeBench(
    (clock) => ({
      s3: makeS3({ bucket: WORLD.bucket, clock, random: makeRandom(1), onPut: () => {} }).handlers,
      route53: makeRoute53Service({
        zones: makeDnsBench({ clock, records: [] }).dns.zones,
        clock,
        random: makeRandom(2),
      }).handlers,
      eks: makeEksService({
        clock,
        random: makeRandom(4),
        subnets: () => SUBNETS,
        clusters: [
          {
            name: WORLD.cluster,
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
      }).handlers,
      sts: makeSts().handlers,
      secrets: makeSecrets({ [WORLD.secret]: JSON.stringify(SLACK_APP) }).handlers,
    }),
    { needs: NEEDS },
  );
};

describe("the simulated services", () => {
  it.each(CASES.map((c) => [`${c.service}: ${c.title}`, c] as const))("%s", async (_, { run, expected }) => {
    const { asStep } = bench();
    expect(await asStep((aws: AwsClients) => run(aws, WORLD))).toEqual(expected);
  });
});

describe("the contract", () => {
  it("names for each case who else was asked, or which page says so and why nobody was", () => {
    for (const { title, source, unlike } of CASES)
      expect(source === "moto", title).toBe(unlike === undefined);
  });

  it("has a case for each service, or says that it is unverified and why", () => {
    const asked = new Set(CASES.map((c) => c.service));
    const services: readonly (keyof AwsClients)[] = [
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
    for (const service of services) expect(asked.has(service) !== service in UNVERIFIED, service).toBe(true);
  });
});
