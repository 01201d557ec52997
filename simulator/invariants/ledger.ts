/** The ledger is right: what must not exist twice runs only where it says. */

import { keys } from "../../domain/journal.ts";
import { SIDES } from "../../domain/phases.ts";
import { nameOf } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Invariant } from "./invariant.ts";
import type { WorldScene } from "./world.ts";

export const ledger = (): Invariant<WorldScene> => {
  let seen = "";
  /** How many pods of a thing accepted work on a side when it was looked at last. */
  const before = new Map<string, number>();
  return {
    name: "ledger",
    sentence: "What must not exist twice starts only on the side that the ledger names.",
    check: ({ plan, source, target, stored }) => {
      const now = `${podsOf(source).version()}/${podsOf(target).version()}`;
      if (now === seen) return [];
      seen = now;
      return plan.workloads
        .filter((w) => w.move === "stop-then-start")
        .flatMap((w) => {
          const name = nameOf(w);
          const body = stored(keys.owner(plan.migration, name));
          const owner =
            body === undefined ? "source" : (JSON.parse(body) as { readonly owner: string }).owner;
          return SIDES.filter((side) => {
            const accepting = podsOf(side === "source" ? source : target).accepting(name);
            const more = accepting > (before.get(`${side} ${name}`) ?? 0);
            before.set(`${side} ${name}`, accepting);
            return more && side !== owner;
          }).map(
            (side) => `${name} was started on the ${side}, and the ledger says that the ${owner} owns it.`,
          );
        });
    },
  };
};
