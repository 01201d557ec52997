/** Whose right to answer was taken away after the plan was made: a plan can't be changed, people's standing can. */

import type { Bucket } from "../adapters/bucket.ts";
import { keys } from "../domain/journal.ts";

/** By name, as the plan has them. What an administrator wrote there and nobody can read takes the right away as well. */
export const withdrawnIn = async (bucket: Bucket): Promise<ReadonlySet<string>> => {
  const people = new Set<string>();
  for (const key of await bucket.listKeys(keys.withdrawals())) {
    const { withdrawn } = ((await bucket.getJson(key))?.value ?? {}) as { readonly withdrawn?: unknown };
    const name = key.slice(keys.withdrawals().length).replace(/\.json$/, "");
    if (withdrawn !== false) people.add(decodeURIComponent(name));
  }
  return people;
};
