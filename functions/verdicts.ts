/** Short forms for verdicts of one observation, so that every gate says the same things in the same way. */

import type { Evidence, Verdict } from "../domain/gates.ts";
import type { Context } from "./step.ts";

export type Finding = {
  readonly check: string;
  readonly subject: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly value: Evidence["value"];
  readonly threshold: string;
  readonly samples: number;
  readonly source: string;
};

/** A verdict with its one piece of evidence. Without samples nothing is known, whatever the value says. */
export const judge = (context: Context, passes: boolean | undefined, finding: Finding): Verdict => {
  const { check, subject, sentence, remedy, value, threshold, samples, source } = finding;
  const verdict = passes === undefined || samples === 0 ? "unknown" : passes ? "pass" : "fail";
  return {
    check,
    subject,
    verdict,
    sentence,
    ...(verdict === "pass" ? {} : { remedy }),
    evidence: [{ what: check, value, threshold, samples, source, observedAt: context.now().toISOString() }],
  };
};
