/** What Repot expects of AWS, asked of the simulated services; test/infra/moto.test.ts asks the same of moto. */

import { describe, expect, it } from "vitest";
import type { AwsClients } from "../../functions/step.ts";
import { CASES, PARTLY, UNVERIFIED } from "./aws-contract.ts";
import { makeBench } from "./harness.ts";
import { SIMULATED_WORLD, simulatedServices } from "./simulated-aws.ts";

const words = (text: string): readonly string[] => text.split(" ");
const NEEDS = {
  s3: ["GetObject", "PutObject", "ListBucket"],
  route53: words(
    "CreateHostedZone GetHostedZone DeleteHostedZone ListHostedZonesByName ChangeResourceRecordSets ListResourceRecordSets GetChange",
  ),
  eks: ["CreateCluster", "DescribeCluster", "DeleteCluster"],
  ec2: words("DescribeVpcs DescribeSubnets DescribeNatGateways DescribeSecurityGroups"),
  elb: words("DescribeLoadBalancers DescribeTargetGroups DescribeTargetHealth"),
  sfn: words("StartExecution DescribeExecution StopExecution ListExecutions SendTaskSuccess"),
  sqs: words("SendMessage GetQueueUrl GetQueueAttributes"),
  logs: ["StartQuery", "GetQueryResults"],
  sts: ["GetCallerIdentity"],
  secrets: ["GetSecretValue"],
};

describe("the simulated services", () => {
  it.each(CASES.map((c) => [`${c.service}: ${c.title}`, c] as const))("%s", async (_, { run, expected }) => {
    const { asStep } = makeBench(simulatedServices, { needs: NEEDS });
    expect(await asStep((aws: AwsClients) => run(aws, SIMULATED_WORLD))).toEqual(expected);
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
    // Only who was asked at all can be verified in part.
    expect(Object.keys(PARTLY).filter((service) => !asked.has(service as keyof AwsClients))).toEqual([]);
  });
});
