/** The command line as a process of its own against moto's server: Ctrl-C detaches from what is followed, by a real signal, and stops nothing. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keys } from "../../domain/journal.ts";
import { planText } from "../../domain/planning/build.ts";
import { planned } from "../rehearsals/small.ts";
import { type Moto, startMoto } from "./moto.ts";
import { ROOT } from "./setup.ts";

const REGION = "eu-central-1";
/** moto's own. */
const ACCOUNT = "123456789012";
const BUCKET = `repot-dev-memory-${ACCOUNT}`;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: REGION };

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto.stop());

/** A migration that runs, on record. @returns its execution's ARN. */
const running = async (): Promise<{ readonly arn: string; readonly sfn: SFNClient }> => {
  const options = {
    endpoint: moto.endpoint,
    region: REGION,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const [s3, sfn] = [new S3Client({ ...options, forcePathStyle: true }), new SFNClient(options)];
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: "repot-dev-migrate-cluster",
      roleArn: `arn:aws:iam::${ACCOUNT}:role/r`,
      definition: JSON.stringify({
        StartAt: "Wait",
        States: { Wait: { Type: "Wait", Seconds: 9_000, End: true } },
      }),
    }),
  );
  const { plan, hash } = planned();
  const { executionArn: arn = "" } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: plan.migration, input: "{}" }),
  );
  await s3.send(
    new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  await put(keys.plan(hash), planText(plan));
  await put(keys.started(plan.migration, arn), JSON.stringify({ plan: hash, requester: null }));
  return { arn, sfn };
};

it("Ctrl-C detaches from a run that is followed, and the run goes on", async () => {
  const { arn, sfn } = await running();
  const { migration } = planned().plan;
  const child = spawn(
    process.execPath,
    [join(ROOT, "cli/repot.mjs"), "events", migration, "--follow", "--json", "--stage", "dev"],
    { env: { PATH: process.env["PATH"] ?? "", ...CREDENTIALS, AWS_ENDPOINT_URL: moto.endpoint } },
  );
  const said = { stdout: "", stderr: "" };
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
      if (text.includes("\n")) resolve();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr += text;
    });
    child.on("close", () => resolve());
  });
  child.kill("SIGINT");
  expect([await ended, said.stderr]).toEqual([
    130,
    `repot: Detached. ${migration} goes on by itself; \`repot events ${migration} --follow\` shows it again, \`repot rollback ${migration}\` takes it back.\n`,
  ]);
  expect((await sfn.send(new DescribeExecutionCommand({ executionArn: arn }))).status).toBe("RUNNING");
}, 60_000);
