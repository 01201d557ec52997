/** Every single fault at every effect, and a rollback at every phase and every state: how each must end, and how it did. */

import type { Outcome } from "../../domain/events.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Phase } from "../../domain/phases.ts";
import { FAULTS } from "../faults/catalogue.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { type Case, type Platform, ROLLBACK_PHASES } from "./case.ts";
import type { Crew } from "./crew.ts";
import { dueOf, dueOnState } from "./ends.ts";
import type { Verdict } from "./run.ts";

/** The column of the rows that ask for a rollback and break nothing. */
export const ROLLBACK = "rollback";

export type Cell = {
  readonly kind: string;
  /** The step; of a rollback the phase after which, or the state (`machine/State`) at which it is asked for. */
  readonly step: string;
  readonly rollBackAt?: Exclude<Phase, "decommission">;
  readonly rollBackOn?: string;
  readonly due: Outcome;
  /** The end that is due instead where a workload of the source is retired for good; absent where that changes nothing. */
  readonly dueOnceRetired?: Outcome;
  /** How many effects of the step are struck, each in a run of its own; at least the first. */
  readonly effects: number;
};

/** `hit`: how many of the runs were struck; `verdict`: of the first that did not end as it must, else of the first. */
export type Filled = Cell & { readonly verdict: Verdict; readonly hit: number; readonly skip: number };

/** Where rollbacks begin that are struck themselves: the whole way back lies before them. */
const STRUCK_ROLLBACK_AT = "cut-traffic";

/** What one migration of a platform does: the states that it enters, and how often each kind of fault could strike each step. */
export type Survey = {
  readonly states: readonly string[];
  /** By `kind@step`. */
  readonly effects: ReadonlyMap<string, number>;
};

/** Beyond any number of effects. */
const ALL = 1_000_000;

/** Looks at one migration in which every fault of a call lets everything pass. */
export const survey = async ({ plan, hash }: Platform, seed: number): Promise<Survey> => {
  const faults = FAULTS.filter((fault) => fault.scope === "call").flatMap(({ kind, steps }) =>
    steps.map((step) => ({ kind, step, skip: ALL })),
  );
  const { events, occasions } = await rehearse({
    plan,
    hash,
    seed,
    approve: "auto",
    faults,
    onEvent: () => {},
  });
  const entered = events.flatMap((e) => (e.type === "transition" ? [`${e.machine}/${e.state}`] : []));
  return {
    states: [...new Set(entered)],
    effects: new Map(occasions.map(({ kind, step, passed }) => [`${kind}@${step}`, passed])),
  };
};

/** Every cell that there is, in the order of the table. Without a survey: the first effect of each step, and no states. */
export const cells = (seen: Survey = { states: [], effects: new Map() }): readonly Cell[] => [
  ...ROLLBACK_PHASES.map((phase) => ({
    kind: ROLLBACK,
    step: phase,
    rollBackAt: phase,
    due: "rolled-back" as const,
    effects: 1,
  })),
  ...seen.states.map((state) => ({
    kind: ROLLBACK,
    step: state,
    rollBackOn: state,
    ...dueOnState(state),
    effects: 1,
  })),
  ...FAULTS.flatMap((fault) => [
    ...fault.steps.map((step) => ({
      kind: fault.kind,
      step,
      due: dueOf(fault, step),
      effects: Math.max(1, seen.effects.get(`${fault.kind}@${step}`) ?? 1),
    })),
    ...fault.rollbackSteps.map(
      (step) =>
        ({
          kind: fault.kind,
          step,
          rollBackAt: STRUCK_ROLLBACK_AT,
          due: "rolled-back",
          effects: 1,
        }) as const,
    ),
  ]),
];

