/** The functions as they are deployed: their processes, which a deployment makes anew, and their clocks, which are not quite the same. */

import type { Context } from "../../functions/step.ts";
import type { WorldFault, WorldFaults } from "../faults/world.ts";
import type { Random } from "../random.ts";
import { currentInvocation } from "../services/seam.ts";

export type Deployment = {
  /** The context of whoever is invoked now, made by `fresh` at each deployment. */
  readonly of: (fresh: () => Context) => () => Context;
  /** How far the clock of the function that runs now is off, in milliseconds. */
  readonly skewMs: () => number;
  readonly faults: WorldFaults;
};

/** Lambda's clocks are kept by Amazon's time service: a few seconds are more than was ever seen. */
const SKEW_MS_MAX = 5_000;

export const makeDeployment = (random: Random): Deployment => {
  const skew = makeSkew(random);
  let deployed = 0;
  let felt: (() => void) | undefined;
  return {
    of: (fresh) => {
      let version = 0;
      let context = fresh();
      return () => {
        if (version !== deployed) {
          version = deployed;
          context = fresh();
          felt?.();
        }
        return context;
      };
    },
    skewMs: skew.nowMs,
    faults: {
      "clock-skew": skew.fault,
      redeployed: {
        turn: (on, struck) => {
          if (!on) return;
          deployed += 1;
          felt = struck;
        },
      },
    },
  };
};

/** Each function has a clock of its own, ahead or behind. */
const makeSkew = (random: Random): { readonly nowMs: () => number; readonly fault: WorldFault } => {
  const offsets = new Map<string, number>();
  let felt: (() => void) | undefined;
  const offsetOf = (step: string): number => {
    const known = offsets.get(step) ?? random.fork(step).whole(-SKEW_MS_MAX, SKEW_MS_MAX);
    offsets.set(step, known);
    return known;
  };
  return {
    nowMs: () => {
      const step = felt && currentInvocation()?.step;
      if (step === undefined) return 0;
      const offset = offsetOf(step);
      if (offset !== 0) felt?.();
      return offset;
    },
    fault: {
      turn: (on, struck) => {
        felt = on ? struck : undefined;
      },
    },
  };
};
