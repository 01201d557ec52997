/**
 * Figures over time in a bounded number of points. A migration waits for days and acts for hours, so each phase has a series of its
 * own, and each series halves its resolution when it is full.
 */

import type { RunEvent, SideTraffic } from "./events.ts";
import type { Phase } from "./phases.ts";

/** Points that one phase keeps at most; reaching it merges neighbours. */
export const POINTS_MAX = 96;

export type SidePoint = {
  readonly served: number;
  readonly failed: number;
  readonly paused: number;
  /** The worst of the span; null where nothing was served. */
  readonly p99Ms: number | null;
  readonly p995Ms: number | null;
};

/** What happened in a span of time. Counts are sums, percentiles the worst, shares those at its end. */
export type Point = {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly source: SidePoint;
  readonly target: SidePoint;
  /** Attempts that failed because of the move; may exceed the sides' where no cluster was reached. */
  readonly failed: number;
  readonly paused: number;
  readonly dnsTargetShare: Readonly<Record<string, number>>;
};

/** Which stretch of a run: a phase on its way forward or back; null before the first began. */
export type Stretch = { readonly phase: Phase | null; readonly direction: "forward" | "undo" };

/** One stretch of the time axis with its points. */
export type Segment = Stretch & { readonly points: readonly Point[] };

type Traffic = Extract<RunEvent, { type: "traffic" }>;
type OpenSegment = Stretch & { points: Point[]; spanSeconds: number };

export type Series = {
  readonly add: (event: Traffic, stretch: Stretch) => void;
  readonly segments: () => readonly Segment[];
};

export const makeSeries = (): Series => {
  const segments: OpenSegment[] = [];
  let lastAt = 0;
  const add = (event: Traffic, { phase, direction }: Stretch): void => {
    let segment = segments.at(-1);
    if (segment === undefined || segment.phase !== phase || segment.direction !== direction) {
      segment = { phase, direction, points: [], spanSeconds: 0 };
      segments.push(segment);
    }
    append(segment, pointOf(event, lastAt));
    lastAt = event.at;
  };
  return {
    add,
    segments: () =>
      segments.map(({ phase, direction, points }) => ({ phase, direction, points: [...points] })),
  };
};

const append = (segment: OpenSegment, point: Point): void => {
  const last = segment.points.at(-1);
  if (last !== undefined && point.toSeconds - last.fromSeconds <= segment.spanSeconds)
    segment.points[segment.points.length - 1] = merge(last, point);
  else segment.points.push(point);
  if (segment.points.length >= POINTS_MAX) halve(segment);
};

/** Merges neighbours, and from now on gathers lines into points of the width that this takes. */
const halve = (segment: OpenSegment): void => {
  const first = segment.points[0];
  const last = segment.points.at(-1);
  if (first === undefined || last === undefined) return;
  segment.spanSeconds = Math.max(
    segment.spanSeconds * 2,
    (2 * (last.toSeconds - first.fromSeconds)) / segment.points.length,
  );
  const merged: Point[] = [];
  for (let i = 0; i < segment.points.length; i += 2) {
    const [a, b] = [segment.points[i], segment.points[i + 1]];
    if (a !== undefined) merged.push(b === undefined ? a : merge(a, b));
  }
  segment.points = merged;
};

const pointOf = (event: Traffic, fromSeconds: number): Point => ({
  fromSeconds: Math.min(fromSeconds, event.at),
  toSeconds: event.at,
  source: sidePointOf(event.source),
  target: sidePointOf(event.target),
  failed: event.failed,
  paused: event.paused,
  dnsTargetShare: event.dnsTargetShare,
});

const sidePointOf = ({ served, failed, paused, p99Ms, p995Ms }: SideTraffic): SidePoint => ({
  served,
  failed,
  paused,
  p99Ms,
  p995Ms,
});

const merge = (a: Point, b: Point): Point => ({
  fromSeconds: a.fromSeconds,
  toSeconds: b.toSeconds,
  source: mergeSides(a.source, b.source),
  target: mergeSides(a.target, b.target),
  failed: a.failed + b.failed,
  paused: a.paused + b.paused,
  dnsTargetShare: b.dnsTargetShare,
});

const mergeSides = (a: SidePoint, b: SidePoint): SidePoint => ({
  served: a.served + b.served,
  failed: a.failed + b.failed,
  paused: a.paused + b.paused,
  p99Ms: worst(a.p99Ms, b.p99Ms),
  p995Ms: worst(a.p995Ms, b.p995Ms),
});

const worst = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
