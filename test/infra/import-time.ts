/**
 * What Node takes to import a bundle, each time in a process of its own with the environment that infra gives: the time on the wall, and the
 * processor's, which a busy machine doesn't make longer by its queue.
 */

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

const PROGRAM = `const cpu = process.cpuUsage(), before = performance.now();
import(process.argv[1]).then((module) => {
  const { user, system } = process.cpuUsage(cpu);
  console.log(performance.now() - before, (user + system) / 1000, typeof module.handler);
});`;

/** Milliseconds. */
export type ImportTime = { readonly wallMs: number; readonly processorMs: number };

/** One import. @throws Error where the bundle doesn't export a handler. */
export const importOnce = (file: string): ImportTime => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", PROGRAM, file], {
    env: { ...ENVIRONMENT },
    encoding: "utf8",
  });
  const [wall = "", processor = "", kind] = stdout.trim().split(" ");
  if (kind !== "function") throw new Error(`${file} exports no handler: ${stderr}`);
  return { wallMs: Number(wall), processorMs: Number(processor) };
};

const INVOKE = `const { handler } = await import(process.argv[1]);
await handler(JSON.parse(process.argv[2])).then(
  (answer) => console.log("\\nSAID", JSON.stringify(answer)),
  (error) => console.log("\\nSAID", error.name + ": " + error.message),
);
process.exit(0);`;

/** Calls a bundle's handler in a process of its own. @returns its answer as JSON, or its error's name and message. */
export const invoke = (
  file: string,
  event: object,
  environment: Readonly<Record<string, string>>,
): string => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", INVOKE, file, JSON.stringify(event)],
    { env: { ...ENVIRONMENT, ...environment }, encoding: "utf8" },
  );
  const said = /^SAID (.*)$/m.exec(stdout)?.[1];
  if (said === undefined) throw new Error(`${file} said nothing: ${stdout} ${stderr}`);
  return said;
};

/** Medians. */
export const importTime = (file: string, rounds = 10): ImportTime => {
  const times = Array.from({ length: rounds }, () => importOnce(file));
  return {
    wallMs: median(times.map((t) => t.wallMs)),
    processorMs: median(times.map((t) => t.processorMs)),
  };
};
