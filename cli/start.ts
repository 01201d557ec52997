/** `repot start`: puts an approved plan where the steps find it, starts the migration, and follows it. */

import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { calling } from "../adapters/aws.ts";
import { storePlan } from "../adapters/plan-store.ts";
import { Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import type { Plan } from "../domain/plan.ts";
import { planHash, reasonsNotToStart } from "../domain/planning/build.ts";
import { clustersOf, LockSchema } from "../functions/lock.ts";
import { events } from "./follow.ts";
import type { Io } from "./io.ts";
import { type Live, STARTS_MAX, startUnder } from "./live.ts";
import { quote } from "./options.ts";
import { loadPlan } from "./plan.ts";

export type StartOptions = {
  /** One plan.json, as it was approved. */
  readonly plan: string;
  /** The hash that the approvers know, or its first twelve digits. */
  readonly hash: string;
  /** Starts the end of the source instead: the target has served for as long as the plan says. */
  readonly decommission?: boolean;
  readonly detach: boolean;
  readonly json: boolean;
};

const HASH_DIGITS_MIN = 12;

/** @returns 0 once it runs (with --detach), else what following it ends with. @throws Refused or BadInput before anything is started. */
export const start = async (options: StartOptions, io: Io, live: Live): Promise<number> => {
  const { plan, text } = await loadPlan([options.plan], { decide: {} }, io.stdin);
  const hash = planHash(text);
  mustBe(options.hash, hash, options.plan);
  const reasons = [...reasonsNotToStart(plan), ...reasonsOfALiveRun(plan)];
  if (reasons.length > 0) throw new Refused(`${reasons.join("\n")}\nNothing was started.`);
  await mustBeFree(live, plan);
  await storePlan(live.bucket, plan, hash);
  const machine = options.decommission ? "decommission" : "migrate-cluster";
  const arn = await startExecution(live, machine, plan, hash);
  io.err(
    `repot: ${options.decommission ? "the decommissioning of " : ""}${plan.migration} has started: ${arn}\n`,
  );
  if (options.detach) return 0;
  if (!(await hasBegun(live, plan.migration, arn))) return 0;
  return events({ migration: plan.migration, follow: true, json: options.json }, io, live);
};

/** Whoever starts says which plan they mean: the file may have changed since it was approved. */
export const mustBe = (given: string, hash: string, what: string): void => {
  if (given.length < HASH_DIGITS_MIN)
    throw new Refused(
      `Give at least ${HASH_DIGITS_MIN} digits of the hash that was approved, not ${quote(given)}.`,
    );
  if (!hash.startsWith(given))
    throw new Refused(
      `${what} has the hash ${hash.slice(0, 12)}, not ${given.slice(0, 12)}: it isn't the plan that you name. Nothing was started or answered.`,
    );
};

/** What a rehearsal bears and a live run doesn't. */
const reasonsOfALiveRun = (plan: Plan): readonly string[] => [
  ...plan.assumptions.map(
    (a) => `Assumed, and nobody's word yet: ${a} Write it into repot.yaml and plan again.`,
  ),
  ...plan.settings.approvals.approvers
    .filter((a) => a.slack === undefined && a.aws === undefined)
    .map((a) => `${a.person} can't answer anything: repot.yaml gives neither a Slack id nor an AWS user id.`),
];

/** The first state refuses a second start as well; here it is said before anything is stored. */
const mustBeFree = async (live: Live, plan: Plan): Promise<void> => {
  if (await live.bucket.getJson(keys.fence(plan.migration)))
    throw new Refused(
      `${plan.migration} was rolled back. Plan again under another name. Nothing was started.`,
    );
  for (const cluster of clustersOf(plan.settings)) {
    const stored = await live.bucket.getJson(keys.lock(cluster));
    const lock = stored && LockSchema.parse(stored.value);
    if (lock && !lock.released && lock.migration !== plan.migration)
      throw new Refused(
        `Cluster ${cluster} is being moved by ${lock.migration} (${lock.executions.at(-1)}). Nothing was started; wait for it, or roll it back.`,
      );
  }
};

/** @returns the execution's ARN. */
const startExecution = async (
  live: Live,
  machine: "migrate-cluster" | "decommission",
  plan: Plan,
  hash: string,
): Promise<string> => {
  const first = machine === "decommission" ? `${plan.migration}-decommission` : plan.migration;
  const input = JSON.stringify({ plan: keys.plan(hash), hash, requester: live.userId });
  const named = (n: number) => {
    const name = n === 1 ? first : `${first}-${n}`;
    return { name, doing: `start ${name}` };
  };
  const arn = await startUnder(live, machine, named, input);
  if (arn !== undefined) return arn;
  throw new Refused(`${first} was started ${STARTS_MAX} times already. Plan again under another name.`);
};

/** Waits until the first state has let it in, or has refused it. @throws Refused with the machine's sentence. */
const hasBegun = async (live: Live, migration: string, arn: string): Promise<boolean> => {
  for (let polls = 0; polls < 60; polls += 1) {
    if (await live.bucket.getJson(keys.started(migration, arn))) return true;
    const refusal = await refusalOf(live, arn);
    if (refusal !== undefined) throw new Refused(refusal);
    if ((await live.sleep(1_000)) === "interrupted") return false;
  }
  return true;
};

const refusalOf = async (live: Live, executionArn: string): Promise<string | undefined> => {
  const { status, cause, error } = await calling(`look at ${executionArn}`, () =>
    live.sfn.send(new DescribeExecutionCommand({ executionArn })),
  );
  return status === "RUNNING" || status === "SUCCEEDED"
    ? undefined
    : `${error ?? status}: ${cause ?? "no cause was given."}`;
};
