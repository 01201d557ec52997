/** The order of the moves: what others stand on first, then applications with those that they call before them, exclusive things last. */

import { byCodeUnit } from "../kube.ts";
import { nameOf, type Workload } from "../plan.ts";

type Graph = ReadonlyMap<string, readonly string[]>;

const callGraph = (workloads: readonly Workload[]): Graph => {
  // A load generator's own page may be called by what it loads; it is a client all the same, and comes last.
  const owner = new Map(
    workloads
      .filter((w) => w.loadGenerator !== true)
      .flatMap((w) => w.services.map((s) => [s, nameOf(w)] as const)),
  );
  return new Map(
    workloads.map((w) => [
      nameOf(w),
      [...new Set(w.calls.map((c) => owner.get(c.service)).filter((id) => id !== undefined))].sort(
        byCodeUnit,
      ),
    ]),
  );
};

/** How many calls deep each workload stands on others; a call that closes a circle doesn't count. */
const depths = (ids: readonly string[], graph: Graph): ReadonlyMap<string, number> => {
  const inside = new Set(ids);
  const done = new Map<string, number>();
  for (const root of ids) {
    const stack: { readonly id: string; readonly open: string[] }[] = [];
    const path = new Set<string>();
    const enter = (id: string) => {
      path.add(id);
      stack.push({ id, open: (graph.get(id) ?? []).filter((next) => inside.has(next)) });
    };
    if (!done.has(root)) enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.open.pop();
      if (next !== undefined) {
        if (!done.has(next) && !path.has(next)) enter(next);
        continue;
      }
      const below = (graph.get(top.id) ?? []).map((id) => done.get(id) ?? -1);
      done.set(top.id, 1 + Math.max(-1, ...below));
      path.delete(top.id);
      stack.pop();
    }
  }
  return done;
};

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

const APART: readonly Workload["move"][] = [
  "stop-then-start",
  "hand-over-schedule",
  "hand-over-controller",
  "shift-workers",
  "shift-group",
];

/** @returns the wave of each workload that moves, by its name; wave 0 is what is started in full. */
export const wavesOf = (
  workloads: readonly Workload[],
  applicationsPerWave: number,
): ReadonlyMap<string, number> => {
  const of = (moves: readonly Workload["move"][]) =>
    workloads
      .filter((w) => moves.includes(w.move))
      .map(nameOf)
      .sort(byCodeUnit);
  const halves = of(["half-and-half"]);
  const depth = depths(halves, callGraph(workloads));
  const levels = new Map<number, string[]>();
  for (const id of halves) {
    const level = depth.get(id) ?? 0;
    levels.set(level, [...(levels.get(level) ?? []), id]);
  }
  const later = [...levels.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([, ids]) => chunks(ids, applicationsPerWave))
    .concat(chunks(of(APART), applicationsPerWave));
  const first = of(["start-on-target"]);
  // What keeps data is on the target before the applications that need it there.
  const copies = chunks(of(["copy-with-pause"]), applicationsPerWave);
  const waves = [first, ...copies, ...later];
  return new Map(waves.flatMap((ids, wave) => ids.map((id) => [id, wave] as const)));
};
