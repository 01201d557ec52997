/** A cron job is scheduled by one cluster at a time, and a handover costs it one tick at most. */

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
  /** As they were at the last look: objects of a cluster are never changed, only replaced. */
  specs: Specs;
};

type Specs = { readonly [S in Side]: CronSpec | undefined };

/** Ticks in a row that nobody may have scheduled. */
const MISSED_MAX = 1;

type CronSpec = { readonly schedule?: string; readonly timeZone?: string; readonly suspend?: boolean };

const cronOf = (cluster: Cluster, w: Workload): CronSpec | undefined => {
  const ref = { apiVersion: w.apiVersion, kind: w.kind, namespace: w.namespace, name: w.name };
  const object: KubeObject | undefined = cluster.exists() ? cluster.get(ref) : undefined;
  return object?.["spec"] as CronSpec | undefined;
};

export const cronJobs = (): Invariant<CronWorld> => {
  const watched = new Map<string, Watched>();
  let crons: readonly Workload[] | undefined;
  return {
    name: "cron-jobs",
    sentence: "A cron job is never scheduled by both clusters, and misses no more than one tick in a row.",
    check: (world) => {
      crons ??= world.plan.workloads.filter((w) => w.kind === "CronJob");
      return crons.flatMap((w) => checkOne(w, world, watched));
    },
  };
};

const checkOne = (w: Workload, world: CronWorld, watched: Map<string, Watched>): readonly string[] => {
  const specs: Specs = {
    source: cronOf(world.source, w),
    target: cronOf(world.target, w),
  };
  const name = nameOf(w);
  const now = world.now();
  const before = watched.get(name);
  if (before?.active && before.specs.source === specs.source && before.specs.target === specs.target) {
    before.lookedAt = now;
    return [];
  }
  const active = SIDES.filter((side) => specs[side] !== undefined && specs[side]?.suspend !== true);
  if (!before) {
    const isActive = active.length > 0;
    watched.set(name, { active: isActive, wasActive: isActive, lookedAt: now, missed: 0, specs });
    return active.length > 1 ? [both(name)] : [];
  }
  const spec = specs.source ?? specs.target;
  const found = active.length > 1 ? [both(name)] : [];
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
