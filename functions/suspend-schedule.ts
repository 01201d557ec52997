/** Suspends or resumes a CronJob on one side, between two ticks. */

import { Cron } from "croner";
import * as z from "zod";
import { fieldOf } from "../adapters/effects/fields.ts";
import { OwnedElsewhere } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import type { KubeObject } from "../domain/kube.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { bucketOf, ItemSchema, kubernetesOf, RunSchema, SideSchema } from "./run.ts";
import { step } from "./step.ts";
import { refOfItem } from "./workload.ts";

/** No hand-over this close to a tick: the job of that tick belongs to whoever owns the schedule when it comes. */
const CLEAR_SECONDS = 45;

export const suspendSchedule = step({
  name: "suspend-schedule",
  does: "Sets spec.suspend of one CronJob on one side; says how long to wait where a tick is too near, or a missed one would run again.",
  input: z.object({ run: RunSchema, item: ItemSchema, side: SideSchema, suspend: z.boolean(), move: z.string() }),
  needs: withJournal({
    kubernetes: { source: ["get cronjobs", "patch cronjobs"], target: ["get cronjobs", "patch cronjobs"] },
  }),
  run: async ({ run, item, side, suspend, move }, context) => {
    const schedule = await kubernetesOf(context, side).get(refOfItem(item));
    const waitSeconds = secondsToWait(schedule, suspend, context.now());
    if (waitSeconds > 0) return { waitSeconds };
    if (!suspend) {
      const stored = await bucketOf(context).getJson(keys.owner(run.migration, `${item.namespace}/${item.name}`));
      const owner = (stored?.value as { readonly owner?: string } | undefined)?.owner ?? "source";
      if (owner !== side) throw new OwnedElsewhere(`${item.namespace}/${item.name} is owned by the ${owner}; it is not resumed on the ${side}.`);
    }
    await makeEffect(
      context,
      run,
      { step: "suspend-schedule", operation: item.operations.move ?? "", move },
      { kind: "set-field", cluster: side, object: refOfItem(item), path: ["spec", "suspend"], before: fieldOf(schedule, ["spec", "suspend"]), after: suspend },
    );
    return { waitSeconds: 0 };
  },
});

/**
 * Suspending waits until no tick is near. Resuming also waits until no tick lies within the starting deadline: the controller would
 * run that one again, and the source has run it already (Kubernetes reference, CronJob: startingDeadlineSeconds).
 */
export const secondsToWait = (schedule: KubeObject, suspend: boolean, now: Date): number => {
  const spec = schedule["spec"] as { readonly schedule: string; readonly timeZone?: string; readonly startingDeadlineSeconds?: number };
  const cron = new Cron(spec.schedule, { timezone: spec.timeZone ?? "Etc/UTC", paused: true });
  const next = cron.nextRun(now);
  const untilNext = next === null ? Number.POSITIVE_INFINITY : (next.getTime() - now.getTime()) / 1000;
  if (untilNext < CLEAR_SECONDS) return Math.ceil(untilNext) + CLEAR_SECONDS;
  if (suspend) return 0;
  const deadline = spec.startingDeadlineSeconds ?? 0;
  const [last] = cron.previousRuns(1, now);
  const sinceLast = last === undefined ? Number.POSITIVE_INFINITY : (now.getTime() - last.getTime()) / 1000;
  const wait = sinceLast < deadline ? Math.ceil(deadline - sinceLast) + 1 : 0;
  return wait < untilNext - CLEAR_SECONDS ? wait : 0;
};
