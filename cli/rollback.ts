/** `repot rollback`: takes a live migration back, or prints the exact commands with which a person would do it without Repot. */

import * as z from "zod";
import { byHand } from "../domain/by-hand.ts";
import type { Effect } from "../domain/effects.ts";
import { Refused } from "../domain/errors.ts";
import { BREAK_GLASS_GROUP } from "../domain/freeze-policy.ts";
import { isForward, JournalEntrySchema, keys, undoKeyOf } from "../domain/journal.ts";
import { undoLists } from "../domain/undo.ts";
import { clustersOf } from "../functions/lock.ts";
import { events } from "./follow.ts";
import type { Io } from "./io.ts";
import { type Live, STARTS_MAX, startUnder } from "./live.ts";
import { type LiveRun, runOf } from "./run-of.ts";

export type RollbackOptions = {
  readonly migration: string;
  /** Print, and change nothing. */
  readonly print: boolean;
  readonly detach: boolean;
  readonly json: boolean;
};

/** @returns what following it ends with; 0 for --print and --detach. @throws Refused where there is no way back. */
export const rollback = async (options: RollbackOptions, io: Io, live: Live): Promise<number> => {
  const { migration } = options;
  const run = await runOf(live, migration);
  const forward = (await live.bucket.listKeys(keys.journal(migration))).filter(isForward);
  if (forward.some((key) => key.includes("-retire-source")))
    throw new Refused(
      `${migration} has been decommissioned: the source's workloads are gone, so there is nothing to go back to.`,
    );
  if (options.print) {
    for (const line of await script(live, run, forward)) io.out(`${line}\n`);
    return 0;
  }
  const running = run.executions.find((e) => e.machine === "roll-back" && e.status === "RUNNING");
  if (running)
    io.err(`repot: A rollback of ${migration} is under way already: ${running.arn}. Following that one.\n`);
  else io.err(`repot: The rollback has started: ${await startRollback(live, run)}\n`);
  if (options.detach) return 0;
  // The fence names the rollback once it is up; until then the migration itself is followed.
  await live.sleep(5_000);
  return events({ migration, follow: true, json: options.json }, io, live);
};

const startRollback = async (live: Live, { migration, hash }: LiveRun): Promise<string> => {
  const input = JSON.stringify({ run: { migration, plan: hash }, startedBy: "person" });
  const named = (n: number) => {
    const name = `${migration}-by-hand-${n}`;
    return { name, doing: `start the rollback ${name}` };
  };
  const arn = await startUnder(live, "roll-back", named, input);
  if (arn !== undefined) return arn;
  throw new Refused(
    `${migration} was rolled back ${STARTS_MAX} times already. Look at what is left: repot status ${migration}`,
  );
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const OutcomeSchema = z.object({ outcome: z.string(), note: z.string().optional() });
const DoneSchema = OutcomeSchema.extend({ each: z.array(OutcomeSchema).optional() });

/** What the step noted when it found already there what it was to make, and not made by us: that stays. */
const stoodBefore = ({ outcome, note }: z.infer<typeof OutcomeSchema>): string | undefined =>
  outcome === "stood" ? note : undefined;

/** The command that undoes an entry, without what was there before us; or why there is none. */
const commandFor = async (live: Live, migration: string, key: string, effect: Effect): Promise<string> => {
  const memory = { migration, bucket: live.bucketName };
  const { data: done } = DoneSchema.safeParse((await live.bucket.getJson(keys.done(key)))?.value);
  if (done === undefined) return byHand(effect, memory);
  if (effect.kind === "create-objects") {
    const objects = effect.objects.filter((_, i) => stoodBefore(done.each?.[i] ?? done) === undefined);
    if (objects.length > 0) return byHand({ ...effect, objects }, memory);
  }
  const note = stoodBefore(done);
  return note ? `# Nothing to undo: ${note}` : byHand(effect, memory);
};

/** The way back as a shell script: the fence, the executions, then every effect that isn't undone, in the order that a rollback takes. */
const script = async (live: Live, run: LiveRun, forward: readonly string[]): Promise<readonly string[]> => {
  const journal = new Set(await live.bucket.listKeys(keys.journal(run.migration)));
  const left = forward.filter((key) => !journal.has(keys.done(undoKeyOf(key))));
  const lists = undoLists(left);
  const bucket = `--bucket ${live.bucketName}`;
  const lines = [
    `# Rolls ${run.migration} (plan ${run.hash}) back by hand: ${left.length} of ${forward.length} effects are left to undo.`,
    `# kubectl needs the contexts source and target, of a member of the group ${BREAK_GLASS_GROUP}: the freeze refuses everybody else (--as=NAME --as-group=${BREAK_GLASS_GROUP} for who may impersonate).`,
    "# Each command may be given again: NotFound of what is to be deleted, or AlreadyExists of what is to be created, means that it was done. Wait where it says so.",
    "set -u",
    "",
    "# 1. Nothing moves forward any more",
  ];
  if (!run.fenced)
    lines.push(
      `printf '%s' ${quoted(JSON.stringify({ startedBy: "person", execution: "by-hand", at: live.now().toISOString() }))} > fence.json`,
      `aws s3api put-object ${bucket} --key ${keys.fence(run.migration)} --if-none-match '*' --content-type application/json --body fence.json`,
    );
  for (const { arn, status } of run.executions)
    if (status === "RUNNING") lines.push(`aws stepfunctions stop-execution --execution-arn ${arn}`);
  lines.push("sleep 30 # functions that were on their way have ended by then");
  const parts: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["2. Webhooks of the target whose backends are about to go", lists.hooks],
    ["3. Capacity of the source: wait for its pods to be Ready before going on", lists.capacity],
    ["4. DNS: wait for the TTL of the delegation before going on", lists.dns],
    ["5. Everything else, newest first", lists.rest],
  ];
  for (const [title, list] of parts) {
    if (list.length === 0) continue;
    lines.push("", `# ${title}`);
    for (const key of list.flat()) {
      const { effect, operation } = JournalEntrySchema.parse((await live.bucket.getJson(key))?.value);
      lines.push(`# ${operation}`, await commandFor(live, run.migration, key, effect));
    }
  }
  lines.push("", "# 6. The clusters are free again");
  for (const cluster of clustersOf(run.plan.settings)) {
    const stored = await live.bucket.getJson(keys.lock(cluster));
    if (!stored) continue;
    lines.push(
      `printf '%s' ${quoted(JSON.stringify({ ...(stored.value as object), released: true }))} > lock.json`,
      `aws s3api put-object ${bucket} --key ${keys.lock(cluster)} --if-match ${quoted(stored.etag)} --content-type application/json --body lock.json`,
    );
  }
  return lines;
};
