/** The workers of a queue change sides without a gap: none is told to stop before others consume in its place, and never many more than there were. */

import type { KubeObject } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { stepsFor } from "../../domain/workers.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type WorkersWorld = {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly queues: Pick<QueueWorld, "queues">;
};

type Numbers = { readonly [S in Side]: number | undefined };

type Watched = {
  readonly workload: Workload;
  /** As they were at the last look: objects of a cluster are never changed, only replaced. */
  objects: { readonly [S in Side]: KubeObject | undefined };
  was: Numbers | undefined;
  /** Workers on the source when the target first wanted some. */
  total: number | undefined;
  /** Whether so many are wanted that it matters who holds the autoscaler. */
  crowded: boolean;
};

export const queueWorkers = (): Invariant<WorkersWorld> => {
  let watched: readonly Watched[] | undefined;
  return {
    name: "queue-workers",
    sentence:
      "Workers of a queue are told to stop only where others consume in their place, and never more than a step too many are wanted.",
    check: (world) => {
      watched ??= world.plan.workloads
        .filter((w) => w.move === "shift-workers")
        .map((workload) => ({
          workload,
          objects: { source: undefined, target: undefined },
          was: undefined,
          total: undefined,
          crowded: false,
        }));
      const found: string[] = [];
      if (watched.length === 0) return undefined;
      for (const each of watched) found.push(...checkOne(each, world));
      return found;
    },
  };
};

const NOTHING: readonly string[] = [];

const checkOne = (watched: Watched, world: WorkersWorld): readonly string[] => {
  const { workload, objects, was } = watched;
  const source = world.source.exists() ? world.source.get(workload) : undefined;
  const target = world.target.exists() ? world.target.get(workload) : undefined;
  if (was && !watched.crowded && objects.source === source && objects.target === target) return NOTHING;
  watched.objects = { source, target };
  const now = { source: wantedOf(source), target: wantedOf(target) };
  watched.was = now;
  // Until it is restored on the target nothing of ours has begun.
  if (!was || now.target === undefined) return NOTHING;
  const had = watched.total ?? was.source ?? 0;
  watched.total = had;
  watched.crowded = (now.source ?? 0) + now.target > Math.max(had, workload.replicas);
  return [...gaps(workload, was, now, had, world), ...crowds(workload, now, had, world)];
};

const gaps = (
  w: Workload,
  was: Numbers,
  now: Numbers,
  had: number,
  world: WorkersWorld,
): readonly string[] => {
  // Nearly every look finds nothing lowered: only then are the queues asked.
  if (!SIDES.some((side) => (now[side] ?? 0) < (was[side] ?? 0))) return [];
  const members = world.queues.queues().find((q) => q.workload === nameOf(w))?.members;
  if (!members) return [];
  return SIDES.flatMap((side) => {
    const other: Side = side === "source" ? "target" : "source";
    const [left, from] = [now[side] ?? 0, was[side] ?? 0];
    if (left >= from || !isPinned(world[side], w)) return [];
    // The target's fall beside nobody wanted on the source is the end of everything, not a shift.
    if (side === "target" && (now.source ?? 0) === 0) return [];
    return members[other] + left >= had
      ? []
      : [
          `${nameOf(w)} went from ${from} to ${left} on the ${side} while ${members[other]} consumed on the ${other}: ${had} are needed.`,
        ];
  });
};

const crowds = (w: Workload, now: Numbers, had: number, world: WorkersWorld): readonly string[] => {
  const most = Math.max(had, w.replicas);
  const all = (now.source ?? 0) + (now.target ?? 0);
  if (all <= most || !SIDES.every((side) => isPinned(world[side], w))) return [];
  const share = world.plan.settings.queues.find((q) => q.workload === nameOf(w))?.stepShare ?? 1;
  const room = most + (stepsFor(most, share)[0]?.target ?? 0);
  return all <= room ? [] : [`${nameOf(w)} wants ${all} workers on both sides, where ${room} are the most.`];
};

/** Whether its number is Repot's: an autoscaler that is free may do as it likes. */
const isPinned = (cluster: Cluster, w: Workload): boolean => {
  const [kind, path = ""] = w.autoscaler?.split(" ") ?? [];
  if (kind === undefined) return true;
  const name = path.split("/").at(-1) ?? "";
  const apiVersion = kind === "ScaledObject" ? "keda.sh/v1alpha1" : "autoscaling/v2";
  const scaler = cluster.get({ apiVersion, kind, namespace: w.namespace, name });
  if (!scaler) return true;
  const notes = scaler.metadata.annotations ?? {};
  const { behavior } = (scaler["spec"] ?? {}) as {
    readonly behavior?: { readonly scaleDown?: { readonly selectPolicy?: string } };
  };
  return (
    notes["autoscaling.keda.sh/paused"] === "true" ||
    notes["autoscaling.keda.sh/paused-replicas"] !== undefined ||
    behavior?.scaleDown?.selectPolicy === "Disabled"
  );
};

/** What its spec wants; undefined where the workload isn't there. */
const wantedOf = (object: KubeObject | undefined): number | undefined =>
  object && ((object["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1);
