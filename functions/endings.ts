/**
 * What is done about an execution that ended where no Catch could see it: aborted, timed out, or failed by the service itself. Once for each
 * ending, whoever tells of it and how often: what is to be done is recorded first, and a rollback has a name made of the ending.
 */

import { DescribeExecutionCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { calling, errorName } from "../adapters/aws.ts";
import { sha256 } from "../domain/canonical.ts";
import { Conflict, NotFound, Refused, Transient } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { readStart } from "../domain/start.ts";
import { journalOf } from "./effect.ts";
import { isExecution, isRunning } from "./executions.ts";
import { clustersOf, readLock, releaseLock } from "./lock.ts";
import { page } from "./pages.ts";
import { FenceSchema } from "./raise-fence.ts";
import { bucketOf, planOf, type Run, RunSchema } from "./run.ts";
import type { Context, Needs } from "./step.ts";

/** The rights that it takes to answer an ending. */
export const ANSWERING = {
  sfn: ["DescribeExecution", "StartExecution"],
  s3: [
    "GetObject",
    "ListBucket",
    "PutObject clusters/*/lock.json",
    "PutObject migrations/*/ended/*",
    "PutObject migrations/*/pages/*",
  ],
  secrets: ["GetSecretValue"],
  slack: ["chat.postMessage"],
} as const satisfies Needs;

/** Machines whose endings are looked at: those that nothing else waits for. */
export const TOP_MACHINES = ["migrate-cluster", "decommission", "roll-back"] as const;

/**
 * `back`: a rollback is started. `page`: people are told, and decide. `release`: nothing was changed, the clusters are given back. `none`: it is
 * seen to already.
 */
const AnswerSchema = z.object({ way: z.enum(["back", "page", "release", "none"]), sentence: z.string() });
export type Answer = z.infer<typeof AnswerSchema> & { readonly first: boolean };

/** A function of the execution may still be at work for so long after the end: it lives for 30 seconds. */
const IN_FLIGHT_SECONDS = 45;

type Ended = {
  readonly arn: string;
  readonly machine: (typeof TOP_MACHINES)[number];
  readonly status: string;
  readonly error: string;
  readonly run: Run;
  /** Which ending of this execution: a redriven one may end again. */
  readonly id: string;
  readonly parent: string | undefined;
  readonly stoppedMs: number;
};

/** Looks at the execution itself: an event may be old, and says less. @returns undefined for what isn't ours or hasn't ended. */
export const endedOf = async (context: Context, executionArn: string): Promise<Ended | undefined> => {
  if (!isExecution(executionArn)) return undefined;
  const seen = await calling(`look at ${executionArn}`, () =>
    context.aws.sfn.send(new DescribeExecutionCommand({ executionArn })),
  ).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  const machine = TOP_MACHINES.find((name) => context.deployed.machineArn(name) === seen?.stateMachineArn);
  if (!seen || !machine || seen.status === "RUNNING" || seen.status === "SUCCEEDED") return undefined;
  const input = JSON.parse(seen.input ?? "{}") as Readonly<Record<string, unknown>>;
  const run = await runIn(context, machine, input).catch((error: unknown) => {
    if (error instanceof Refused || error instanceof NotFound || error instanceof z.ZodError)
      return undefined;
    throw error;
  });
  if (!run) return undefined;
  const parent = input["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"];
  return {
    arn: executionArn,
    machine,
    status: seen.status ?? "",
    error: seen.error ?? "",
    run,
    id: `${executionArn}#${seen.redriveCount ?? 0}`,
    parent: typeof parent === "string" ? parent : undefined,
    stoppedMs: seen.stopDate?.getTime() ?? 0,
  };
};

/** Of what a machine was started with; one that was refused for its input has none, and changed nothing. */
const runIn = async (
  context: Context,
  machine: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Run> => {
  if (machine === "roll-back") return RunSchema.parse(input["run"]);
  const { plan } = readStart(input);
  return { migration: (await planOf(context, { migration: "", plan })).migration, plan };
};

/** @throws an error of domain/errors.ts where it could not be done; the next event or the reconciler does it then. */
export const answerEnding = async (context: Context, ended: Ended): Promise<Answer> => {
  const bucket = bucketOf(context);
  const key = keys.ended(ended.run.migration, sha256(ended.id).slice(0, 32));
  const stored = await bucket.getJson(key);
  const answer = stored ? AnswerSchema.parse(stored.value) : await weigh(context, ended);
  if (answer.way === "none" || (stored && (await bucket.getJson(keys.done(key)))))
    return { ...answer, first: false };
  if (!stored && (await bucket.putNew(key, answer)).already)
    throw new Conflict(
      `The end of ${ended.arn} is being answered at this moment by another invocation; it is looked at again in a minute.`,
    );
  await carryOut(context, ended, answer);
  await bucket.putNew(keys.done(key), { way: answer.way });
  return { ...answer, first: true };
};

/** Failures that a machine of ours ended with by itself have names of ours, and were answered there. */
const unseen = ({ status, error }: Ended): boolean => status !== "FAILED" || error.startsWith("States.");

const nothing = (sentence: string) => ({ way: "none", sentence }) as const;

const weigh = async (context: Context, ended: Ended): Promise<z.infer<typeof AnswerSchema>> => {
  if (!unseen(ended)) return nothing("The machine has answered this itself.");
  const how = `${ended.machine} ${ended.status.toLowerCase().replace("_", " ")}`;
  if (ended.machine === "roll-back") return weighRollback(context, ended);
  const { run } = ended;
  const lock = await readLock(bucketOf(context), (await planOf(context, run)).settings.source.name);
  if (lock?.migration !== run.migration || lock.released || !lock.executions.includes(ended.arn))
    return nothing("It held no cluster.");
  for (const other of lock.executions)
    if (other !== ended.arn && (await isRunning(context, other)))
      return nothing(`The migration goes on: ${other} runs.`);
  if (ended.machine === "decommission")
    return {
      way: "page",
      sentence: `${how}: workloads of the source may be gone, and the target serves. Start the decommissioning again to go on.`,
    };
  const fence = await bucketOf(context).getJson(keys.fence(run.migration));
  if (fence)
    return (await isRunning(context, FenceSchema.parse(fence.value).execution))
      ? nothing("A rollback is on it.")
      : { way: "back", sentence: `${how} in the middle of its rollback: the rollback goes on.` };
  const entries = await journalOf(context).forwardKeys(run.migration);
  if (entries.length === 0 && context.now().getTime() - ended.stoppedMs < IN_FLIGHT_SECONDS * 1000)
    throw new Transient(
      `${how}, and one of its functions may still be at work: whether anything was changed is looked at in a minute.`,
    );
  if (entries.length === 0)
    return { way: "release", sentence: `${how} before anything was changed: the clusters are given back.` };
  return entries.some((key) => key.includes("-delegate-zone/"))
    ? {
        way: "page",
        sentence: `${how} after the delegation: the target serves. Start the migration again to go on, or roll it back; nothing moves until then.`,
      }
    : { way: "back", sentence: `${how}: everything is taken back.` };
};

/** A rollback that was stopped by hand isn't started again against that hand; one that fell with its parent is the parent's matter. */
const weighRollback = async (context: Context, { parent, status }: Ended) => {
  // The two events come in either order: what the parent does about it shows when it has ended, too.
  if (parent !== undefined && (await isRunning(context, parent)))
    throw new Transient(
      `The rollback ended, and ${parent}, which had started it, not yet: it is looked at in a minute.`,
    );
  const above = parent === undefined ? undefined : await endedOf(context, parent);
  if (above && unseen(above)) return nothing("It fell with the execution that had started it.");
  return {
    way: "page",
    sentence: `The rollback ${status.toLowerCase().replace("_", " ")} before its end. Nothing moves forward any more; \`repot rollback\` goes on from where it ended.`,
  } as const;
};

const carryOut = async (
  context: Context,
  ended: Ended,
  { way, sentence }: z.infer<typeof AnswerSchema>,
): Promise<void> => {
  switch (way) {
    case "back":
      context.log.warn(`${ended.run.migration}: ${sentence}`);
      return startRollback(context, ended);
    case "page":
      if (!(await page(context, ended.run.migration, { visit: ended.id, sentence })))
        throw new Transient(`People could not be told yet: ${sentence}`);
      return;
    case "release":
      context.log.warn(`${ended.run.migration}: ${sentence}`);
      for (const cluster of clustersOf((await planOf(context, ended.run)).settings))
        await releaseLock(bucketOf(context), cluster, ended.run.migration);
      return;
    case "none":
      return;
  }
};

/** The name is the ending's: the same event twice, or the reconciler beside it, starts one rollback. */
export const rollbackName = (migration: string, endingId: string): string =>
  `${migration}-back-${sha256(endingId).slice(0, 16)}`;

const startRollback = async (context: Context, { run, id }: Ended): Promise<void> => {
  const name = rollbackName(run.migration, id);
  await calling(`start the rollback ${name}`, async () => {
    try {
      await context.aws.sfn.send(
        new StartExecutionCommand({
          stateMachineArn: context.deployed.machineArn("roll-back"),
          name,
          input: JSON.stringify({ run, startedBy: "event" }),
        }),
      );
    } catch (error) {
      // It was started for this very ending already, and has even ended since.
      if (errorName(error) !== "ExecutionAlreadyExists") throw error;
    }
  });
};
