/** The flags of the commands as data, parsed at the door: what comes out of here is well formed. */

import { BadInput, Refused } from "../domain/errors.ts";
import { PHASES, type Phase } from "../domain/phases.ts";
import { DECISIONS, type Decision } from "../domain/plan.ts";

export type FaultOption = {
  readonly kind: string;
  readonly step: string;
  readonly count?: number;
  readonly seconds?: number;
  readonly skip?: number;
};

export type Decisions = {
  /** By NAME: `namespace/name`, or the name alone. */
  readonly decide: Readonly<Record<string, Decision>>;
  readonly decideAll?: Decision;
};

export type PlanOptions = Decisions & {
  /** Files, directories, or `-` for standard input. */
  readonly inputs: readonly string[];
  /** Where plan.json goes; standard output where absent. */
  readonly output?: string;
};

export const APPROVE_MODES = ["auto", "never", "deny"] as const;
export type ApproveMode = (typeof APPROVE_MODES)[number];

export type RehearseOptions = Decisions & {
  /** One plan.json, or manifests. Empty only with `listFaults`. */
  readonly inputs: readonly string[];
  readonly seed: number;
  readonly faults: readonly FaultOption[];
  readonly listFaults: boolean;
  /** Names of bugs that are planted in what is rehearsed, and of its parts that are left out. */
  readonly planted?: readonly string[];
  readonly without?: readonly string[];
  readonly rollBackAt?: Phase;
  readonly approve: ApproveMode;
  readonly json: boolean;
  /** Directory of report.html and report.json; absent: none is written. */
  readonly report?: string;
  /** Directory of the four YAML files; absent: none is written. */
  readonly dump?: string;
};

const SEED_MAX = 4_294_967_295;

export const parseSeed = (text: string): number => {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seed) || seed > SEED_MAX)
    throw new BadInput(`--seed takes a whole number from 0 to ${SEED_MAX}, not ${quote(text)}.`);
  return seed;
};

/** `KIND@STEP`, and `:count=N`, `:seconds=N`, `:skip=N`, each at most once. Whether the pair exists is for the list of faults to say. */
export const parseFault = (text: string): FaultOption => {
  const [pair = "", ...rest] = text.split(":");
  const [, kind, step] = /^([a-z0-9-]+)@([a-z0-9-]+)$/.exec(pair) ?? [];
  const parameters = rest.map((part) => /^(count|seconds|skip)=(\d{1,7})$/.exec(part));
  const names = new Set(parameters.map((match) => match?.[1]));
  const isWrong = parameters.some((match) => Number(match?.[2] ?? 0) === 0);
  if (kind === undefined || step === undefined || isWrong || names.size < parameters.length)
    throw new BadInput(
      `--fault takes KIND@STEP, KIND@STEP:count=N, KIND@STEP:seconds=N or KIND@STEP:skip=N with N above 0, not ${quote(text)}. --list-faults prints the kinds and steps.`,
    );
  return {
    kind,
    step,
    ...Object.fromEntries(parameters.map((match) => [match?.[1] ?? "", Number(match?.[2])])),
  };
};

const isDecision = (text: string): text is Decision => (DECISIONS as readonly string[]).includes(text);

const parseDecision = (flag: string, text: string): Decision => {
  if (isDecision(text)) return text;
  throw new BadInput(`${flag} knows ${DECISIONS.join(", ")}, not ${quote(text)}.`);
};

/** `--decide NAME=X`, as often as needed; the same name twice with different answers is a mistake. */
export const parseDecisions = (decide: readonly string[], decideAll: string | undefined): Decisions => {
  const byName: Record<string, Decision> = Object.create(null);
  for (const text of decide) {
    const at = text.lastIndexOf("=");
    if (at <= 0) throw new BadInput(`--decide takes NAME=X (as in shop/cache=rebuild), not ${quote(text)}.`);
    const name = text.slice(0, at);
    const decision = parseDecision(`--decide ${name}`, text.slice(at + 1));
    if (byName[name] !== undefined && byName[name] !== decision)
      throw new BadInput(`--decide says two things about ${name}: ${byName[name]} and ${decision}.`);
    byName[name] = decision;
  }
  const all = decideAll === undefined ? {} : { decideAll: parseDecision("--decide-all", decideAll) };
  return { decide: { ...byName }, ...all };
};

const isPhase = (text: string): text is Phase => (PHASES as readonly string[]).includes(text);

export const parseRollBackAt = (text: string): Phase => {
  if (!isPhase(text)) throw new BadInput(`--roll-back-at knows ${PHASES.join(", ")}, not ${quote(text)}.`);
  if (text === "decommission")
    throw new Refused(
      "After decommission there is nothing left to go back to: the source's workloads are gone. Roll back at an earlier phase.",
    );
  return text;
};

export const parseApprove = (text: string): ApproveMode => {
  const mode = APPROVE_MODES.find((m) => m === text);
  if (mode === undefined)
    throw new BadInput(`--approve knows ${APPROVE_MODES.join(", ")}, not ${quote(text)}.`);
  return mode;
};

/** What a person typed, as they will recognise it, without control characters and not endless. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
