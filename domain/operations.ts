/**
 * The plan's operations: every effectful step of the migration, numbered in the order of the journal. `operationOf` is how steps and
 * machines find theirs.
 */

import type { Phase } from "./phases.ts";
import type { Operation, Plan } from "./plan.ts";

/** What an operation is called; those of the second group are one for each workload or Service. */
export type OperationName =
  | "lower-ttls"
  | "ensure-cluster"
  | "create-zone"
  | "install-bundle"
  | "install-probes"
  | "warm-target"
  | "pause-pipelines"
  | "install-freeze-policy"
  | "floor-autoscalers"
  | "take-snapshot"
  | "run-e2e-suite"
  | "restore-workloads"
  | "complete-restore"
  | "restore-hooks"
  | "link-services"
  | "fill-zone"
  | "carry-drift"
  | "carry-records"
  | "delegate-zone"
  | "repoint-old-zone"
  | "stop-load"
  | "lift-freeze"
  | "carry-back"
  | "resume-pipelines"
  | "restore-autoscalers"
  | "final-snapshot"
  | "retire-source"
  | "restore-ttls"
  | "link-service"
  | "start-core"
  | "shift"
  | "hand-over"
  | "copy"
  | "shift-workers"
  | "shift-group"
  | "raise-target"
  | "lower-source";

export type Step = {
  readonly name: OperationName;
  readonly phase: Phase;
  readonly subject?: string;
  readonly sentence: string;
};

const DIGITS_MIN = 4;

/** Numbers steps in their order; wide enough that sorting by text is sorting by number. */
export const numbered = (steps: readonly Step[]): readonly Operation[] => {
  const digits = Math.max(DIGITS_MIN, String(steps.length).length);
  return steps.map(({ name, phase, subject, sentence }, i) => ({
    id: `${String(i + 1).padStart(digits, "0")}-${name}${subject === undefined ? "" : `:${subject}`}`,
    phase,
    sentence,
  }));
};

const indexes = new WeakMap<readonly Operation[], ReadonlyMap<string, string>>();

const indexOf = (operations: readonly Operation[]): ReadonlyMap<string, string> => {
  const known = indexes.get(operations);
  if (known) return known;
  const index = new Map(operations.map((o) => [o.id.slice(o.id.indexOf("-") + 1), o.id]));
  indexes.set(operations, index);
  return index;
};

/**
 * The id of an operation, `0042-shift:shop/cart`.
 * @param subject `namespace/name` of a workload or Service; absent for what there is one of.
 * @throws Error where the plan has no such operation: a step that isn't in the plan may not happen.
 */
export const operationOf = (
  plan: Pick<Plan, "operations">,
  name: OperationName | (string & {}),
  subject?: string,
): string => {
  const key = subject === undefined ? name : `${name}:${subject}`;
  const id = indexOf(plan.operations).get(key);
  if (id === undefined) throw new Error(`The plan has no operation ${key}.`);
  return id;
};

/** The ids of all operations with a name, in the plan's order: one for each workload or Service. */
export const operationsOf = (plan: Pick<Plan, "operations">, name: OperationName): readonly string[] =>
  plan.operations.map(({ id }) => id).filter((id) => id.slice(id.indexOf("-") + 1).startsWith(`${name}:`));
