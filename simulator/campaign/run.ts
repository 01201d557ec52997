/** Runs one case and judges it: what broke, if anything did. */

import type { Outcome } from "../../domain/events.ts";
import { faultOf } from "../faults/catalogue.ts";
import { programWith } from "../planted/catalogue.ts";
import { type RehearsalOptions, type Rehearsed, rehearse } from "../rehearsal/rehearse.ts";
import type { Case, Platform } from "./case.ts";

/** `name`: the invariant, or what else may never happen; the same for the same mistake, so that shrinking stays on its track. */
export type Breach = { readonly name: string; readonly sentence: string };

export type Verdict = {
  /** `crashed`: the run did not come to an end by itself. */
  readonly outcome: Outcome | "crashed";
  /** As `rehearse` would have ended. */
  readonly exitCode: number;
  readonly sentence: string;
  /** Empty where the run crashed. */
  readonly digest: string;
  readonly struck: readonly { readonly kind: string; readonly step: string; readonly struck: number }[];
  readonly virtualSeconds: number;
  readonly breach?: Breach;
};

/** What is deployed, where it is neither what Repot ships nor that with planted bugs: a test puts a wrong program here. */
export type Program = Pick<RehearsalOptions, "machines" | "steps" | "listeners">;

/** A case as a rehearsal takes it. */
export const optionsOf = ({ seed, faults, approve, rollBackAt, rollBackOn, planted, unwatched }: Case) => ({
  seed,
  faults: faults as RehearsalOptions["faults"],
  approve,
  ...(rollBackAt === undefined ? {} : { rollBackAt }),
  ...(rollBackOn === undefined ? {} : { rollBackOn }),
  ...(planted === undefined ? {} : programWith(planted)),
  ...(unwatched === undefined ? {} : { unwatched }),
});

/** Never rejects: a run that breaks down is a finding, too. */
export const runCase = async ({ plan, hash }: Platform, tried: Case, program?: Program): Promise<Verdict> => {
  try {
    const { summary, exitCode, sentence } = await rehearse({
      plan,
      hash,
      ...optionsOf(tried),
      ...program,
      onEvent: () => {},
    });
    const { outcome, digest, faults: struck, virtualSeconds } = summary;
    const breach = breachOf(tried, { summary, exitCode, sentence });
    return { outcome, exitCode, sentence, digest, struck, virtualSeconds, ...(breach ? { breach } : {}) };
  } catch (error) {
    const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const breach = { name: "unexpected", sentence };
    return { outcome: "crashed", exitCode: 1, sentence, digest: "", struck: [], virtualSeconds: 0, breach };
  }
};

type Ended = Pick<Rehearsed, "summary" | "exitCode" | "sentence">;

/** What may never happen and did. A run that breaks down has no record to judge: that is its own breach. */
export const breachOf = (tried: Case, { summary, exitCode, sentence }: Ended): Breach | undefined => {
  const [violation] = summary.violations;
  if (violation) return { name: violation.invariant, sentence: violation.sentence };
  const watched = (name: string) => !tried.unwatched?.includes(name);
  if (exitCode === 8 && watched("rollback-incomplete")) return { name: "rollback-incomplete", sentence };
  const due = watched("liveness") ? dueEnding(tried) : undefined;
  if (due !== undefined && due !== summary.outcome)
    return {
      name: "liveness",
      sentence: `Only passing faults struck, and the run ended as ${summary.outcome}, not as ${due}: ${sentence}`,
    };
  return undefined;
};

/** A state machine tries nine times; faults that strike a step less often than this must be got over. */
const PASSING_STRIKES_MAX = 4;

/** How a run must end that had passing faults only, and people who answer. */
const dueEnding = ({ faults, approve, rollBackAt, rollBackOn }: Case): Outcome | undefined => {
  // Where a rollback that comes at any state ends is the matrix's to say.
  if (approve !== "auto" || rollBackOn !== undefined) return undefined;
  const strikes = new Map<string, number>();
  for (const { kind, step, count = 1 } of faults) {
    const scope = faultOf(kind)?.scope;
    if (scope === "world" || kind === "rollback-pressed") return undefined;
    if (scope === "call") strikes.set(step, (strikes.get(step) ?? 0) + count);
  }
  if (Math.max(0, ...strikes.values()) > PASSING_STRIKES_MAX) return undefined;
  return rollBackAt === undefined ? "completed" : "rolled-back";
};
