/** What people do in a rehearsal beside answering questions: they start the migration, days later the decommissioning, and press the button. */

import type { Phase } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { Engine, Execution, HistoryEvent } from "../interpreter/engine.ts";

/** Longer than any plan's phases, windows and holds together. */
const DAYS_MAX = 90;

export type DriveOptions = {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly plan: Plan;
  readonly hash: string;
  readonly rollBackAt: Phase | undefined;
};

export type Driver = {
  /** Tells the driver of an execution's event. */
  readonly saw: (execution: Execution, event: HistoryEvent) => void;
  /** Runs until nothing more will happen. @throws Error where the bound is passed: a run that never ends is a bug. */
  readonly run: () => Promise<void>;
};

export const makeDriver = ({ clock, engine, plan, hash, rollBackAt }: DriveOptions): Driver => {
  const run = { migration: plan.migration, plan: hash };
  const { bakeSeconds } = plan.settings.policy;
  let over = false;
  let pressed = false;

  const press = () => {
    pressed = true;
    clock.after(0, () =>
      engine.start({
        machine: "roll-back",
        name: `${plan.migration}-by-hand`,
        input: { run, startedBy: "person" },
      }),
    );
  };
  const migrationEnded = (status: Execution["status"]) => {
    if (pressed) return;
    if (status === "SUCCEEDED")
      clock.after(bakeSeconds * 1000, () =>
        engine.start({ machine: "decommission", name: `${plan.migration}-decommission`, input: { run } }),
      );
    else over = true;
  };
  return {
    saw: (execution, event) => {
      if (!/^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(event.type)) return;
      const { machine, status, name } = execution;
      if (machine === rollBackAt && event.type === "ExecutionSucceeded" && !pressed) press();
      if (machine === "migrate-cluster") migrationEnded(status);
      if (machine === "decommission") over = true;
      if (machine === "roll-back" && name === `${plan.migration}-by-hand`) over = true;
    },
    run: async () => {
      const end = clock.now() + DAYS_MAX * 86_400_000;
      engine.start({ machine: "migrate-cluster", name: plan.migration, input: run });
      const stopped = await clock.run(() => over || clock.now() > end);
      engine.check();
      if (!stopped) throw new Error("Nothing was left to happen, and the migration had not ended.");
      if (!over) throw new Error(`The migration had not ended after ${DAYS_MAX} virtual days.`);
    },
  };
};
