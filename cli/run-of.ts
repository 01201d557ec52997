/** What the bucket and Step Functions say of one migration: its plan, its executions, its open questions. */

import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { calling } from "../adapters/aws.ts";
import { type Request, RequestSchema, type Vote, VoteSchema } from "../domain/approvals.ts";
import { NotFound, Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { byCodeUnit } from "../domain/kube.ts";
import type { Plan } from "../domain/plan.ts";
import { isExecution } from "../functions/executions.ts";
import { withdrawnIn } from "../functions/rights.ts";
import type { Live } from "./live.ts";

export type LiveExecution = {
  readonly arn: string;
  readonly name: string;
  readonly machine: string;
  readonly status: "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly startedMs: number;
};

export type LiveRun = {
  readonly migration: string;
  /** The plan's hash. */
  readonly hash: string;
  readonly plan: Omit<Plan, "objects">;
  /** Oldest first: the migration's, the decommissioning's, and rollbacks. */
  readonly executions: readonly LiveExecution[];
  /** Whether a rollback has begun. */
  readonly fenced: boolean;
};

const MACHINES = ["migrate-cluster", "decommission", "roll-back"] as const;

/** @throws Refused where no such migration was ever started here. */
export const runOf = async (live: Live, migration: string): Promise<LiveRun> => {
  const arns = (await live.bucket.listKeys(keys.starts(migration))).map((key) =>
    decodeURIComponent(key.slice(keys.starts(migration).length, -".json".length)),
  );
  if (arns.length === 0) throw new Refused(await unknownRun(live, migration));
  const fence = await live.bucket.getJson(keys.fence(migration));
  const rollback = (fence?.value as { readonly execution?: string } | undefined)?.execution;
  const executions: LiveExecution[] = [];
  for (const arn of [...arns, ...(rollback === undefined ? [] : [rollback])]) {
    const found = await execution(live, arn);
    if (found) executions.push(found);
  }
  const hash = await hashOf(live, migration, arns);
  const stored = await live.bucket.getJson(keys.plan(hash));
  if (!stored)
    throw new Refused(
      `The plan ${hash.slice(0, 12)} of ${migration} is not in the bucket ${live.bucketName}.`,
    );
  return {
    migration,
    hash,
    plan: stored.value as LiveRun["plan"],
    executions: executions.sort((a, b) => a.startedMs - b.startedMs || byCodeUnit(a.arn, b.arn)),
    fenced: fence !== undefined,
  };
};

/** The starts on record name the plan; Step Functions forgets an execution after 90 days. */
const hashOf = async (live: Live, migration: string, arns: readonly string[]): Promise<string> => {
  for (const arn of arns) {
    const { value } = (await live.bucket.getJson(keys.started(migration, arn))) ?? {};
    const { plan } = (value ?? {}) as { readonly plan?: string };
    if (plan !== undefined) return plan;
  }
  throw new Refused(`The record of ${migration} names no plan.`);
};

const unknownRun = async (live: Live, migration: string): Promise<string> => {
  const known = new Set(
    (await live.bucket.listKeys("migrations/"))
      .map((key) => key.split("/")[1] ?? "")
      .filter((name) => name !== ""),
  );
  const some = [...known].slice(0, 5).join(", ");
  return `There is no migration ${migration} in stage ${live.stage}${some === "" ? "; none was ever started there" : `; there are ${some}`}.`;
};

const execution = async (live: Live, executionArn: string): Promise<LiveExecution | undefined> => {
  if (!isExecution(executionArn)) return undefined;
  const seen = await calling(`look at ${executionArn}`, () =>
    live.sfn.send(new DescribeExecutionCommand({ executionArn })),
  ).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  const machine = MACHINES.find((name) => live.machineArn(name) === seen?.stateMachineArn);
  if (!seen || !machine) return undefined;
  return {
    arn: executionArn,
    name: seen.name ?? "",
    machine,
    status: (seen.status ?? "RUNNING") as LiveExecution["status"],
    error: seen.error,
    cause: seen.cause,
    startedMs: seen.startDate?.getTime() ?? 0,
  };
};

export type OpenQuestion = { readonly request: Request; readonly votes: readonly Vote[] };

/** Asked, not decided, not expired. */
export const openQuestions = async (live: Live, migration: string): Promise<readonly OpenQuestion[]> => {
  const all = await live.bucket.listKeys(keys.approvals(migration));
  const withdrawn = await withdrawnIn(live.bucket);
  const open: OpenQuestion[] = [];
  for (const key of all.filter((k) => k.endsWith("/request.json"))) {
    const request = RequestSchema.parse((await live.bucket.getJson(key))?.value);
    const { id } = request.question;
    if (all.includes(keys.decision(migration, id)) || live.now().toISOString() >= request.expiresAt) continue;
    const votes: Vote[] = [];
    for (const vote of all.filter((k) => k.startsWith(keys.votes(migration, id))))
      votes.push(VoteSchema.parse((await live.bucket.getJson(vote))?.value));
    open.push({ request, votes: votes.filter((vote) => !withdrawn.has(vote.person)) });
  }
  return open;
};
