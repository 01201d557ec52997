/** Says what the next move of a consumer group is, from the wanted pods of both sides and the group's policy. Changes nothing. */

import * as z from "zod";
import { lagMaxOf } from "../domain/kafka.ts";
import { type GroupMove, nextMove } from "../domain/kafka-policy.ts";
import { quietAt } from "../domain/window.ts";
import { waitingNow } from "./members.ts";
import { type Item, ItemSchema, kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { refOfItem, statusOf } from "./workload.ts";

const READS = ["get deployments", "get statefulsets"] as const;

/** A move, or how long to wait before one may be made. `lagMax` is what may wait when it counts as settled. */
export type PlannedMove = (
  | GroupMove
  | { readonly kind: "wait"; readonly seconds: number; readonly sentence: string }
) & {
  readonly lagMax: Readonly<Record<string, number>>;
};

export const planMove = step({
  name: "plan-move",
  does: "Compares the wanted pods of both sides with the policy of the group; for the first move, waits for quiet hours where the policy says so.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    /** What was measured before the first move; null where nothing was yet. */
    lagMax: z.record(z.string(), z.number()).nullable(),
  }),
  needs: {
    kafka: ["list-committed", "list-offsets"],
    kubernetes: { source: READS, target: READS },
    s3: ["GetObject"],
  },
  run: async ({ run, item, lagMax: measured }, context): Promise<PlannedMove> => {
    const [group] = item.groups ?? [];
    const lagMax = measured ?? (await baseline(context, item));
    if (!group) return { kind: "done", lagMax };
    const counts = {
      source: await wantedOf(context, item, "source"),
      target: await wantedOf(context, item, "target"),
    };
    const waits = counts.target === 0 ? await quietness(context, run, item) : undefined;
    return { ...(waits ?? nextMove(group, counts)), lagMax };
  },
});

const wantedOf = async (context: Context, item: Item, side: "source" | "target"): Promise<number> =>
  statusOf(await kubernetesOf(context, side).get(refOfItem(item))).wanted;

const baseline = async (context: Context, item: Item): Promise<Record<string, number>> => {
  const lags: Record<string, number> = {};
  // What nobody knows allows nothing: the bound stays at what comes between two commits.
  for (const group of item.groups ?? [])
    lags[group.group] = lagMaxOf(group, (await waitingNow(context.kafka, group)) ?? 0);
  return lags;
};

/** How long until the group is quiet, and why it isn't; undefined where it is, or doesn't have to be. */
const quietness = async (context: Context, run: Run, item: Item) => {
  const [group] = item.groups ?? [];
  if (group?.policy !== "quiet" || !group.quietHours) return undefined;
  const { settings } = await planOf(context, run);
  const hours = quietAt(group.quietHours, settings.window.timeZone, context.now());
  if (hours.waitSeconds > 0)
    return {
      kind: "wait" as const,
      seconds: hours.waitSeconds,
      sentence: `${group.group}: ${hours.sentence}`,
    };
  const waiting = await waitingNow(context.kafka, group);
  const nearZero = lagMaxOf(group, 0);
  if (waiting !== undefined && waiting <= nearZero) return undefined;
  const sentence =
    waiting === undefined
      ? `A partition of ${group.topic} that holds messages has no commit of ${group.group}: how many wait isn't known.`
      : `${group.group} has ${waiting} messages waiting in its quiet hours, more than ${nearZero}.`;
  return { kind: "wait" as const, seconds: settings.policy.pollSeconds, sentence };
};
