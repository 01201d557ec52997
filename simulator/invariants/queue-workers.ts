/** The workers of a queue change sides without a gap: none is told to stop before others consume in its place, and never many more than there were. */

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

export const queueWorkers = (): Invariant<WorkersWorld> => {
  const before = new Map<string, Numbers>();
  /** Workers on the source when the target first wanted some. */
  const total = new Map<string, number>();
  let workers: readonly (readonly [name: string, workload: Workload])[] | undefined;
  return {
    name: "queue-workers",
    sentence:
      "Workers of a queue are told to stop only where others consume in their place, and never more than a step too many are wanted.",
    check: (world) => {
      workers ??= world.plan.workloads.flatMap((w) =>
        w.move === "shift-workers" ? [[nameOf(w), w] as const] : [],
      );
      const found: string[] = [];
      for (const [name, w] of workers) {
        const now = { source: wantedOf(world.source, w), target: wantedOf(world.target, w) };
        const was = before.get(name);
        before.set(name, now);
        // Until it is restored on the target nothing of ours has begun.
        if (!was || now.target === undefined) continue;
        const had = total.get(name) ?? was.source ?? 0;
        total.set(name, had);
        found.push(...gaps(w, was, now, had, world), ...crowds(w, now, had, world));
      }
      return found;
    },
  };
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
const wantedOf = (cluster: Cluster, w: Workload): number | undefined => {
  if (!cluster.exists()) return undefined;
  const object = cluster.get(w);
  return object && ((object["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1);
};
