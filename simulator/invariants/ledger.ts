/** The ledger is right: what must not exist twice runs only where it says. */

import { keys } from "../../domain/journal.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Invariant } from "./invariant.ts";
import type { WorldScene } from "./world.ts";

export const ledger = (): Invariant<WorldScene> => {
  let seen = "";
  let exclusive: readonly string[] | undefined;
  /** How many pods of a thing accepted work when it was looked at last. */
  const before = new Map<string, { readonly [S in Side]: number }>();
  return {
    name: "ledger",
    sentence: "What must not exist twice starts only on the side that the ledger names.",
    check: ({ plan, source, target, stored }) => {
      const now = `${podsOf(source).version()}/${podsOf(target).version()}`;
      if (now === seen) return undefined;
      seen = now;
      exclusive ??= plan.workloads
        .filter((w) => w.move === "stop-then-start" || w.move === "copy-with-pause")
        .map(nameOf);
      const found: string[] = [];
      let looked = false;
      for (const name of exclusive) {
        const was = before.get(name);
        const accepting = {
          source: podsOf(source).accepting(name),
          target: podsOf(target).accepting(name),
        };
        before.set(name, accepting);
        const more = SIDES.filter((side) => accepting[side] > (was?.[side] ?? 0));
        // The ledger is read where something started: nearly every look finds nothing that did.
        if (more.length === 0) continue;
        looked = true;
        const body = stored(keys.owner(plan.migration, name));
        const owner = body === undefined ? "source" : (JSON.parse(body) as { readonly owner: string }).owner;
        for (const side of more)
          if (side !== owner)
            found.push(`${name} was started on the ${side}, and the ledger says that the ${owner} owns it.`);
      }
      return looked ? found : undefined;
    },
  };
};
