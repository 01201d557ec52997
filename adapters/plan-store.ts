/** Puts a plan where the steps find it: under the name of its hash, slim, with its objects and the lists for the maps beside it. */

import { storedPlan } from "../domain/items.ts";
import type { Plan } from "../domain/plan.ts";
import type { Bucket } from "./bucket.ts";

/** @param hash SHA-256 of the plan file's bytes. Idempotent: the names are the content's. */
export const storePlan = async (bucket: Bucket, plan: Plan, hash: string): Promise<void> => {
  for (const [key, value] of storedPlan(plan, hash)) await bucket.putNew(key, value);
};
