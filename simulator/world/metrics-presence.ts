/** When there was something to scrape: which workloads had a running pod, and since when a cluster exists. */

import { SIDES, type Side } from "../../domain/phases.ts";
import type { Clock } from "../clock.ts";
import { namespaceIn } from "./changes.ts";
import { podsOf } from "./traffic/pods.ts";
import type { TrafficWorld } from "./traffic/traffic.ts";
import type { Changed, Cluster } from "./types.ts";

export type Presence = {
  readonly up: (side: Side, workload: string, atMs: number) => boolean;
  readonly exists: (side: Side, atMs: number) => boolean;
};

type Turn = { readonly at: number; readonly up: boolean };

/** Turns older than this are summed up in one: nobody asks so far back. */
const TURNS_MAX = 2_000;

export const makePresence = (options: {
  readonly clock: Clock;
  readonly source: Cluster;
  readonly target: Cluster;
  readonly traffic: TrafficWorld;
}): Presence => {
  const { clock } = options;
  const clusters: { readonly [S in Side]: Cluster } = options;
  const workloads = options.traffic.graph.parts.flatMap((p) => p.workloads.map((w) => w.name));
  const byNamespace = Map.groupBy(workloads, namespaceIn);
  const turns = new Map<string, Turn[]>();
  const note = (key: string, up: boolean): void => {
    const list = turns.get(key);
    // What stands at the start has stood before.
    if (!list) turns.set(key, [{ at: Number.NEGATIVE_INFINITY, up }]);
    else if (list.at(-1)?.up !== up) list.push({ at: clock.now(), up });
    if (list && list.length > TURNS_MAX) list.splice(0, list.length / 2);
  };
  const look = (side: Side, change: Changed | undefined): void => {
    note(side, clusters[side].exists());
    const pods = podsOf(clusters[side]);
    const concerned = change
      ? [...change.namespaces].flatMap((namespace) => byNamespace.get(namespace) ?? [])
      : workloads;
    for (const workload of concerned) {
      note(
        `${side}|${workload}`,
        pods.of(workload).some((p) => p.accepting),
      );
    }
  };
  for (const side of SIDES) {
    // The index hears of changes before we do.
    podsOf(clusters[side]);
    clusters[side].onChange((change) => look(side, change));
    look(side, undefined);
  }
  const at = (key: string, ms: number): boolean => turns.get(key)?.findLast((t) => t.at <= ms)?.up ?? false;
  return { up: (side, workload, ms) => at(`${side}|${workload}`, ms), exists: (side, ms) => at(side, ms) };
};
