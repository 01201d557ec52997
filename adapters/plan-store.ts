/** Puts a plan where the steps find it: under the name of its hash, slim, with its objects and the lists for the maps beside it. */

import { listsOf } from "../domain/items.ts";
import { keys } from "../domain/journal.ts";
import type { Plan } from "../domain/plan.ts";
import type { Bucket } from "./bucket.ts";

/** @param hash SHA-256 of the plan file's bytes. Idempotent: the names are the content's. */
export const storePlan = async (bucket: Bucket, plan: Plan, hash: string): Promise<void> => {
  const { objects, ...slim } = plan;
  const { waves, raise, lower, retire } = listsOf(plan);
  await bucket.putNew(keys.objects(hash), objects);
  for (const [index, wave] of waves.entries()) await bucket.putNew(keys.wave(hash, `move-${index}`), wave);
  await bucket.putNew(keys.wave(hash, "raise"), raise);
  await bucket.putNew(keys.wave(hash, "lower"), lower);
  await bucket.putNew(keys.wave(hash, "retire"), retire);
  await bucket.putNew(keys.plan(hash), slim);
};
