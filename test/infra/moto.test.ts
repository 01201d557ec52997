/** What Repot expects of AWS, asked of moto's server through the real SDK, over the wire; and of the deployed functions' own composition root. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
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
import { ROOT } from "./setup.ts";

const VENV = join(ROOT, ".sst/moto");
const REQUIREMENTS = join(import.meta.dirname, "moto-requirements.txt");
const WORLD = { bucket: "contract", secret: "slack", cluster: "target" };
const START_MS_MAX = 60_000;

/** A Python of its own with moto in it, once for each list of requirements. */
const install = (): void => {
  const mark = join(VENV, "installed");
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  rmSync(VENV, { recursive: true, force: true });
  execFileSync("python3", ["-m", "venv", VENV], { stdio: "pipe" });
  execFileSync(
    join(VENV, "bin/pip"),
    ["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS],
    {
      stdio: "pipe",
    },
  );
  writeFileSync(mark, wanted);
};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

let server: ChildProcess | undefined;
let endpoint = "";
let aws: AwsClients | undefined;

beforeAll(async () => {
  install();
  const port = await freePort();
  server = spawn(join(VENV, "bin/moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  endpoint = `http://127.0.0.1:${port}`;
  const until = performance.now() + START_MS_MAX;
  while (
    !(await fetch(`${endpoint}/moto-api/`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (performance.now() > until) throw new Error("moto's server did not start.");
    await new Promise((wait) => setTimeout(wait, 200));
  }
  aws = await prepare(endpoint);
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
  server?.kill();
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
    await prepare(endpoint);
    const answers = JSON.parse(invoke(file, WORLD, { AWS_ENDPOINT_URL: endpoint }));
    const expected = asked.map(([title, one]) => [title, one.expected ?? null] as const);
    expect(answers).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))));
  });
});
