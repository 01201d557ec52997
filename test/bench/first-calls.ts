/**
 * What a function's first call of a client costs beyond its second: the client's module is loaded, the client is made, credentials are found. The
 * import of a function doesn't count that, since clients come with the first call. Nobody answers: the calls are refused by the machine itself.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleOf } from "../infra/bundle.ts";
import { invoke } from "../infra/import-time.ts";
import { ROOT } from "../infra/setup.ts";
import { figure, median, type Row, section } from "./table.ts";

const ROUNDS = 10;
const FOLDER = ".sst/first-calls";
/** Nothing listens there. */
const NOBODY = "http://127.0.0.1:9";

/** A cheap call of each client that a function may have. */
const CALLS: Readonly<Record<string, readonly [from: string, command: string, input: object]>> = {
  ec2: ["client-ec2", "DescribeSubnetsCommand", {}],
  eks: ["client-eks", "DescribeClusterCommand", { name: "c" }],
  elb: ["client-elastic-load-balancing-v2", "DescribeLoadBalancersCommand", {}],
  logs: ["client-cloudwatch-logs", "GetQueryResultsCommand", { queryId: "q" }],
  route53: ["client-route-53", "GetHostedZoneCommand", { Id: "Z1" }],
  s3: ["client-s3", "GetObjectCommand", { Bucket: "memory", Key: "k" }],
  secrets: ["client-secrets-manager", "GetSecretValueCommand", { SecretId: "s" }],
  sfn: [
    "client-sfn",
    "DescribeExecutionCommand",
    { executionArn: "arn:aws:states:eu-central-1:111122223333:execution:m:e" },
  ],
  sqs: ["client-sqs", "SendMessageCommand", { QueueUrl: `${NOBODY}/111122223333/votes`, MessageBody: "{}" }],
  ssm: ["client-ssm", "GetCalendarStateCommand", { CalendarNames: ["c"] }],
  sts: ["client-sts", "GetCallerIdentityCommand", {}],
};

/** A step that sends twice to each service and says what each call took; as adapters do, it names its commands and not its clients. */
const probeText = (name: string, services: readonly string[]): string => {
  const calls = services.map((service) => ({ service, call: CALLS[service] }));
  const imports = calls.map(({ call }) => `import { ${call?.[1]} } from "@aws-sdk/${call?.[0]}";`);
  const sends = calls.map(
    ({ service, call }) =>
      `await twice(() => aws.${service}.send(new ${call?.[1]}(${JSON.stringify(call?.[2])})))`,
  );
  return `${imports.join("\n")}
import * as z from "zod";
import { step } from "../../functions/step.ts";
const twice = async (send) => {
  const took = [];
  for (let n = 0; n < 2; n += 1) {
    const cpu = process.cpuUsage(), before = performance.now();
    const error = await send().catch((e) => String(e.code ?? e.name));
    const { user, system } = process.cpuUsage(cpu);
    took.push({ wallMs: performance.now() - before, processorMs: (user + system) / 1000, error });
  }
  return took;
};
export const probe = step({
  name: "${name}", does: "Sends twice to each.", input: z.object({}), needs: {},
  run: async (_, { aws }) => [${sends.join(", ")}].at(-1),
});
`;
};

/** @param services The last is measured; those before it have been called already. */
const probeOf = async (services: readonly string[]): Promise<string> => {
  const name = `first-${services.join("-")}`;
  const file = `${FOLDER}/${name}.ts`;
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  writeFileSync(join(ROOT, file), probeText(name, services));
  return bundleOf({ name, needs: Object.fromEntries(services.map((service) => [service, []])) }, file);
};

type Took = { readonly wallMs: number; readonly processorMs: number; readonly error: unknown };

/** @throws Error where the calls came to something else than the machine's own refusal: then other things were measured. */
const measured = (service: string, bundle: string): readonly [first: Took, second: Took] => {
  const said = invoke(bundle, {}, { AWS_ENDPOINT_URL: NOBODY });
  const took = said.startsWith("[") ? (JSON.parse(said) as readonly Took[]) : [];
  const [first, second] = took;
  if (!first || !second || took.some(({ error }) => error !== "ECONNREFUSED"))
    throw new Error(`The first call of ${service} was not refused by the machine: ${said.slice(0, 300)}`);
  return [first, second];
};

/** Each client alone; and one that comes when another has been called: what all of them share is loaded by then. */
const PROBES: readonly (readonly string[])[] = [
  ...Object.keys(CALLS).map((service) => [service]),
  ["s3", "route53"],
  ["s3", "sfn"],
];

/** Medians of ten processes for each client. */
export const firstCallsSection = async (): Promise<string> => {
  const rows: { readonly what: string; readonly processorMs: number; readonly wallMs: number }[] = [];
  for (const services of PROBES) {
    const bundle = await probeOf(services);
    const what = services.toReversed().join(" after ");
    const rounds = Array.from({ length: ROUNDS }, () => measured(what, bundle));
    const more = (of: (took: Took) => number) =>
      median(rounds.map(([first, second]) => of(first) - of(second)));
    rows.push({ what, processorMs: more((t) => t.processorMs), wallMs: more((t) => t.wallMs) });
  }
  rows.sort((a, b) => b.processorMs - a.processorMs);
  return section(
    `First call of each client, beyond its second: medians of ${ROUNDS} processes (not in the imports above; nobody answers)`,
    rows.map(
      ({ what, processorMs, wallMs }): Row => [
        what,
        `${figure(processorMs)} ms`,
        `of the processor; ${figure(wallMs)} ms on the wall`,
      ],
    ),
  );
};
