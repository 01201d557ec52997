/**
 * The guard's word: whether the run holds. The guard looks at the whole platform again and again while workloads and traffic move; what it
 * finds pauses every step that would begin something new. What has begun is finished: a singleton that was stopped has to start.
 */

import * as z from "zod";
import { Held } from "../domain/errors.ts";
import { bucketOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

export const GuardSchema = z.object({
  held: z.boolean(),
  /** Why, where it holds. */
  sentence: z.string(),
  /** Workloads whose answers were compared once: from then on they have to stay comparable. */
  compared: z.array(z.string()),
  /** The target's nodes at the last look, with those that are missed. */
  nodes: z.array(z.string()),
  /** The VPC that the source goes out of, once it was found by its gateways. */
  vpc: z.string().optional(),
});
export type Guard = z.infer<typeof GuardSchema>;

export const guardKey = (run: Run): string => `migrations/${run.migration}/guard.json`;
/** Exists once the work that is guarded is over. */
export const guardEndKey = (run: Run): string => `migrations/${run.migration}/guard-ended.json`;
/** What each workload's clients got on the source, before it was left. */
export const guardBaselineKey = (run: Run): string => `migrations/${run.migration}/guard-baseline.json`;

/** @throws Held while the guard holds: the state machine asks again, every half minute, for as long as people may take. */
export const heedGuard = async (context: Context, run: Run, what: string): Promise<void> => {
  const stored = await bucketOf(context).getJson(guardKey(run));
  if (!stored) return;
  const { held, sentence } = GuardSchema.parse(stored.value);
  if (held)
    throw new Held(
      `${what} was not begun, since the run holds: ${sentence} Nothing was changed; it begins by itself once that has passed.`,
    );
};
