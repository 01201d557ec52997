/** Where a stage is deployed: deployments/STAGE.yaml, parsed at the door, and the names that follow from it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DateTime, IANAZone } from "luxon";
import { parse } from "yaml";
import * as z from "zod";
import type { Place } from "../domain/permissions/place.ts";
import { KafkaSettings } from "../domain/settings/messaging.ts";

const zone = z.string().regex(/^[a-z0-9._-]*[a-z0-9]$/, "is a zone in lower case without the last dot");

const ClusterSchema = z
  .strictObject({
    name: z.string(),
    /** The API server's address and certificate authority (PEM); not needed where EKS runs it. */
    endpoint: z.url({ protocol: /^https$/ }).optional(),
    certificateAuthority: z
      .string()
      .startsWith("-----BEGIN CERTIFICATE-----")
      .max(2_500, "is longer than a function's environment bears (4 KB): give the root certificate alone")
      .optional(),
    metrics: z.url(),
    /** Lets the functions in by access entries of EKS; without it docs/deploy.md says how an administrator does. */
    accessEntries: z.boolean().default(false),
  })
  .refine(({ endpoint, accessEntries }) => !accessEntries || endpoint === undefined, {
    path: ["accessEntries"],
    message: "is for clusters that EKS runs: with an endpoint of its own there are none",
  });

/** Scheduler skips a local time that the clocks jump over, without a word: so it is refused here. */
const CutoverSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,30}$/),
    /** Local time, to the minute. */
    at: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00$/),
    timeZone: z
      .string()
      .refine((zone) => IANAZone.isValidZone(zone), "is no time zone (as in Europe/Berlin)"),
    windowSeconds: z.number().int().min(600),
    migration: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "is no name of a migration"),
    plan: z.string().regex(/^[0-9a-f]{64}$/, "is no hash of a plan: 64 digits and letters from a to f"),
  })
  .refine(
    ({ at, timeZone }) => DateTime.fromISO(at, { zone: timeZone }).toFormat("yyyy-MM-dd'T'HH:mm:ss") === at,
    { path: ["at"], message: "is a time that the clocks jump over on that day, or no time at all" },
  );

const DeploymentSchema = z.strictObject({
  account: z.string().regex(/^\d{12}$/, "is an account of twelve digits"),
  region: z.string(),
  partition: z.enum(["aws", "aws-cn", "aws-us-gov"]).default("aws"),
  /** The platform's zones: record changes reach no other names. */
  zones: z.array(zone).min(1),
  source: ClusterSchema,
  target: ClusterSchema,
  /** Where the API servers and the metrics can be reached; its egress is the one that partners know. */
  network: z.strictObject({
    vpcId: z.string(),
    subnetIds: z.array(z.string()).min(1),
    securityGroupIds: z.array(z.string()).min(1),
  }),
  /** The role that a target gets which Repot creates. */
  clusterRoleArn: z.string().optional(),
  /** Log groups of the VPC's flow logs. */
  flowLogGroups: z.array(z.string()).default([]),
  /** The brokers of the plan's groups, as repot.yaml names them; the login is in the secret `repot-STAGE-kafka`. */
  kafka: KafkaSettings.refine(
    ({ tls, saslMechanism }) => tls || saslMechanism !== "PLAIN",
    "sends a password in the clear: saslMechanism PLAIN asks for tls",
  ).optional(),
  /** The brokers whose queues workers leave or join; the login is in the secret `repot-STAGE-rabbitmq`. */
  rabbitmq: z.strictObject({ managementUrls: z.array(z.url({ protocol: /^https$/ })).min(1) }).optional(),
  /** The platform's own SQS queues that workers leave or join: only their attributes are read. */
  workQueues: z.array(z.string()).default([]),
  /** SSM Change Calendars that the plan's window names: no others may be asked. */
  changeCalendars: z
    .array(z.string().regex(/^(arn:[^:]+:ssm:[^:]+:\d{12}:document\/)?[A-Za-z0-9_.-]{3,128}$/))
    .default([]),
  alarmEmails: z.array(z.email()).default([]),
  /** Starts in a quiet hour. The plan's window decides again, before each traffic step. */
  cutovers: z.array(CutoverSchema).default([]),
});
export type Deployment = z.infer<typeof DeploymentSchema>;

/** @throws Error with one sentence: which file, where in it, and what is wrong. */
export const parseDeployment = (text: string, file: string): Deployment => {
  const parsed = DeploymentSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `${file}: ${issue?.path.join(".") || "the file"}: ${issue?.message}. Nothing was deployed.`,
  );
};

/** A stage without a file of its own is nobody's: it is refused by name. */
export const readDeployment = (stage: string): Deployment => {
  const file = join("deployments", `${stage}.yaml`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Error(
      `${file} isn't there: copy deployments/dev.yaml and say where ${stage} is. Nothing was deployed.`,
    );
  }
  return parseDeployment(text, file);
};

/** Everything that policies name, but for the key, which has no name before it exists. */
export const placeOf = (stage: string, deployment: Deployment): Omit<Place, "keyArn"> => {
  const { account, region, partition, zones, source, target, flowLogGroups, workQueues, changeCalendars } =
    deployment;
  const prefix = `repot-${stage}`;
  return {
    partition,
    region,
    account,
    prefix,
    bucket: `${prefix}-memory-${account}`,
    zones,
    clusters: { ...(source.endpoint === undefined ? { source: source.name } : {}), target: target.name },
    ...(deployment.clusterRoleArn === undefined ? {} : { clusterRoleArn: deployment.clusterRoleArn }),
    flowLogGroups,
    workQueues,
    changeCalendars,
  };
};

/** The same for the same cutover: a second delivery finds the first one's execution. At most 80 characters. */
export const executionName = (migration: string, at: string): string =>
  `${migration.slice(0, 60)}-${at.replace(/[^0-9]/g, "")}`;
