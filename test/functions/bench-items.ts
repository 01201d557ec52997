/** The items of a plan by `namespace/name`, whichever list they are in. */

import { type Item, listsOf } from "../../domain/items.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";

export const itemsOf = (plan: Plan): Readonly<Record<string, Item>> => {
  const { waves, raise, lower, retire } = listsOf(plan);
  const operations = plan.operations.map((o) => o.id);
  if (operations.length === 0) return {};
  return Object.fromEntries([...waves.flat(), ...raise, ...lower, ...retire].map((item) => [nameOf(item), item]));
};
