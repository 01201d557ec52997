/** Two small parts of the view: a list that keeps its first entries and counts the rest, and the pods of both clusters over time. */

import type { RunEvent } from "./events.ts";
import type { Side } from "./phases.ts";

/** The first entries of a list, and how many more there were. */
export type Bounded<T> = { readonly first: readonly T[]; readonly more: number };

export const bounded = <T>(max: number): { add: (entry: T) => void; view: () => Bounded<T> } => {
  const first: T[] = [];
  let more = 0;
  return {
    add: (entry) => {
      if (first.length < max) first.push(entry);
      else more += 1;
    },
    view: () => ({ first: [...first], more }),
  };
};

export type Ready = { readonly ready: number; readonly wanted: number };

export type FleetView = {
  /** Pods that are ready now. */
  readonly ready: { readonly [S in Side]: number };
  /** Hours times ready pods: what the fleets cost, measured. */
  readonly podHours: { readonly [S in Side]: number };
  /** Hours in which both clusters had ready pods of the platform. */
  readonly doubleRunningHours: number;
};

type Line = Extract<RunEvent, { type: "ready" }>;

export type Fleet = {
  readonly add: (event: Line) => void;
  readonly ready: (side: Side, workload: string) => Ready | null;
  readonly view: (atSeconds: number) => FleetView;
};

export const makeFleet = (): Fleet => {
  const byWorkload = new Map<string, Ready>();
  const ready = { source: 0, target: 0 };
  const podSeconds = { source: 0, target: 0 };
  let bothSeconds = 0;
  let settledAt = 0;

  const settle = (at: number): void => {
    const seconds = Math.max(0, at - settledAt);
    podSeconds.source += seconds * ready.source;
    podSeconds.target += seconds * ready.target;
    if (ready.source > 0 && ready.target > 0) bothSeconds += seconds;
    settledAt = Math.max(settledAt, at);
  };

  return {
    add: (event) => {
      settle(event.at);
      const key = `${event.cluster}|${event.workload}`;
      ready[event.cluster] += event.ready - (byWorkload.get(key)?.ready ?? 0);
      byWorkload.set(key, { ready: event.ready, wanted: event.wanted });
    },
    ready: (side, workload) => byWorkload.get(`${side}|${workload}`) ?? null,
    view: (at) => {
      settle(at);
      return {
        ready: { ...ready },
        podHours: { source: podSeconds.source / 3_600, target: podSeconds.target / 3_600 },
        doubleRunningHours: bothSeconds / 3_600,
      };
    },
  };
};
