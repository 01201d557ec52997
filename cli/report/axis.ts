/**
 * The time axis that all charts share. A migration waits for two days and acts for three hours, so each phase gets a width that grows
 * far slower than its duration; within a phase time is linear, and its duration stands below it.
 */

import type { Span } from "../../domain/view.ts";

export type Band = Span & {
  readonly left: number;
  readonly right: number;
};

export type TimeAxis = {
  readonly bands: readonly Band[];
  /** Horizontal position of a moment, in the chart's units. */
  readonly x: (seconds: number) => number;
};

/** Relative width of a span: a fourth root, between two bounds, so that minutes can be seen beside days. */
const weight = (seconds: number): number => Math.min(2.2, Math.max(1, (seconds / 3_600) ** 0.25));

/** What lies before the first phase is drawn only where it takes a while. */
const NAMELESS_SECONDS_MIN = 60;

/** Lays the stretches of a run over `left … right`. */
export const makeTimeAxis = (stretches: readonly Span[], left: number, right: number): TimeAxis => {
  const spans = stretches.filter((s) => s.phase !== null || s.to - s.from >= NAMELESS_SECONDS_MIN);
  const total = spans.reduce((sum, span) => sum + weight(span.to - span.from), 0);
  let at = left;
  const bands = spans.map((span): Band => {
    const from = at;
    at += ((right - left) * weight(span.to - span.from)) / total;
    return { ...span, left: from, right: at };
  });
  const x = (seconds: number): number => {
    const band = bands.find((b) => seconds <= b.to) ?? bands.at(-1);
    if (band === undefined) return left;
    const share = (seconds - band.from) / (band.to - band.from);
    return band.left + Math.min(1, Math.max(0, share)) * (band.right - band.left);
  };
  return { bands, x };
};

/** A round step for about `wanted` lines up to `max`: 1, 2 or 5 times a power of ten. */
export const niceStep = (max: number, wanted: number): number => {
  if (!(max > 0)) return 1;
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough) ?? 10;
  return factor * power;
};
