/** What breaks for a moment breaks: a violation that heals within a second is in the record, with its line and its time, and the run stops there. */

import { expect, it } from "vitest";
import * as z from "zod";
import { ItemSchema, kubernetesOf } from "../../functions/run.ts";
import { refOfItem } from "../../functions/workload.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { inStep } from "../../simulator/planted/edit.ts";
import { eventsOf, planned, run } from "./small.ts";

/** Lets both clusters schedule the job for as long as one call takes, before it goes on as it should. */
const hasty = inStep("suspend-schedule", (right) => async (input, context) => {
  const { item, suspend } = z.object({ item: ItemSchema, suspend: z.boolean() }).parse(input);
  const target = kubernetesOf(context, "target");
  for (const now of suspend ? [false, true] : [])
    await target.mergePatch(refOfItem(item), { spec: { suspend: now } });
  return right(input, context);
})(RIGHT);

it("is reported in the instant in which it happens, and ends the run", async () => {
  const ran = await run(planned(), { ...hasty, unwatched: ["intent-before-effect"] });
  const [violation, ...more] = ran.summary.violations;
  expect([violation?.invariant, more, ran.exitCode]).toEqual(["cron-jobs", [], 6]);
  const at = violation?.at ?? 0;
  // It had healed before the step was over, and the step before its second call was answered.
  const healed = await run(planned(), { ...hasty, unwatched: ["intent-before-effect", "cron-jobs"] });
  const after = eventsOf(healed, "transition").find((e) => e.at > at);
  expect([healed.exitCode, healed.summary.violations]).toEqual([0, []]);
  expect((after?.at ?? Number.POSITIVE_INFINITY) - at).toBeLessThan(1);
  // The line that it names is the one before it, and nothing of the migration follows.
  const index = ran.events.findIndex((e) => e.type === "violation");
  expect(index).toBe(violation?.line);
  expect([...new Set(ran.events.slice(index + 1).map((e) => e.type))].sort()).toEqual(["freeze", "traffic"]);
  expect(ran.summary.checked?.["cron-jobs"]).toBeGreaterThan(0);
  expect(ran.summary.checked).toMatchObject({ fence: 0, undo: 0, "undo-total": 0 });
});
