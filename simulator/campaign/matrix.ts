/** Every single fault at every step, and a rollback at every phase: how each must end, and how it did. */

import type { Outcome } from "../../domain/events.ts";
import { byCodeUnit } from "../../domain/kube.ts";
import type { Phase } from "../../domain/phases.ts";
import { FAULTS, type FaultKind } from "../faults/catalogue.ts";
import { type Case, type Platform, ROLLBACK_PHASES } from "./case.ts";
import { runCase, type Verdict } from "./run.ts";

/** The column of the rows that ask for a rollback and break nothing. */
export const ROLLBACK = "rollback";

export type Cell = {
  readonly kind: string;
  /** The step, or the phase after which a rollback is asked for. */
  readonly step: string;
  readonly rollBackAt?: Exclude<Phase, "decommission">;
  readonly due: Outcome;
};

export type Filled = Cell & { readonly verdict: Verdict; readonly hit: boolean };

/** Where rollbacks begin that are struck themselves: the whole way back lies before them. */
const STRUCK_ROLLBACK_AT = "cut-traffic";

/** How a run ends that a fault of the world strikes for good. Faults of calls pass: those runs complete. */
const WORLD_ENDS: Readonly<Record<string, Outcome>> = {
  "pod-never-ready": "rolled-back",
  "pod-crashes": "rolled-back",
  ...Object.fromEntries(
    [
      "metrics-missing",
      "metrics-late",
      "metrics-nan",
      "metrics-of-the-wrong-cluster",
      "sparse-metrics",
    ].flatMap((kind) => [
      [kind, "rolled-back"],
      // Nothing was changed yet.
      [`${kind}@check-metrics`, "refused"],
      // After the delegation a failure holds and pages: the target serves, the source stands.
      [`${kind}@observe-stragglers`, "waiting"],
    ]),
  ),
  ...Object.fromEntries(
    ["execution-aborted", "event-lost", "event-twice"].flatMap((kind) => [
      [kind, "rolled-back"],
      [`${kind}@observe-stragglers`, "waiting"],
    ]),
  ),
  // The move gets by; retiring the source waits for whoever lets something raise it again and again.
  "hpa-fights": "waiting",
  "terminating-hangs": "rolled-back",
  "unacked-stuck": "rolled-back",
  "publisher-reappears": "rolled-back",
  "broker-unreachable": "rolled-back",
  "webhook-down": "rolled-back",
  "quota-exceeded": "rolled-back",
  "firewall-drops": "rolled-back",
  "security-group-drops": "rolled-back",
  "flow-logs-late": "rolled-back",
  // Nobody who may has answered in time: rolled back, and left to people.
  "approval-late": "waiting",
  "approval-never": "waiting",
  "slack-down": "waiting",
  "approval-contradictory": "rolled-back",
};

const dueOf = ({ kind, scope }: FaultKind, step: string): Outcome =>
  scope === "call" || kind === "started-twice"
    ? "completed"
    : kind === "rollback-pressed"
      ? "rolled-back"
      : (WORLD_ENDS[`${kind}@${step}`] ?? WORLD_ENDS[kind] ?? "completed");

/** Every cell that there is, in the order of the table. */
export const cells = (): readonly Cell[] => [
  ...ROLLBACK_PHASES.map((phase) => ({
    kind: ROLLBACK,
    step: phase,
    rollBackAt: phase,
    due: "rolled-back" as const,
  })),
  ...FAULTS.flatMap((fault) => [
    ...fault.steps.map((step) => ({ kind: fault.kind, step, due: dueOf(fault, step) })),
    ...fault.rollbackSteps.map(
      (step) => ({ kind: fault.kind, step, rollBackAt: STRUCK_ROLLBACK_AT, due: "rolled-back" }) as const,
    ),
  ]),
];

export const caseOf = ({ kind, step, rollBackAt }: Cell, platform: Platform, seed: number): Case => ({
  format: 1,
  platform: platform.hash,
  seed,
  faults: kind === ROLLBACK ? [] : [{ kind, step }],
  approve: "auto",
  ...(rollBackAt === undefined ? {} : { rollBackAt }),
});

export const fill = async (cell: Cell, platform: Platform, seed: number): Promise<Filled> => {
  const verdict = await runCase(platform, caseOf(cell, platform, seed));
  return {
    ...cell,
    verdict,
    hit: cell.kind === ROLLBACK || verdict.struck.some((fault) => fault.struck > 0),
  };
};

/** What is wrong with a cell; undefined where it ended as it must. */
export const complaint = ({ verdict, due, hit }: Filled): string | undefined => {
  if (verdict.breach) return `${verdict.breach.name}: ${verdict.breach.sentence}`;
  if (!hit || verdict.outcome === due) return undefined;
  return `ended as ${verdict.outcome}, must end as ${due}: ${verdict.sentence}`;
};

const LETTERS: Readonly<Record<string, string>> = {
  completed: "C",
  "rolled-back": "R",
  waiting: "W",
  refused: "X",
};

const letterOf = (cell: Filled): string => {
  if (complaint(cell) !== undefined) return "!";
  return cell.hit ? (LETTERS[cell.verdict.outcome] ?? "?") : "-";
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
    "C completed, R rolled back, W waits for a person, X refused before anything was changed, - never hit, ! not as it must end, · can't strike",
  ];
};
