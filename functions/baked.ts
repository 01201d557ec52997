/** Before the source is removed: the cut was made, and the target has carried everything for as long as the plan says. */

import { makeJournal } from "../adapters/journal.ts";
import { Refused } from "../domain/errors.ts";
import { isForward, keys } from "../domain/journal.ts";
import { operationOf } from "../domain/operations.ts";
import { bucketOf, type Run, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

/** @throws Refused, in a sentence that says what is missing or how long it still takes. Nothing is changed. */
export const mustBeBaked = async (context: Context, run: Run, plan: SlimPlan): Promise<void> => {
  const bucket = bucketOf(context);
  const under = (operation: string) =>
    bucket.listKeys(`${keys.journal(run.migration)}${operationOf(plan, operation)}/`);
  const cut = await under("delegate-zone");
  const made = cut.filter(isForward);
  if (made.length === 0 || !made.every((key) => cut.includes(keys.done(key))))
    throw new Refused(
      `${run.migration} has not cut its traffic over, by the journal; the source still serves, and nothing was changed. Finish the migration first.`,
    );
  const lifted = (await under("lift-freeze")).filter(isForward);
  const times = await Promise.all(
    lifted.map(async (key) => Date.parse((await makeJournal(bucket).read(key)).recordedAt)),
  );
  if (times.length === 0)
    throw new Refused(
      `${run.migration} has not thawed yet, by the journal; nothing was changed. Finish the migration first.`,
    );
  const { bakeSeconds } = plan.settings.policy;
  const due = Math.max(...times) + bakeSeconds * 1_000;
  if (context.now().getTime() < due)
    throw new Refused(
      `The source may be removed from ${new Date(due).toISOString()} on, ${Math.round(bakeSeconds / 3_600)} hours after the thaw (policy.bakeSeconds); nothing was changed. Start it again then.`,
    );
};
