/** One case of a campaign as data: everything that makes a run what it is, but for the platform itself. It is what a file of a case holds. */

import * as z from "zod";
import { BadInput } from "../../domain/errors.ts";
import { PHASES, type Phase } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { faultOf, stepsOf } from "../faults/catalogue.ts";
import { plantedOf } from "../planted/catalogue.ts";
import { invariants } from "../rehearsal/judges.ts";
import { MODES } from "./modes.ts";
import { OF_RUNS } from "./of-runs.ts";

/** Phases after which a rollback may be asked for: after the last there is nothing to go back to. */
export const ROLLBACK_PHASES = PHASES.filter(
  (phase): phase is Exclude<Phase, "decommission"> => phase !== "decommission",
);

export const APPROVALS = ["auto", "never", "deny"] as const;

const whole = (max: number) => z.int().min(1).max(max);

const FaultSchema = z.strictObject({
  kind: z.string(),
  step: z.string(),
  /** How often it strikes; once where absent. */
  count: whole(1_000_000).optional(),
  /** How long it lasts. */
  seconds: whole(10_000_000).optional(),
  /** How many occasions pass before it strikes; none where absent. */
  skip: whole(1_000).optional(),
});

export const CaseSchema = z.strictObject({
  format: z.literal(1),
  /** SHA-256 of the plan that was rehearsed. */
  platform: z.string().regex(/^[0-9a-f]{64}$/),
  seed: z.int().min(0).max(4_294_967_295),
  faults: z.array(FaultSchema).max(1_000),
  rollBackAt: z.enum(ROLLBACK_PHASES).optional(),
  /** `machine/State`: the rollback is asked for when this state is entered for the first time. */
  rollBackOn: z
    .string()
    .regex(/^[a-z-]+(\/[A-Za-z]+)?\/[^/]+$/)
    .optional(),
  approve: z.enum(APPROVALS),
  mode: z.enum(MODES).optional(),
  /** Bugs that are planted in the program, by name. */
  planted: z.array(z.string()).max(100).optional(),
  /** Invariants that nobody watches, by name. */
  unwatched: z.array(z.string()).max(100).optional(),
  /** What was found, for whoever opens the file. */
  found: z.string().optional(),
});
export type Case = z.infer<typeof CaseSchema>;
export type CaseFault = Case["faults"][number];

/** What is rehearsed again and again. */
export type Platform = { readonly plan: Plan; readonly hash: string };

/** @throws BadInput, naming the file, where it is no case or asks for faults that don't exist. */
export const parseCase = (text: string, name: string): Case => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new BadInput(`${name} isn't JSON: a case is a file that repot campaign wrote.`);
  }
  const parsed = CaseSchema.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadInput(
      `${name} is no case of a campaign: ${issue?.path.join(".") || "its top"}: ${issue?.message ?? "unknown"}.`,
    );
  }
  for (const { kind, step } of parsed.data.faults) {
    const fault = faultOf(kind);
    if (!fault)
      throw new BadInput(`${name}: there is no fault ${kind}. repot campaign --list prints the kinds.`);
    if (![...stepsOf(fault, true), ...fault.seldomSteps].includes(step))
      throw new BadInput(`${name}: ${kind} can't strike at ${step}. repot campaign --list prints the steps.`);
  }
  plantedOf(parsed.data.planted ?? []);
  mustBeInvariants(parsed.data.unwatched ?? []);
  return parsed.data;
};

/** @throws BadInput where there is no such invariant. */
export const mustBeInvariants = (names: readonly string[]): void => {
  const known = [...invariants(), ...OF_RUNS];
  for (const name of names)
    if (!known.some((each) => each.name === name))
      throw new BadInput(`There is no invariant ${name}. repot campaign --list prints them.`);
};

/** `crash-before-effect@scale-workload:count=2`. */
export const faultText = ({ kind, step, count, seconds, skip }: CaseFault): string =>
  `${kind}@${step}${count === undefined ? "" : `:count=${count}`}${seconds === undefined ? "" : `:seconds=${seconds}`}${skip === undefined ? "" : `:skip=${skip}`}`;
