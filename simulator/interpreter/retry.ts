/** When a failed state tries again. Reference: developer guide, "Retrying after an error"; each retrier counts for itself within one entry of the state. */

import type { Random } from "../random.ts";
import type { RetrierDef } from "./definition.ts";
import { matches, type StatesError } from "./errors.ts";

/** Retries made so far by each retrier. */
export type Tries = Map<RetrierDef, number>;

/**
 * Counts one more retry of the first retrier that matches.
 * @returns Seconds to wait, or undefined where it is not to be retried (any more).
 */
export const nextRetry = (
  retriers: readonly RetrierDef[],
  problem: StatesError,
  tries: Tries,
  random: Random,
): number | undefined => {
  const retrier = retriers.find(({ ErrorEquals }) => matches(problem, ErrorEquals));
  if (!retrier) return undefined;
  const made = tries.get(retrier) ?? 0;
  if (made >= (retrier.MaxAttempts ?? 3)) return undefined;
  tries.set(retrier, made + 1);
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const delay = Math.min(IntervalSeconds * BackoffRate ** made, MaxDelaySeconds);
  return retrier.JitterStrategy === "FULL" ? random.between(0, delay) : delay;
};
