/** What people do in a rehearsal beside answering questions: they start the migration, days later the decommissioning, and press the button. */

import type { Phase } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Run } from "../../functions/run.ts";
import type { Clock } from "../clock.ts";
import type { Engine, Execution, HistoryEvent, Json } from "../interpreter/engine.ts";

/** Longer than any plan's phases, windows and holds together. */
const DAYS_MAX = 90;

/** A function lives for thirty seconds: what one of them still does when its execution is over has landed before anybody judges the end. */
const IN_FLIGHT_MS = 31_000;

export type DriveOptions = {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly plan: Plan;
  /** What every execution is started with. */
  readonly start: Json;
  readonly run: Run;
  readonly rollBackAt?: Phase;
  /** `machine/State`: the rollback is asked for when this state is entered for the first time. */
  readonly rollBackOn?: string;
  /** Whether a judge has ended the run. */
  readonly stopped: () => boolean;
};

export type Driver = {
  /** Tells the driver of an execution's event. */
  readonly saw: (execution: Execution, event: HistoryEvent) => void;
  /** What people do at bad moments, by the kind of the fault. */
  readonly people: Readonly<Record<"rollback-pressed" | "rollback-twice", () => void>>;
  /** Runs until nothing more will happen. @throws Error where the bound is passed: a run that never ends is a bug. */
  readonly run: () => Promise<void>;
};

/** An ending that no machine has seen is answered within minutes, also where its event was lost. */
const ANSWERED_MS = 30 * 60_000;

const ENDED = /^Execution(Succeeded|Failed|Aborted|TimedOut)$/;

/** `machine/State` of the state that an event enters; undefined for any other event. */
const enteredBy = ({ machine }: Execution, { type, details }: HistoryEvent): string | undefined =>
  type.endsWith("StateEntered") ? `${machine}/${String(details?.["name"])}` : undefined;

export const makeDriver = (options: DriveOptions): Driver => {
  const { clock, engine, plan, start, run, rollBackAt, rollBackOn } = options;
  const { bakeSeconds } = plan.settings.policy;
  let over = false;
  let pressed = false;
  /** An execution has ended unseen, and what is done about it isn't done yet. */
  let unanswered = false;
  let rollbacks = 0;
  let retiring = false;
  let answered = false;

  let again = 0;
  const goBack = (name: string) =>
    clock.after(0, () => engine.start({ machine: "roll-back", name, input: { run, startedBy: "person" } }));
  const press = () => {
    if (pressed) return;
    pressed = true;
    goBack(`${plan.migration}-by-hand`);
  };
  const people: Driver["people"] = {
    "rollback-pressed": press,
    "rollback-twice": () => {
      again += 1;
      goBack(`${plan.migration}-by-hand-${again}`);
    },
  };
  const waitForAnAnswer = () => {
    unanswered = true;
    clock.after(ANSWERED_MS, () => {
      if (rollbacks === 0) over = true;
    });
  };
  const migrationEnded = ({ status, error = "" }: Execution) => {
    if (pressed) return;
    if (status === "SUCCEEDED")
      clock.after(bakeSeconds * 1000, () =>
        engine.start({ machine: "decommission", name: `${plan.migration}-decommission`, input: start }),
      );
    else if (status === "FAILED" && !error.startsWith("States.")) over = true;
    else waitForAnAnswer();
  };
  return {
    people,
    saw: (execution, event) => {
      const { machine, name } = execution;
      if (event.type === "ExecutionStarted" && machine === "roll-back") rollbacks += 1;
      if (event.type === "ExecutionStarted" && machine === "decommission") retiring = true;
      if (rollBackOn !== undefined && enteredBy(execution, event) === rollBackOn) press();
      if (!ENDED.test(event.type)) return;
      if (machine === rollBackAt && event.type === "ExecutionSucceeded" && !pressed) press();
      if (machine === "migrate-cluster" && name === plan.migration) migrationEnded(execution);
      if (machine === "decommission") {
        retiring = false;
        // Where somebody has asked for the way back meanwhile, that is what ends the run.
        over = !pressed || answered;
      }
      if (machine !== "roll-back") return;
      rollbacks -= 1;
      // One that fell with its migration is no answer yet: another goes on from there.
      const isAnswer = unanswered && rollbacks === 0 && execution.status !== "ABORTED";
      if (name !== `${plan.migration}-by-hand` && !isAnswer) return;
      answered = true;
      // A rollback that was refused changes nothing: the decommissioning goes on.
      over = !retiring;
    },
    run: () => runToEnd(options, () => over),
  };
};

/** A run that doesn't come to its end: nothing is left to happen, or it goes on and on. */
export class NeverEnds extends Error {
  override readonly name = "NeverEnds";
}

/** Starts the migration and lets time pass until it is over, and what is in flight has landed. @throws NeverEnds. */
const runToEnd = async (
  { clock, engine, plan, start, stopped }: DriveOptions,
  isOver: () => boolean,
): Promise<void> => {
  const end = clock.now() + DAYS_MAX * 86_400_000;
  engine.start({ machine: "migrate-cluster", name: plan.migration, input: start });
  const done = await clock.run(() => isOver() || stopped() || clock.now() > end);
  engine.check();
  if (stopped()) return;
  if (!done) throw new NeverEnds("Nothing was left to happen, and the migration had not ended.");
  if (!isOver()) throw new NeverEnds(`The migration had not ended after ${DAYS_MAX} virtual days.`);
  const ended = clock.now() + IN_FLIGHT_MS;
  await clock.run(() => stopped() || clock.now() >= ended);
  engine.check();
};
