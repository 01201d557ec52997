/** What operators do to executions at bad moments, as faults: they abort, start twice, redrive what was rolled back. */

import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { WorldFaults } from "../faults/world.ts";
import { ApiError, type Engine, type Json } from "../interpreter/engine.ts";
import type { EventsService } from "../services/events.ts";

export type OperatorsOptions = {
  readonly clock: Clock;
  readonly engine: () => Pick<Engine, "start" | "stop" | "describe" | "redrive">;
  readonly events: Pick<EventsService, "disturb">;
  /** Its first execution is called like the migration. */
  readonly plan: Pick<Plan, "migration">;
  readonly start: Json;
};

/** A few seconds into the step. */
const SOON_MS = 3_000;
/** Just after the rollback has waited for what was in flight. */
const REDRIVE_MS = 32_000;

export const operatorFaults = (options: OperatorsOptions): WorldFaults => {
  const { clock, engine, events, start } = options;
  const { migration } = options.plan;
  const first = `migrate-cluster:${migration}`;
  /** Stops the migration as somebody in the console does; nothing where it has ended. */
  const abort = (then: () => void) =>
    clock.after(SOON_MS, () => {
      if (engine().describe(first).status !== "RUNNING") return;
      then();
      engine().stop(first, "Operator", "Stopped in the console.");
    });
  const disturbed = (times: number) => ({
    turn: (on: boolean, struck: () => void) => {
      if (!on) return events.disturb(undefined);
      abort(() => events.disturb({ times, struck }));
    },
  });
  /** Each further start has a name of its own, as people give them. */
  let starts = 0;
  return {
    "execution-aborted": { turn: (on, struck) => (on ? void abort(struck) : undefined) },
    "event-lost": disturbed(0),
    "event-twice": disturbed(2),
    "started-twice": {
      turn: (on, struck) => {
        if (!on) return;
        clock.after(SOON_MS, () => {
          struck();
          starts += 1;
          engine().start({ machine: "migrate-cluster", name: `${migration}-again-${starts}`, input: start });
        });
      },
    },
    "redriven-after-rollback": {
      turn: (on, struck) => {
        if (!on) return;
        clock.after(REDRIVE_MS, () => {
          try {
            engine().redrive(first);
            struck();
          } catch (error) {
            // It has ended well, or can't be redriven: then there was nothing to go wrong.
            if (!(error instanceof ApiError)) throw error;
          }
        });
      },
    },
  };
};
