/** Consumer groups over time, as a part of the view: members on each side, what waited, and what their moves cost. */

import type { RunEvent } from "./events.ts";
import { byCodeUnit } from "./kube.ts";
import { type Bounded, bounded } from "./view-parts.ts";

type Line = Extract<RunEvent, { type: "kafka" }>;

export type GroupPoint = Pick<Line, "at" | "state" | "source" | "target" | "waiting">;

export type GroupView = {
  readonly group: string;
  /** Members before anything moved. */
  readonly members: number;
  readonly points: Bounded<GroupPoint>;
  readonly now: GroupPoint;
  readonly membersMaxOverN: number;
  readonly rebalances: number;
  readonly duplicates: number;
  readonly lost: number;
  readonly longestDelayMs: number;
};

const POINTS_MAX = 500;

export const makeGroups = () => {
  const groups = new Map<
    string,
    { view: Omit<GroupView, "points">; points: ReturnType<typeof bounded<GroupPoint>> }
  >();
  return {
    add: (line: Line): void => {
      const { at, state, source, target, waiting } = line;
      const now = { at, state, source, target, waiting };
      const { view, points } = groups.get(line.group) ?? {
        view: {
          group: line.group,
          members: source + target - line.overN,
          now,
          membersMaxOverN: line.overN,
          rebalances: 0,
          duplicates: 0,
          lost: 0,
          longestDelayMs: 0,
        },
        points: bounded<GroupPoint>(POINTS_MAX),
      };
      points.add(now);
      groups.set(line.group, {
        points,
        view: {
          ...view,
          now,
          membersMaxOverN: Math.max(view.membersMaxOverN, line.overN),
          rebalances: view.rebalances + line.rebalances,
          duplicates: view.duplicates + line.duplicates,
          lost: view.lost + line.lost,
          longestDelayMs: Math.max(view.longestDelayMs, line.longestDelayMs),
        },
      });
    },
    view: (): readonly GroupView[] =>
      [...groups.values()]
        .map(({ view, points }) => ({ ...view, points: points.view() }))
        .sort((a, b) => byCodeUnit(a.group, b.group)),
  };
};
