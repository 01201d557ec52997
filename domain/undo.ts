/** The order of the way back: the target's webhooks (their backends are about to go), capacity of the source first, then DNS, then everything else, newest first. */

import { byCodeUnit } from "./kube.ts";

/** What a rollback does beside undoing: under names of its own in the journal, since no plan asked for it. */
export const BACK_OPERATIONS = {
  carryBack: "back-carry-back",
  carryRecords: "back-carry-records",
  turnBack: "back-turn-back",
} as const;

export type UndoLists = {
  /** What refuses other writes as soon as nobody is behind it. */
  readonly hooks: readonly (readonly string[])[];
  /** For each workload, its entries, newest first: different workloads may be undone at the same time. */
  readonly capacity: readonly (readonly string[])[];
  readonly dns: readonly (readonly string[])[];
  readonly rest: readonly (readonly string[])[];
};

/** `…/journal/0042-shift:shop/cart/forward-1-source-down.json` → operation and move. */
const partsOf = (key: string) => {
  const match = /\/journal\/(\d{4,}-.*)\/forward-(.*)\.json$/.exec(key);
  return { operation: match?.[1] ?? "", move: match?.[2] ?? "" };
};

/** An exclusive thing is no capacity: it comes back only after it was stopped on the target. */
const isCapacity = (key: string): boolean => {
  const { operation, move } = partsOf(key);
  // A group goes back as it came, member by member, so its entries stay together.
  if (/^\d+-shift-group[:/]/.test(operation)) return true;
  // What was retired when the fence rose comes back before anybody is sent to the source again.
  if (/^\d+-retire-source[:/]/.test(operation)) return true;
  return /^\d+-(shift|lower-source)[:/]/.test(operation) && /source-down|lower/.test(move);
};
const isDns = (key: string): boolean => /^\d+-(delegate-zone|repoint-old-zone)$/.test(partsOf(key).operation);

const isHookEntry = (key: string): boolean => /^\d+-restore-hooks$/.test(partsOf(key).operation);

const subjectOf = (key: string): string => partsOf(key).operation.replace(/^\d+-[a-z-]+[:/]/, "");

/** @param keys Keys of forward entries, in any order. */
export const undoLists = (keys: readonly string[]): UndoLists => {
  const newestFirst = [...keys].sort((a, b) => byCodeUnit(b, a));
  const bySubject = new Map<string, string[]>();
  for (const key of newestFirst.filter(isCapacity)) {
    const subject = subjectOf(key);
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), key]);
  }
  return {
    hooks: newestFirst.filter(isHookEntry).map((key) => [key]),
    capacity: [...bySubject.keys()].sort(byCodeUnit).map((subject) => bySubject.get(subject) ?? []),
    dns: newestFirst.filter(isDns).map((key) => [key]),
    rest: newestFirst
      .filter((key) => !isCapacity(key) && !isDns(key) && !isHookEntry(key))
      .map((key) => [key]),
  };
};
