/** How long Lambda's Node takes to import a bundle: each time in a process of its own, with the environment that infra gives. */

import { spawnSync } from "node:child_process";
import { median } from "../bench/table.ts";

const CLUSTER = { name: "c", metrics: "https://metrics.example" };
export const ENVIRONMENT = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  POWERTOOLS_SERVICE_NAME: "repot",
  REPOT_BUCKET: "memory",
  REPOT_CLUSTERS: JSON.stringify({ source: CLUSTER, target: CLUSTER }),
  REPOT_MACHINE_ARN: "arn:aws:states:eu-central-1:111122223333:stateMachine:repot-test-MACHINE",
  REPOT_SLACK_SECRET: "slack",
  REPOT_VOTES_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/111122223333/votes",
} as const;

const PROGRAM = `const before = performance.now();
import(process.argv[1]).then((module) => console.log(performance.now() - before, typeof module.handler));`;

/** @returns milliseconds of one import. @throws Error where the bundle doesn't export a handler. */
export const importOnceMs = (file: string): number => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", PROGRAM, file], {
    env: { ...ENVIRONMENT },
    encoding: "utf8",
  });
  const [ms = "", kind] = stdout.trim().split(" ");
  if (kind !== "function") throw new Error(`${file} exports no handler: ${stderr}`);
  return Number(ms);
};

export const importMs = (file: string, rounds = 10): number =>
  median(Array.from({ length: rounds }, () => importOnceMs(file)));
