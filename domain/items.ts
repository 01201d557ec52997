/** The plan as the state machines' maps read it: one small item for each workload and list, so that no step needs the whole plan for one workload. */

import * as z from "zod";
import { peakDemands, podsForDemand } from "./capacity.ts";
import { keys } from "./journal.ts";
import { GroupPlanSchema } from "./kafka-policy.ts";
import { byCodeUnit } from "./kube.ts";
import { operationOf } from "./operations.ts";
import { nameOf, type Plan, type Workload, WorkloadSchema } from "./plan.ts";
import { Queue } from "./settings/messaging.ts";

/** What the steps need of a group's plan. */
export const GroupItemSchema = GroupPlanSchema.omit({
  recommended: true,
  reason: true,
  cost: true,
  costs: true,
});
export type GroupItem = z.infer<typeof GroupItemSchema>;

export const ItemSchema = WorkloadSchema.pick({
  namespace: true,
  name: true,
  kind: true,
  apiVersion: true,
  class: true,
  move: true,
  replicas: true,
  half: true,
  floor: true,
  drains: true,
  readyDeadlineSeconds: true,
  pauseSecondsMax: true,
  copy: true,
  services: true,
  autoscaler: true,
  controller: true,
}).extend({
  /** The queue that its pods consume: whose workers shift, or that runs empty before they are handed over. */
  queue: Queue.optional(),
  /** How long it may take to run empty before a person is asked. */
  drainSecondsMax: z.number().nonnegative().optional(),
  /** What the source keeps when the target has its half: never less than the demand needs, with headroom. */
  sourceKeeps: z.number().int().nonnegative(),
  /** The consumer groups that its pods are members of; the first one's policy is the workload's. */
  groups: z.array(GroupItemSchema).optional(),
  /** Messages of each group that may wait when a move counts as settled; known once its move has begun. */
  lagMax: z.record(z.string(), z.number()).optional(),
  /** Operations of the plan by what they do to this workload. */
  operations: z.object({
    move: z.string().optional(),
    raise: z.string().optional(),
    lower: z.string().optional(),
    retire: z.string().optional(),
  }),
});
export type Item = z.infer<typeof ItemSchema>;

export type Lists = {
  /** By wave: what starts, shifts or is handed over; empty waves included. */
  readonly waves: readonly (readonly Item[])[];
  readonly raise: readonly Item[];
  readonly lower: readonly Item[];
  readonly retire: readonly Item[];
};

const queueOf = (plan: Plan, w: Workload): Pick<Item, "queue" | "drainSecondsMax"> => {
  const queue = plan.settings.queues.find((q) => q.workload === nameOf(w));
  if (!queue || w.class !== "queue-worker") return {};
  if (w.move === "shift-workers") return { queue };
  const isDrained = w.move === "stop-then-start" && queue.policy === "drained";
  return isDrained ? { queue, drainSecondsMax: plan.settings.policy.drainSecondsMax } : {};
};

/** Static ids are the stricter bond, so their group comes first. */
const groupItems = (plan: Plan, w: Workload): readonly GroupItem[] =>
  (plan.groups ?? [])
    .filter((g) => g.workload === nameOf(w))
    .map((g) => GroupItemSchema.parse(g))
    .sort(
      (a, b) => Number(b.policy === "static") - Number(a.policy === "static") || byCodeUnit(a.group, b.group),
    );

const itemOf = (plan: Plan, w: Workload, demand: number): Item => ({
  namespace: w.namespace,
  name: w.name,
  kind: w.kind,
  apiVersion: w.apiVersion,
  class: w.class,
  move: w.move,
  replicas: w.replicas,
  half: w.half,
  floor: w.floor,
  drains: w.drains,
  readyDeadlineSeconds: w.readyDeadlineSeconds,
  pauseSecondsMax: w.pauseSecondsMax,
  ...(w.copy === undefined ? {} : { copy: w.copy }),
  services: w.services,
  ...(w.autoscaler === undefined ? {} : { autoscaler: w.autoscaler }),
  ...(w.controller === undefined ? {} : { controller: w.controller }),
  ...queueOf(plan, w),
  sourceKeeps: Math.min(w.replicas, Math.max(w.half, podsForDemand(plan, w, demand))),
  ...(w.move === "shift-group"
    ? { groups: [...groupItems(plan, w)], drainSecondsMax: plan.settings.policy.drainSecondsMax }
    : {}),
  operations: {
    ...(w.operation === null ? {} : { move: w.operation }),
    ...(w.move === "half-and-half"
      ? {
          raise: operationOf(plan, "raise-target", nameOf(w)),
          lower: operationOf(plan, "lower-source", nameOf(w)),
        }
      : {}),
    ...(w.move === "keep-on-source" || w.move === "none"
      ? {}
      : { retire: operationOf(plan, "retire-source", nameOf(w)) }),
  },
});

/** Every list that a map reads, in the plan's order. */
export const listsOf = (plan: Plan): Lists => {
  const demands = peakDemands(plan);
  const moving = plan.workloads.filter(
    (w) => w.wave !== null && w.move !== "none" && w.move !== "keep-on-source",
  );
  const byName = [...moving].sort((a, b) => byCodeUnit(nameOf(a), nameOf(b)));
  const waves = Math.max(-1, ...byName.map((w) => w.wave ?? 0)) + 1;
  const items = (of: readonly Workload[]) => of.map((w) => itemOf(plan, w, demands.get(nameOf(w)) ?? 0));
  const halves = byName.filter((w) => w.move === "half-and-half");
  return {
    waves: Array.from({ length: waves }, (_, wave) => items(byName.filter((w) => w.wave === wave))),
    raise: items(halves),
    lower: items(halves.filter((w) => w.replicas > w.floor)),
    retire: items(byName),
  };
};

/** Everything that the steps and maps read of a plan, by its name in the bucket: slim plan, objects, lists. The plan itself comes last. */
export const storedPlan = (plan: Plan, hash: string): readonly (readonly [key: string, value: unknown])[] => {
  const { objects, ...slim } = plan;
  const { waves, raise, lower, retire } = listsOf(plan);
  return [
    [keys.objects(hash), objects],
    ...waves.map((wave, index) => [keys.wave(hash, `move-${index}`), wave] as const),
    [keys.wave(hash, "raise"), raise],
    [keys.wave(hash, "lower"), lower],
    [keys.wave(hash, "retire"), retire],
    [keys.plan(hash), slim],
  ];
};
