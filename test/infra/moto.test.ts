/** What Repot expects of AWS, asked of moto's server through the real SDK, over the wire; and of the deployed functions' own composition root. */

import { EKSClient } from "@aws-sdk/client-eks";
import { Route53Client } from "@aws-sdk/client-route-53";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsClients } from "../../functions/step.ts";
import { CASES, SLACK_APP } from "../contracts/aws-contract.ts";
import { bundleOf } from "./bundle.ts";
import { contract } from "./contract-step.ts";
import { invoke } from "./import-time.ts";
import { type Moto, startMoto } from "./moto.ts";

const WORLD = { bucket: "contract", secret: "slack", cluster: "target" };

let moto: Moto;
let aws: AwsClients | undefined;

beforeAll(async () => {
  moto = await startMoto();
  aws = await prepare(moto.endpoint);
});

/** What is there before: as the contract has it. @returns the SDK's clients as they are. */
const prepare = async (endpoint: string): Promise<AwsClients> => {
  await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
  const options = {
    endpoint,
    region: "eu-central-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const secrets = new SecretsManagerClient(options);
  const location = { LocationConstraint: "eu-central-1" } as const;
  await s3.send(new CreateBucketCommand({ Bucket: WORLD.bucket, CreateBucketConfiguration: location }));
  await secrets.send(
    new CreateSecretCommand({ Name: WORLD.secret, SecretString: JSON.stringify(SLACK_APP) }),
  );
  const clients: Partial<AwsClients> = {
    s3,
    secrets,
    route53: new Route53Client(options),
    eks: new EKSClient(options),
    sts: new STSClient(options),
  };
  return clients as AwsClients;
};

afterAll(() => {
  moto.stop();
});

const asked = CASES.filter((c) => c.source === "moto").map((c) => [`${c.service}: ${c.title}`, c] as const);

describe("moto", () => {
  it.each(asked)("%s", async (_, { run, expected }) => {
    if (!aws) throw new Error("There are no clients.");
    expect(await run(aws, WORLD)).toEqual(expected);
  });
});

describe("a function's bundle", () => {
  it("asks the same and is answered the same, with what was left out of the SDK and of Node", async () => {
    const needs = Object.fromEntries(asked.map(([, { service }]) => [service, []]));
    const file = await bundleOf({ ...contract, needs }, "test/infra/contract-step.ts");
    await prepare(moto.endpoint);
    const answers = JSON.parse(invoke(file, WORLD, { AWS_ENDPOINT_URL: moto.endpoint }));
    const expected = asked.map(([title, one]) => [title, one.expected ?? null] as const);
    expect(answers).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))));
  });
});
