/** Makes a broken case as small as it gets: halves, quarters and single faults are left out for as long as it stays broken in the same way. */

import type { Case, CaseFault } from "./case.ts";

export type Shrunk = { readonly smallest: Case; readonly tries: number };

const TRIES_MAX = 80;

/**
 * Greedy delta debugging.
 * @param broken Whether a case still breaks in the same way. It is asked at most `triesMax` times, never about the first case.
 */
export const shrink = async (
  first: Case,
  broken: (tried: Case) => Promise<boolean>,
  triesMax = TRIES_MAX,
): Promise<Shrunk> => {
  let smallest = first;
  let tries = 0;
  const attempt = async (tried: Case): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    if (!(await broken(tried))) return false;
    smallest = tried;
    return true;
  };
  for (let size = Math.ceil(first.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    await leaveOut(() => smallest, size, attempt);
  for (const simpler of simplifications) {
    for (const tried of simpler(smallest)) if (await attempt(tried)) break;
  }
  return { smallest, tries };
};

/** Leaves out runs of `size` faults, wherever that is possible. */
const leaveOut = async (
  smallest: () => Case,
  size: number,
  attempt: (tried: Case) => Promise<boolean>,
): Promise<void> => {
  let at = 0;
  while (at < smallest().faults.length) {
    const { faults } = smallest();
    const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
    if (!(await attempt({ ...smallest(), faults: fewer }))) at += size;
  }
};

/** What can be simpler beside fewer faults, each with its attempts, the simplest first. */
const simplifications: readonly ((from: Case) => readonly Case[])[] = [
  (from) => (from.rollBackAt === undefined && from.rollBackOn === undefined ? [] : [withoutRollback(from)]),
  (from) => (from.approve === "auto" ? [] : [{ ...from, approve: "auto" }]),
  (from) =>
    from.faults.some((f) => f.count !== undefined) ? [{ ...from, faults: from.faults.map(once) }] : [],
  (from) => [0, 1].filter((seed) => seed < from.seed).map((seed) => ({ ...from, seed })),
];

const withoutRollback = ({ rollBackAt: _, rollBackOn: __, ...rest }: Case): Case => rest;

const once = ({ count: _, ...rest }: CaseFault): CaseFault => rest;
