/** A run that is over gives its clusters back: a lock that stays refuses every later migration. */

import { keys } from "../../domain/journal.ts";
import type { EndInvariant } from "./ending.ts";

export const released: EndInvariant = {
  name: "released",
  sentence: "A migration that has completed or was rolled back holds no cluster any more.",
  check: ({ plan, outcome, undone, stored }) => {
    if (outcome !== "completed" && !undone) return undefined;
    const { name } = plan.settings.source;
    const body = stored(keys.lock(name));
    if (body === undefined) return [];
    const { migration, released: isReleased } = JSON.parse(body) as {
      readonly migration: string;
      readonly released: boolean;
    };
    return migration === plan.migration && !isReleased ? [`${name} is still locked by ${migration}.`] : [];
  },
};
