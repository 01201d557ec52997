/**
 * What the bucket remembers of a migration: the names of its objects and the shape of a journal entry.
 * Order comes from the plan's operations (their index is in the key), never from clocks.
 */

import * as z from "zod";
import { EffectSchema } from "./effects.ts";

/** Written before the effect, under a key that a retried or duplicated invocation finds again. */
export const JournalEntrySchema = z.object({
  migration: z.string(),
  /** Index and id of the plan's operation, `0042-shift:shop/cart`. */
  operation: z.string(),
  /** The number of the move within the operation, and of the effect within the move: `1-0`. */
  move: z.string(),
  /** The step (a function's name) that intends it. */
  step: z.string(),
  /** `forward` entries are fenced by a rollback; `undo` entries are the rollback's own. */
  direction: z.enum(["forward", "undo"]),
  effect: EffectSchema,
  /** When the intent was recorded: evidence only, nothing is ordered by it. */
  recordedAt: z.string(),
});
export type JournalEntry = z.infer<typeof JournalEntrySchema>;

/** No move has an exclamation mark: an object that is called `etl.done` can't be taken for the mark of `etl`. */
const DONE = "!done.json";

/** The key of the entry that a done mark is about; undefined for the key of an entry. */
export const entryOfDone = (key: string): string | undefined =>
  key.endsWith(DONE) ? `${key.slice(0, -DONE.length)}.json` : undefined;

/** Whether a key of the journal is that of a forward entry. */
export const isForward = (key: string): boolean =>
  /\/forward-[^/]*\.json$/.test(key) && entryOfDone(key) === undefined;

/** The key of the entry that undoes a forward one. */
export const undoKeyOf = (forwardKey: string): string => forwardKey.replace(/\/forward-([^/]*)$/, "/undo-$1");

/** Votes and decisions are put on condition that there is none, and never replaced: what was read of them once stays true. */
export const isWrittenOnce = (key: string): boolean =>
  /^migrations\/[^/]+\/approvals\/[^/]+\/(votes\/[^/]+|decision\.json)$/.test(key);

const root = (migration: string) => `migrations/${migration}`;

/** The names of all objects in the bucket, in one place. */
export const keys = {
  plan: (hash: string) => `plans/${hash}/plan.json`,
  /** The items of one wave, a JSON array: what the Map's ItemReader reads. */
  wave: (hash: string, wave: string) => `plans/${hash}/waves/${wave}.json`,
  /** The platform's objects as they were when the plan was made (secrets masked). */
  objects: (hash: string) => `plans/${hash}/objects.json`,
  journal: (migration: string) => `${root(migration)}/journal/`,
  entry: (e: Pick<JournalEntry, "migration" | "operation" | "move" | "direction">) =>
    `${root(e.migration)}/journal/${e.operation}/${e.direction}-${e.move}.json`,
  /** Exists once the effect of an entry was read back. */
  done: (entryKey: string) => entryKey.replace(/\.json$/, DONE),
  evidence: (migration: string, phase: string, name: string) =>
    `${root(migration)}/evidence/${phase}/${name}.json`,
  evidenceOf: (migration: string, phase: string) => `${root(migration)}/evidence/${phase}/`,
  approval: (migration: string, question: string) => `${root(migration)}/approvals/${question}/request.json`,
  votes: (migration: string, question: string) => `${root(migration)}/approvals/${question}/votes/`,
  vote: (migration: string, question: string, person: string) =>
    `${keys.votes(migration, question)}${person}.json`,
  /** The question's messages in Slack, by their timestamps. */
  messages: (migration: string, question: string) => `${root(migration)}/approvals/${question}/messages/`,
  message: (migration: string, question: string, timestamp: string) =>
    `${keys.messages(migration, question)}${timestamp}.json`,
  approvals: (migration: string) => `${root(migration)}/approvals/`,
  decision: (migration: string, question: string) => `${root(migration)}/approvals/${question}/decision.json`,
  /** What became of a decision's answer: it was sent `again`, or nobody waited for it any more (`unheard`). */
  answer: (migration: string, question: string, what: "again" | "unheard") =>
    `${root(migration)}/approvals/${question}/answers/${what}.json`,
  /** What people were told, each telling once; done where Slack has taken it. */
  pages: (migration: string) => `${root(migration)}/pages/`,
  page: (migration: string, telling: string) => `${keys.pages(migration)}${telling}.json`,
  /** Approvers whose right was taken away after the plan was made. An administrator writes these. */
  withdrawals: () => "people/withdrawn/",
  withdrawn: (person: string) => `${keys.withdrawals()}${encodeURIComponent(person)}.json`,
  /** Who started the migration: one object for each execution. */
  starts: (migration: string) => `${root(migration)}/starts/`,
  started: (migration: string, execution: string) =>
    `${keys.starts(migration)}${encodeURIComponent(execution)}.json`,
  /** What was done about an execution that had ended without its own Catch. */
  ended: (migration: string, execution: string) =>
    `${root(migration)}/ended/${encodeURIComponent(execution)}.json`,
  /** Exists once a rollback has begun. */
  fence: (migration: string) => `${root(migration)}/fence.json`,
  /** The managed fields as they were at the start, to compare with after a rollback. */
  start: (migration: string) => `${root(migration)}/start.json`,
  /** Who owns an exclusive thing; changed with If-Match. */
  owner: (migration: string, thing: string) => `${root(migration)}/owners/${encodeURIComponent(thing)}.json`,
  /** Which migration holds a cluster; a second start is refused by it. */
  locks: () => "clusters/",
  lock: (cluster: string) => `clusters/${cluster}/lock.json`,
  report: (migration: string) => `${root(migration)}/report.json`,
};
