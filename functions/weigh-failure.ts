/** A phase has failed: says whether anything was changed, and whether the way back may be taken without a person. Changes nothing. */

import * as z from "zod";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { RunSchema } from "./run.ts";
import { step } from "./step.ts";

/**
 * `untouched`: nothing was changed, and the clusters can be given back. `stop`: a rollback is on it already. `back`: roll back. `wait`: the
 * target serves already; only a person decides to go back.
 */
type Way = "untouched" | "stop" | "back" | "wait";

export const weighFailure = step({
  name: "weigh-failure",
  does: "Looks into the journal: without effects there is nothing to undo; after the delegation only a person's choice goes back.",
  input: z.object({ run: RunSchema, error: z.string(), cause: z.string() }),
  needs: withReading({}),
  run: async ({ run, error }, context): Promise<{ readonly way: Way }> => {
    const journal = journalOf(context);
    if (error === "FenceRaised" || (await journal.fenced(run.migration))) return { way: "stop" };
    const entries = await journal.forwardKeys(run.migration);
    if (entries.length === 0) return { way: "untouched" };
    const delegated = entries.some((key) => key.includes("-delegate-zone/"));
    return { way: delegated && error !== "RolledBackByPerson" ? "wait" : "back" };
  },
});
