/** The verdicts in a piece of evidence: the line of the record and the invariants read the same text, one after the other. */

import { type Verdict, VerdictSchema } from "../domain/gates.ts";

let last: { readonly body: string; readonly verdicts: readonly Verdict[] | undefined } | undefined;

/** @returns undefined where the evidence has none: steps keep other findings beside verdicts. @throws where it isn't what steps write. */
export const verdictsIn = (body: string): readonly Verdict[] | undefined => {
  if (last?.body === body) return last.verdicts;
  const { verdicts } = JSON.parse(body) as { readonly verdicts?: readonly unknown[] };
  last = { body, verdicts: verdicts?.map((v) => VerdictSchema.parse(v)) };
  return last.verdicts;
};
