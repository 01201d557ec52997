/** After the delegation the target is what serves: nobody but a person sends its clients back. */

import { keys } from "../../domain/journal.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeWayBack = (): Invariant<Scene> => {
  let delegated = false;
  let chosen = false;
  return {
    name: "way-back",
    sentence: "After the delegation a rollback begins only when a person has chosen it.",
    check: ({ fact, plan }) => {
      const seen = fact();
      if (seen?.kind === "event") {
        // A hold that people answer with "roll back" is decided like a denial.
        if (seen.event.type === "approval" && seen.event.status === "denied") chosen = true;
        return undefined;
      }
      if (seen?.kind !== "call" || !seen.call.mutating || seen.call.outcome !== "applied") return undefined;
      const { call } = seen;
      if (call.service === "route53" && call.invocation.step === "delegate-zone") delegated = true;
      if (!delegated || call.service !== "s3" || call.subject !== keys.fence(plan.migration))
        return undefined;
      if (chosen) return [];
      const { startedBy } = JSON.parse(String((call.input as { readonly Body?: unknown }).Body ?? "{}")) as {
        readonly startedBy?: string;
      };
      // What goes on where a person's rollback broke off is that person's choice.
      chosen = startedBy === "person";
      return chosen
        ? []
        : [
            `A rollback began after the delegation, started by "${String(startedBy)}": no person had chosen it.`,
          ];
    },
  };
};
