/** Runs one case and judges it: what broke, if anything did. */

import type { Outcome, RunEvent } from "../../domain/events.ts";
import { faultOf } from "../faults/catalogue.ts";
import { programWith } from "../planted/catalogue.ts";
import { NeverEnds } from "../rehearsal/drive.ts";
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
  /** A workload of the source was retired, and was not brought back. */
  readonly retired?: true;
  readonly breach?: Breach;
};

/** What is deployed, where it is neither what Repot ships nor that with planted bugs: a test puts a wrong program here. */
export type Program = Pick<RehearsalOptions, "machines" | "steps" | "listeners">;

/** In liveness mode: from the first strike until all faults are over. */
const FAULTS_LAST_SECONDS = 3_600;
/** From then on: the longest hold, people's time, the next window, TTLs and the bake are over in this. */
const ENDS_WITHIN_SECONDS = 2 * 86_400;

/** A case as a rehearsal takes it. */
export const optionsOf = ({
  seed,
  faults,
  approve,
  rollBackAt,
  rollBackOn,
  mode,
  planted,
  unwatched,
}: Case) => ({
  seed,
  faults: faults as RehearsalOptions["faults"],
  approve,
  ...(rollBackAt === undefined ? {} : { rollBackAt }),
  ...(rollBackOn === undefined ? {} : { rollBackOn }),
  ...(mode === "liveness" ? { faultsEndAfterSeconds: FAULTS_LAST_SECONDS } : {}),
  ...(planted === undefined ? {} : programWith(planted)),
  ...(unwatched === undefined ? {} : { unwatched }),
});

/** Never rejects: a run that breaks down is a finding, too. */
export const runCase = async ({ plan, hash }: Platform, tried: Case, program?: Program): Promise<Verdict> => {
  try {
    const { summary, exitCode, sentence, faultsEndedAt, events } = await rehearse({
      plan,
      hash,
      ...optionsOf(tried),
      ...program,
      onEvent: () => {},
    });
    const { outcome, digest, faults: struck, virtualSeconds } = summary;
    const breach = breachOf(tried, { summary, exitCode, sentence, faultsEndedAt });
    return {
      outcome,
      exitCode,
      sentence,
      digest,
      struck,
      virtualSeconds,
      ...(isRetired(events) ? { retired: true } : {}),
      ...(breach ? { breach } : {}),
    };
  } catch (error) {
    return brokeDown(error);
  }
};

/** By the journal: an entry of a retirement that has no undo. */
const isRetired = (events: readonly RunEvent[]): boolean => {
  const open = new Set<string>();
  for (const e of events) {
    if (e.type !== "effect" || !/^\d+-retire-source[:/]/.test(e.key)) continue;
    if (e.direction === "forward" && e.status === "intended") open.add(e.key);
    else if (e.direction === "undo" && e.status === "done") open.delete(e.key.replace("/undo-", "/forward-"));
  }
  return open.size > 0;
};

/** Of a run that came to no end. */
export const brokeDown = (error: unknown): Verdict => {
  const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const breach =
    error instanceof NeverEnds
      ? { name: "liveness", sentence: error.message }
      : { name: "unexpected", sentence };
  return { outcome: "crashed", exitCode: 1, sentence, digest: "", struck: [], virtualSeconds: 0, breach };
};

type Ended = Pick<Rehearsed, "summary" | "exitCode" | "sentence" | "faultsEndedAt">;

/** What may never happen and did. A run that breaks down has no record to judge: that is its own breach. */
export const breachOf = (tried: Case, ended: Ended): Breach | undefined => {
  const { summary, exitCode, sentence } = ended;
  const [violation] = summary.violations;
  if (violation) return { name: violation.invariant, sentence: violation.sentence };
  // Whoever is hindered for ever gets nowhere, on the way back as well; that nothing breaks is what is asked.
  if (tried.mode === "safety") return undefined;
  const watched = (name: string) => !tried.unwatched?.includes(name);
  if (exitCode === 8 && watched("rollback-incomplete")) return { name: "rollback-incomplete", sentence };
  const late = watched("liveness") ? lateness(tried, ended) : undefined;
  if (late !== undefined) return { name: "liveness", sentence: late };
  const due = watched("liveness") ? dueEnding(tried) : undefined;
  if (due !== undefined && due !== summary.outcome)
    return {
      name: "liveness",
      sentence: `Only passing faults struck, and the run ended as ${summary.outcome}, not as ${due}: ${sentence}`,
    };
  return undefined;
};

/** What is said of a run that goes on long after all faults are over; undefined of any other. */
const lateness = (
  { mode }: Case,
  { summary: { virtualSeconds }, faultsEndedAt }: Ended,
): string | undefined => {
  if (mode !== "liveness" || faultsEndedAt === undefined) return undefined;
  const seconds = Math.round(virtualSeconds - faultsEndedAt);
  return seconds > ENDS_WITHIN_SECONDS
    ? `All faults were over, and the run went on for ${seconds} s; it must end within ${ENDS_WITHIN_SECONDS} s.`
    : undefined;
};

/** A state machine tries nine times; faults that strike a step less often than this must be got over. */
const PASSING_STRIKES_MAX = 4;

/** Of a fault that has no end of its own. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/** How a run must end that had passing faults only, and people who answer. */
const dueEnding = ({ faults, approve, mode, rollBackAt, rollBackOn }: Case): Outcome | undefined => {
  // Where a rollback that comes at any state ends is the matrix's to say; an hour of faults may end a phase.
  if (approve !== "auto" || rollBackOn !== undefined || mode !== undefined) return undefined;
  const strikes = new Map<string, number>();
  let delays = 0;
  for (const { kind, step, count = 1, seconds = LONGEST } of faults) {
    const { scope, waitedOutSeconds = 0 } = faultOf(kind) ?? {};
    if (kind === "rollback-pressed" || (scope === "world" && seconds > waitedOutSeconds)) return undefined;
    if (scope === "world") delays += 1;
    if (scope === "call") strikes.set(step, (strikes.get(step) ?? 0) + count);
  }
  // One delay is waited out; several together may be more than anybody is patient for.
  if (delays > 1 || Math.max(0, ...strikes.values()) > PASSING_STRIKES_MAX) return undefined;
  return rollBackAt === undefined ? "completed" : "rolled-back";
};
