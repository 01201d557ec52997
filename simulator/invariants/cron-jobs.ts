/** A cron job is scheduled by one cluster at a time, its jobs run in one at a time, and a handover costs it one tick at most. */

import type { KubeObject } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { ticksBetween } from "../world/cluster/schedule.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type CronWorld = {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

type Watched = {
  /** Whether some cluster scheduled it since the last look. */
  active: boolean;
  /** Where it was active from the start: what was suspended before the move is nobody's loss. */
  readonly wasActive: boolean;
  lookedAt: number;
  missed: number;
  /** The CronJobs as they were at the last look: objects of a cluster are never changed, only replaced. */
  specs: Specs;
};

type Specs = { readonly [S in Side]: KubeObject | undefined };

const NOTHING: readonly string[] = [];

/** Ticks in a row that nobody may have scheduled. */
const MISSED_MAX = 1;

type CronSpec = {
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly suspend?: boolean;
  readonly concurrencyPolicy?: string;
};

type Named = readonly [name: string, workload: Workload];
type Lists = { readonly [S in Side]?: readonly KubeObject[] | undefined };

const listOf = (cluster: Cluster): readonly KubeObject[] | undefined =>
  cluster.exists() ? cluster.list({ apiVersion: "batch/v1", kind: "CronJob" }) : undefined;

const cronOf = (cluster: Cluster, w: Workload): KubeObject | undefined =>
  cluster.exists() ? cluster.get(w) : undefined;

const specOf = (cron: KubeObject | undefined): CronSpec | undefined => cron?.["spec"] as CronSpec | undefined;

/** Who lets two of its jobs run at once in one cluster has nothing against one in each. */
const isExclusive = (spec: CronSpec | undefined): boolean => (spec?.concurrencyPolicy ?? "Allow") !== "Allow";

const hasJobs = (cron: KubeObject | undefined): boolean => {
  const { active = [] } = (cron?.["status"] ?? {}) as { readonly active?: readonly unknown[] };
  return active.length > 0;
};

export const cronJobs = (): Invariant<CronWorld> => {
  const watched = new Map<string, Watched>();
  let crons: readonly Named[] | undefined;
  /** The CronJobs of both sides as they were at the last look, and those that nobody scheduled then. */
  let last: Lists = {};
  let idle: readonly Named[] = [];
  return {
    name: "cron-jobs",
    sentence:
      "A cron job is never scheduled by both clusters, misses no more than one tick in a row, and unless it allows several jobs at once has none in both.",
    check: (world) => {
      crons ??= world.plan.workloads.flatMap((w) => (w.kind === "CronJob" ? [[nameOf(w), w] as const] : []));
      if (crons.length === 0) return undefined;
      const lists = { source: listOf(world.source), target: listOf(world.target) };
      // Where no CronJob has changed, those that are scheduled still are: only time has passed, and it passes for the others.
      const same = lists.source === last.source && lists.target === last.target;
      const found: string[] = [];
      for (const [name, w] of same ? idle : crons) found.push(...checkOne(name, w, world, watched));
      last = lists;
      idle = (same ? idle : crons).filter(([name]) => watched.get(name)?.active !== true);
      return found;
    },
  };
};

const checkOne = (
  name: string,
  w: Workload,
  world: CronWorld,
  watched: Map<string, Watched>,
): readonly string[] => {
  const [source, target] = [cronOf(world.source, w), cronOf(world.target, w)];
  const now = world.now();
  const before = watched.get(name);
  if (before?.active && before.specs.source === source && before.specs.target === target) {
    before.lookedAt = now;
    return NOTHING;
  }
  const specs: Specs = { source, target };
  const active = SIDES.filter((side) => specs[side] !== undefined && specOf(specs[side])?.suspend !== true);
  if (!before) {
    const isActive = active.length > 0;
    watched.set(name, { active: isActive, wasActive: isActive, lookedAt: now, missed: 0, specs });
    return active.length > 1 ? [both(name)] : [];
  }
  const spec = specOf(source ?? target);
  const found = active.length > 1 ? [both(name)] : [];
  if (isExclusive(spec) && hasJobs(source) && hasJobs(target))
    found.push(`A job of ${name} runs in both clusters at once.`);
  if (spec?.schedule !== undefined && before.wasActive && !before.active) {
    before.missed += ticksBetween(spec.schedule, spec.timeZone ?? "UTC", before.lookedAt, now).length;
    if (before.missed > MISSED_MAX)
      found.push(`${name} missed more than one tick in a row: neither cluster scheduled it.`);
  }
  if (active.length > 0) before.missed = 0;
  before.active = active.length > 0;
  before.specs = specs;
  before.lookedAt = now;
  return found;
};

const both = (name: string): string => `${name} is scheduled by both clusters at once.`;
