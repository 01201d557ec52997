/** The plan as text, as it lies in the bucket when a rehearsal begins. */

import { storedPlan } from "../../domain/items.ts";
import type { Plan } from "../../domain/plan.ts";

const texts = new WeakMap<Plan, Map<string, readonly (readonly [key: string, text: string])[]>>();

/** The plan as it lies in the bucket; written out once, however often it is rehearsed. */
export const storedTexts = (plan: Plan, hash: string): readonly (readonly [key: string, text: string])[] => {
  const known = texts.get(plan) ?? new Map();
  texts.set(plan, known);
  const found = known.get(hash) ?? storedPlan(plan, hash).map(([key, value]) => [key, JSON.stringify(value)]);
  known.set(hash, found);
  return found;
};
