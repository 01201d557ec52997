/** What every step knows of the migration that it works for, and how it gets at the plan, the clusters and the bucket. */

import * as z from "zod";
import { type Bucket, makeBucket } from "../adapters/bucket.ts";
import { type Kubernetes, makeKubernetes } from "../adapters/kubernetes.ts";
import { NotFound } from "../domain/errors.ts";
import { keys } from "../domain/journal.ts";
import type { Side } from "../domain/phases.ts";
import type { Plan } from "../domain/plan.ts";
import type { Context } from "./step.ts";

/** Which migration, by which plan: passed from state to state. */
export const RunSchema = z.object({
  migration: z.string(),
  /** SHA-256 of the plan's bytes, what the approvers signed. */
  plan: z.string(),
});
export type Run = z.infer<typeof RunSchema>;

/** The plan without the platform's objects: those are large and few steps need them. */
export type SlimPlan = Omit<Plan, "objects">;

export { type Item, ItemSchema } from "../domain/items.ts";

export const SideSchema = z.enum(["source", "target"]);

export const bucketOf = (context: Context): Bucket => makeBucket(context.aws.s3, context.bucket);

export const kubernetesOf = (context: Context, side: Side): Kubernetes =>
  makeKubernetes({ baseUrl: context.endpoints.kubernetes[side], http: context.http });

const known = new WeakMap<object, Map<string, unknown>>();

/**
 * An object that is written once, as it stands in the bucket. Kept for the life of the clients: what can't change can't go stale. That there is none
 * is never kept.
 */
export const readOnce = async <T>(
  context: Context,
  key: string,
  parse: (value: unknown) => T,
): Promise<T | undefined> => {
  const kept = known.get(context.aws) ?? new Map<string, unknown>();
  known.set(context.aws, kept);
  if (kept.has(key)) {
    context.recalled?.(key);
    return kept.get(key) as T;
  }
  const stored = await bucketOf(context).getJson(key);
  if (!stored) return undefined;
  const value = parse(stored.value);
  kept.set(key, value);
  return value;
};

/**
 * The plan by its hash: its name is its content.
 * @throws NotFound where no such plan was stored.
 */
export const planOf = async (context: Context, run: Run): Promise<SlimPlan> => {
  // Written by us, under the name of its own hash: trusted inside.
  const plan = await readOnce(context, keys.plan(run.plan), (value) => value as SlimPlan);
  if (!plan)
    throw new NotFound(
      `No plan with the hash ${run.plan} is in the bucket. Store it with \`repot start\`, then start again.`,
    );
  return plan;
};