/** @param skip How many effects of the step pass before one is struck. */
export const caseOf = (
  { kind, step, rollBackAt, rollBackOn }: Cell,
  platform: Platform,
  seed: number,
  skip = 0,
): Case => ({
  format: 1,
  platform: platform.hash,
  seed,
  faults: kind === ROLLBACK ? [] : [{ kind, step, ...(skip === 0 ? {} : { skip }) }],
  approve: "auto",
  ...(rollBackAt === undefined ? {} : { rollBackAt }),
  ...(rollBackOn === undefined ? {} : { rollBackOn }),
});

/** Runs a cell: each of its effects, until one ends in another way than it must. */
export const fill = async (
  cell: Cell,
  platform: Platform,
  seed: number,
  run: Crew["run"],
): Promise<Filled> => {
  let first: Filled | undefined;
  let hit = 0;
  for (let skip = 0; skip < cell.effects; skip += 1) {
    const verdict = await run(caseOf(cell, platform, seed, skip));
    const isHit = cell.kind === ROLLBACK || verdict.struck.some((fault) => fault.struck > 0);
    if (isHit) hit += 1;
    const filled: Filled = { ...cell, verdict, hit, skip };
    if (complaint({ ...filled, hit: isHit ? 1 : 0 }) !== undefined) return filled;
    first ??= filled;
  }
  if (!first) throw new Error(`${cell.kind} at ${cell.step} has no effect to strike.`);
  return { ...first, hit };
};

/** What is wrong with a cell; undefined where it ended as it must. */
export const complaint = ({ verdict, due, dueOnceRetired, hit }: Filled): string | undefined => {
  if (verdict.breach) return `${verdict.breach.name}: ${verdict.breach.sentence}`;
  const end = verdict.retired ? (dueOnceRetired ?? due) : due;
  if (hit === 0 || verdict.outcome === end) return undefined;
  return `ended as ${verdict.outcome}, must end as ${end}: ${verdict.sentence}`;
};

const LETTERS: Readonly<Record<string, string>> = {
  completed: "C",
  "rolled-back": "R",
  waiting: "W",
  refused: "X",
};

const letterOf = (cell: Filled): string => {
  if (complaint(cell) !== undefined) return "!";
  return cell.hit > 0 ? (LETTERS[cell.verdict.outcome] ?? "?") : "-";
};

/** Steps by kinds as lines of text. */
export const table = (filled: readonly Filled[]): readonly string[] => {
  const kinds = [ROLLBACK, ...FAULTS.map((fault) => fault.kind)];
  const letters = new Map(filled.map((cell) => [`${cell.kind}@${cell.step}`, letterOf(cell)]));
  const steps = [...new Set(filled.filter((cell) => cell.kind !== ROLLBACK).map((cell) => cell.step))].sort(
    byCodeUnit,
  );
  const rows = [...ROLLBACK_PHASES, ...steps].filter((step) => filled.some((cell) => cell.step === step));
  const width = Math.max(0, ...rows.map((row) => row.length));
  return [
    ...kinds.map((kind, i) => `${" ".repeat(width)} ${"│ ".repeat(i)}┌ ${kind}`),
    ...rows.map(
      (step) =>
        `${step.padEnd(width)} ${kinds.map((kind) => letters.get(`${kind}@${step}`) ?? "·").join(" ")}`,
    ),
    "C completed, R rolled back, W waits for a person, X refused (before anything was changed, or a rollback that comes too late), - never hit, ! not as it must end, · can't strike",
  ];
};

/** A letter for each state of each machine, in the order in which they are entered: how a rollback ends that is asked for there. */
export const stateTable = (filled: readonly Filled[]): readonly string[] => {
  const byMachine = new Map<string, string>();
  for (const cell of filled) {
    if (cell.rollBackOn === undefined) continue;
    const machine = cell.step.split("/").slice(0, -1).join("/");
    byMachine.set(machine, `${byMachine.get(machine) ?? ""}${letterOf(cell)}`);
  }
  const width = Math.max(0, ...[...byMachine.keys()].map((machine) => machine.length));
  return [...byMachine].map(([machine, letters]) => `${machine.padEnd(width)} ${letters}`);
};
