/**
 * The control run: the same platform, the same seed, and no migration. What fails there as well isn't the move's doing. It lives on a clock
 * of its own and is brought up to date only when somebody asks.
 */

import type { Plan } from "../../../domain/plan.ts";
import { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { Cluster, DnsWorld } from "../types.ts";
import { type Control, makeTraffic } from "./traffic.ts";

export type { Control } from "./options.ts";

/** A world on its own clock. Nothing in it may need a task: it is moved by timers alone. */
export type ControlWorld = { readonly source: Cluster; readonly target: Cluster; readonly dns: DnsWorld };

/** @param build Makes the untouched world: the source as it is, a target that was never created, DNS as it was. */
export const makeControl = (options: {
  readonly startsAt: number;
  readonly random: Random;
  readonly plan: Plan;
  readonly build: (clock: Clock) => ControlWorld;
}): Control => {
  let run: { clock: Clock; failing: Control["failing"] } | undefined;
  const start = () => {
    const clock = new Clock(options.startsAt);
    const world = options.build(clock);
    const traffic = makeTraffic({
      ...world,
      clock,
      random: options.random,
      plan: options.plan,
      emit: () => {},
      keepsHistory: false,
    });
    return { clock, failing: traffic.failing };
  };
  return {
    failing: (host, fromMs, toMs) => {
      run ??= start();
      run.clock.advanceTo(toMs);
      return run.failing(host, fromMs, toMs);
    },
  };
};

/** A cluster that doesn't exist and never will: the target of the control run. */
export const noCluster = (side: Cluster["side"]): Cluster => ({
  side,
  api: () => ({ status: 503, headers: {}, body: "" }),
  exists: () => false,
  get: () => undefined,
  all: () => [],
  list: () => [],
  pods: () => [],
  podsIn: () => [],
  endpoints: () => undefined,
  onChange: () => {},
});
