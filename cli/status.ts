/** `repot status`: how a live migration stands, and what it waits for. */

import { isForward, keys } from "../domain/journal.ts";
import { count } from "./format.ts";
import type { Io } from "./io.ts";
import type { Live } from "./live.ts";
import { openQuestions, runOf } from "./run-of.ts";

const WAITING = 5;

/** @returns 5 while people are waited for, else 0. */
export const status = async (
  { migration, json }: { readonly migration: string; readonly json: boolean },
  io: Io,
  live: Live,
): Promise<number> => {
  const run = await runOf(live, migration);
  const open = await openQuestions(live, migration);
  const journal = await live.bucket.listKeys(keys.journal(migration));
  const made = journal.filter(isForward).length;
  const undone = journal.filter((key) => /\/undo-[^/]*!done\.json$/.test(key)).length;
  if (json) {
    const executions = run.executions.map(({ name, machine, status: state, error, cause }) => ({
      name,
      machine,
      status: state,
      error,
      cause,
    }));
    const questions = open.map(({ request: { question, quorum, expiresAt }, votes }) => ({
      ...question,
      quorum,
      expiresAt,
      votes,
    }));
    io.out(
      `${JSON.stringify({ migration, plan: run.hash, fenced: run.fenced, executions, questions, effects: made, undone })}\n`,
    );
    return open.length > 0 ? WAITING : 0;
  }
  io.out(
    `${migration}, plan ${run.hash.slice(0, 12)}${run.fenced ? ", being rolled back or rolled back" : ""}\n`,
  );
  for (const { name, machine, status: state, error, cause } of run.executions)
    io.out(`  ${machine} ${name}: ${state}${error === undefined ? "" : `, ${error}: ${cause ?? ""}`}\n`);
  io.out(`  ${count(made, "effect")} on record, ${count(undone, "undo", "undos")} done\n`);
  for (const { request, votes } of open) {
    const granted = new Set(votes.filter((v) => v.choice === "granted").map((v) => v.person)).size;
    io.out(
      `  asks ${request.question.id}: ${request.question.sentence} (${granted} of ${request.quorum}, until ${request.expiresAt})\n    repot approve ${migration} --plan ${request.plan.slice(0, 12)} --question ${request.question.id}\n`,
    );
  }
  return open.length > 0 ? WAITING : 0;
};
