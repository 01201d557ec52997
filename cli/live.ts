/** The composition root of the commands that speak to AWS: clients, names of a stage's parts, who calls, and a clock that Ctrl-C ends. */

import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { calling, errorName } from "../adapters/aws.ts";
import type { AwsClients } from "../adapters/aws-clients.ts";
import { type Bucket, makeBucket } from "../adapters/bucket.ts";
import { Refused } from "../domain/errors.ts";
import { machineArn } from "../domain/permissions/place.ts";
import type { Io } from "./io.ts";

export type LiveClients = Pick<AwsClients, "s3" | "sfn" | "sqs" | "sts">;

export type Live = LiveClients & {
  readonly stage: string;
  readonly bucketName: string;
  readonly bucket: Bucket;
  /** The ARN of a state machine, by its name in workflows/. */
  readonly machineArn: (machine: string) => string;
  readonly votesQueueUrl: string;
  /** `UserId` of who calls, as STS and SQS know them. */
  readonly userId: string;
  readonly now: () => Date;
  /** Waits; says whether somebody pressed Ctrl-C meanwhile. */
  readonly sleep: (milliseconds: number) => Promise<"slept" | "interrupted">;
};

/** @param stage The stage that was deployed: names begin with `repot-STAGE`. */
export type OpenLive = (stage: string, io: Io) => Promise<Live>;

/** The official clients with the credentials and the region of the environment, as every AWS tool finds them. */
export const openLive: OpenLive = async (stage, io) => {
  const options = { maxAttempts: 3 };
  const clients = {
    s3: new S3Client(options),
    sfn: new SFNClient(options),
    sqs: new SQSClient(options),
    sts: new STSClient(options),
  };
  const region = await clients.sfn.config.region();
  return liveOf(stage, clients, {
    region,
    now: () => new Date(),
    sleep: sleeper(io),
  });
};

/** Names follow from stage, account and region (domain/permissions/place.ts). */
export const liveOf = async (
  stage: string,
  clients: LiveClients,
  around: Pick<Live, "now" | "sleep"> & { readonly region: string },
): Promise<Live> => {
  const {
    Account: account = "",
    UserId: userId = "",
    Arn: arn = "",
  } = await calling("ask AWS who you are", () => clients.sts.send(new GetCallerIdentityCommand({})));
  const { region, now, sleep } = around;
  const prefix = `repot-${stage}`;
  const place = { partition: arn.split(":")[1] ?? "aws", region, account, prefix };
  const bucketName = `${prefix}-memory-${account}`;
  return {
    ...clients,
    stage,
    bucketName,
    bucket: makeBucket(clients.s3, bucketName),
    machineArn: (machine) => machineArn(place, machine),
    votesQueueUrl: `https://sqs.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}/${account}/${prefix}-votes`,
    userId,
    now,
    sleep,
  };
};

const sleeper = (io: Io): Live["sleep"] => {
  const interrupted = new Promise<"interrupted">((resolve) => io.onInterrupt?.(() => resolve("interrupted")));
  return (milliseconds) =>
    Promise.race([
      interrupted,
      new Promise<"slept">((resolve) => setTimeout(() => resolve("slept"), milliseconds)),
    ]);
};

const CREDENTIALS =
  /^(ExpiredToken|ExpiredTokenException|RequestExpired|InvalidClientTokenId|UnrecognizedClientException|InvalidSignatureException|SignatureDoesNotMatch|CredentialsProviderError|TokenProviderError|InvalidAccessKeyId)$/;
/** Of what `repot-STAGE` names; its bucket's name is unique in the world, so another region says that it is elsewhere. */
const NO_STACK =
  /^(NoSuchBucket|StateMachineDoesNotExist|QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/;
const ELSEWHERE =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301|307)$/;
const UNREACHED = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;
const OURS = new Set([
  "Forbidden",
  "NotFound",
  "Invalid",
  "Throttled",
  "Transient",
  "AnswerLost",
  "Conflict",
]);

/** Runs a command; what AWS refuses becomes a sentence. Nothing of ours is half done by a command that ends so. */
export const saying = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    for (const each of chain(error)) {
      if (CREDENTIALS.test(each.name))
        throw new Refused(
          "AWS doesn't take your credentials: they have expired, or there are none. Log in again (aws sso login), then give the same command.",
          { cause: error },
        );
      const sentence = sentenceOf(each);
      if (sentence !== undefined) throw new Refused(sentence, { cause: error });
    }
    if (error instanceof Error && OURS.has(error.name)) throw new Refused(error.message, { cause: error });
    throw error;
  }
};

/** What an AWS error says about where Repot is looked for; undefined where it is about something else. */
const sentenceOf = (error: Error & { readonly code?: unknown }): string | undefined => {
  if (/Region is missing/.test(error.message))
    return "No region is set. Say where Repot is deployed, as in AWS_REGION=eu-central-1.";
  if (/^Region not accepted|valid hostname component/.test(error.message))
    return "The region that is set is none. Say where Repot is deployed, as in AWS_REGION=eu-central-1.";
  if (NO_STACK.test(error.name))
    return "There is no Repot of this stage in this account and region. Look at --stage and AWS_REGION.";
  if (ELSEWHERE.test(error.name)) return "The Repot of this stage is in another region. Look at AWS_REGION.";
  if (typeof error.code === "string" && UNREACHED.test(error.code))
    return `AWS can't be reached (${error.code}). Look at AWS_REGION and at the network, then give the same command: it may be given again.`;
  return undefined;
};

/** An error with its causes, the outermost first. */
const chain = (error: unknown): readonly Error[] => {
  const found: Error[] = [];
  for (let each = error; each instanceof Error && found.length < 5; each = each.cause) found.push(each);
  return found;
};

/** Names of executions are taken for 90 days: later starts of the same thing are counted, so often at most. */
export const STARTS_MAX = 50;

/**
 * Starts a machine under the first of its names that no execution has had.
 * @param named the n-th name, from 1, and what is done with it, for errors.
 * @returns the execution's ARN; undefined where all STARTS_MAX names were taken.
 */
export const startUnder = async (
  live: Pick<Live, "sfn" | "machineArn">,
  machine: string,
  named: (n: number) => { readonly name: string; readonly doing: string },
  input: string,
): Promise<string | undefined> => {
  const stateMachineArn = live.machineArn(machine);
  for (let n = 1; n <= STARTS_MAX; n += 1) {
    const { name, doing } = named(n);
    const arn = await calling(doing, async () => {
      try {
        return (await live.sfn.send(new StartExecutionCommand({ stateMachineArn, name, input })))
          .executionArn;
      } catch (error) {
        if (errorName(error) === "ExecutionAlreadyExists") return undefined;
        throw error;
      }
    });
    if (arn !== undefined) return arn;
  }
  return undefined;
};
