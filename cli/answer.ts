/** `repot approve` and `repot deny`: a vote from a terminal. The queue itself names the sender; the worker judges it like any click. */

import { sendToQueue } from "../adapters/queue.ts";
import { type Choice, DecisionSchema, personByAws, VoteSchema } from "../domain/approvals.ts";
import type { QueuedVote } from "../domain/clicks.ts";
import { Refused } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import { withdrawnIn } from "../functions/rights.ts";
import type { Io } from "./io.ts";
import type { Live } from "./live.ts";
import { type OpenQuestion, openQuestions, runOf } from "./run-of.ts";
import { mustBe } from "./start.ts";

export type AnswerOptions = {
  readonly migration: string;
  /** What the approver signs: the plan's hash, or its first twelve digits. */
  readonly plan: string;
  /** Which question, where several are open. */
  readonly question?: string;
  readonly answer: "approve" | "deny";
};

const WAIT_SECONDS = 60;

/** @returns 0 once the vote is on record, 5 where it isn't yet. @throws Refused where it wouldn't count. */
export const answer = async (options: AnswerOptions, io: Io, live: Live): Promise<number> => {
  const run = await runOf(live, options.migration);
  const { request } = chosen(await openQuestions(live, options.migration), options);
  mustBe(options.plan, request.plan, `The plan of question ${request.question.id}`);
  const { approvers } = run.plan.settings.approvals;
  if (run.fenced)
    throw new Refused(
      `A rollback of ${options.migration} has begun; there is nothing left to decide. Nothing was sent.`,
    );
  const person = personByAws(live.userId, approvers);
  if (person === undefined)
    throw new Refused(
      `You are ${live.userId} to AWS, and no approver of this plan has that id: ${approvers.map((a) => a.person).join(", ")} may answer. Nothing was sent.`,
    );
  if ((await withdrawnIn(live.bucket)).has(person))
    throw new Refused(
      `The right of ${person} to answer was taken away after the plan was made. Nothing was sent.`,
    );
  const choice = choiceOf(options.answer, request.question.choices);
  if (choice === "granted" && request.requesters.includes(live.userId))
    throw new Refused(`${person} started ${options.migration} and can't grant it. Nothing was sent.`);
  const { id } = request.question;
  const button = { migration: options.migration, plan: request.plan, question: id, choice };
  await sendToQueue(live.sqs, live.votesQueueUrl, { via: "terminal", button } satisfies QueuedVote);
  return settled(options.migration, id, person, choice, io, live);
};

const chosen = (open: readonly OpenQuestion[], { migration, question }: AnswerOptions): OpenQuestion => {
  const found = question === undefined ? open : open.filter((o) => o.request.question.id === question);
  const [only] = found;
  const names = open.map((o) => o.request.question.id).join(", ");
  if (!only)
    throw new Refused(
      open.length === 0
        ? `${migration} asks nothing at the moment: there is no open question.`
        : `There is no open question ${question}; open are ${names}.`,
    );
  if (found.length > 1) throw new Refused(`Several questions are open: ${names}. Name one with --question.`);
  return only;
};

/** A hold is answered by "try again" or by going back, an approval by yes or no. */
const choiceOf = (answer: AnswerOptions["answer"], choices: readonly Choice[]): Choice => {
  const wishes: readonly Choice[] = answer === "approve" ? ["granted", "retry"] : ["denied", "roll-back"];
  const choice = wishes.find((wish) => choices.includes(wish));
  if (choice === undefined)
    throw new Refused(`The question offers ${choices.join(" and ")} only. Nothing was sent.`);
  return choice;
};

/** Looks until the worker has recorded it. */
const settled = async (
  migration: string,
  question: string,
  person: string,
  choice: Choice,
  io: Io,
  live: Live,
): Promise<number> => {
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    const stored = await live.bucket.getJson(keys.decision(migration, question));
    if (stored) {
      const { decision, by } = DecisionSchema.parse(stored.value);
      const decided = `Decided: ${decision}${by.length === 0 ? "" : `, by ${by.join(", ")}`}.`;
      if (decision !== choice)
        throw new Refused(
          `${decided} Your "${choice}" came too late to change it; \`repot rollback ${migration}\` takes it back.`,
        );
      io.out(`${decided}\n`);
      return 0;
    }
    for (const key of [
      keys.vote(migration, question, person),
      keys.vote(migration, question, `${person}!${choice}`),
    ]) {
      const vote = await live.bucket.getJson(key);
      if (vote && VoteSchema.parse(vote.value).choice === choice) {
        io.out(`Recorded: ${person} chose "${choice}". Others are still waited for.\n`);
        return 0;
      }
    }
    if ((await live.sleep(1_000)) === "interrupted") break;
  }
  io.err(
    `repot: The answer was sent and is not on record yet. \`repot status ${migration}\` shows it; a vote that can't be taken lies in the queue of dead letters.\n`,
  );
  return 5;
};
