/** The charts, as SVG of our own: areas and lines over the shared time axis, each with a title, a sentence and a value to hover at each point. */

import type { ViewModel } from "../../domain/view.ts";
import type { Point } from "../../domain/view-series.ts";
import { duration, moment, number } from "../format.ts";
import { makeTimeAxis, niceStep, type TimeAxis } from "./axis.ts";
import { html, type Markup, type Part } from "./html.ts";

export const WIDTH = 1_000;
const LEFT = 64;
const RIGHT = WIDTH - 12;
const TOP = 12;
const FOOT = 46;
/** About the width of a letter in the name of a phase. */
const GLYPH = 6.4;

export type Curve = {
  /** Shown in the legend. */
  readonly label: string;
  /** A class of the style sheet: colour and dash. */
  readonly style: string;
  /** Null where there is nothing to say. */
  readonly value: (point: Point) => number | null;
};

export type Chart = {
  readonly id: string;
  readonly title: string;
  /** What the chart shows, for those who don't see it. */
  readonly sentence: string;
  readonly height: number;
  readonly unit: (value: number) => string;
  /** Areas on top of one another; lines lie over them. */
  readonly areas: readonly Curve[];
  readonly lines: readonly Curve[];
  /** The top of the scale is at least this. */
  readonly maxAtLeast: number;
  /** No higher than this, whatever the values. */
  readonly maxAtMost?: number;
};

type Scale = {
  readonly axis: TimeAxis;
  readonly y: (value: number) => number;
  readonly max: number;
  readonly foot: number;
};

const round = (value: number): string => String(Math.round(value * 10) / 10);
const middle = (point: Point): number => (point.fromSeconds + point.toSeconds) / 2;

type Drawn = Pick<ViewModel, "stretches" | "traffic">;

/** Draws a chart with its legend. */
export const drawChart = (chart: Chart, { stretches, traffic }: Drawn): Markup => {
  const axis = makeTimeAxis(stretches, LEFT, RIGHT);
  const points = traffic.flatMap((segment) => segment.points);
  const step = niceStep(Math.min(highest(chart, points), chart.maxAtMost ?? Number.POSITIVE_INFINITY), 4);
  const top = Math.max(step, Math.ceil(highest(chart, points) / step) * step);
  const max = Math.min(top, chart.maxAtMost ?? top);
  const foot = chart.height - FOOT;
  const scale = { axis, max, foot, y: (value: number) => foot - (Math.min(value, max) / max) * (foot - TOP) };
  return html`<figure>
<figcaption>${[...chart.areas, ...chart.lines].map(legend)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${chart.height}" role="img" aria-labelledby="${chart.id}-title ${chart.id}-desc">
<title id="${chart.id}-title">${chart.title}</title><desc id="${chart.id}-desc">${chart.sentence}</desc>
${bandsOf(scale, chart.height)}${gridOf(scale, step, chart.unit)}
${areasOf(chart, scale, points)}${chart.lines.map((line) => lineOf(line, scale, points))}
${points.map((point) => hoverOf(chart, scale, point))}
</svg></figure>`;
};

const legend = (curve: Curve): Part =>
  html`<span class="key"><i class="${curve.style}"></i>${curve.label}</span>`;

const highest = (chart: Chart, points: readonly Point[]): number => {
  let max = chart.maxAtLeast;
  for (const point of points) {
    max = Math.max(
      max,
      chart.areas.reduce((sum, area) => sum + (area.value(point) ?? 0), 0),
    );
    for (const line of chart.lines) max = Math.max(max, line.value(point) ?? 0);
  }
  return max;
};

/** The phases as stripes behind the curves, named below with their duration; narrow ones are named by number. */
export const bandsOf = ({ axis, foot }: Pick<Scale, "axis" | "foot">, height: number): Part =>
  axis.bands.map((band, i) => {
    const [width, centre] = [band.right - band.left, (band.left + band.right) / 2];
    const name = `${band.direction === "undo" ? "↶ " : ""}${band.phase ?? "before"}`;
    const label =
      name.length * GLYPH < width ? name : `${name.slice(0, Math.max(1, Math.floor(width / GLYPH) - 1))}…`;
    return html`<g><rect class="band${i % 2 === 0 ? "" : " odd"}${band.direction === "undo" ? " undo" : ""}" x="${round(band.left)}" y="${TOP}" width="${round(width)}" height="${foot - TOP}"/>
<text class="phase" x="${round(centre)}" y="${height - 26}">${label}</text>
<text class="span" x="${round(centre)}" y="${height - 10}">${duration(band.to - band.from)}</text></g>`;
  });

const gridOf = ({ y, max }: Scale, step: number, unit: (value: number) => string): Part => {
  const lines: Part[] = [];
  for (let i = 0; i * step <= max * 1.0001 && i <= 20; i += 1)
    lines.push(
      html`<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${round(y(i * step))}" y2="${round(y(i * step))}"/>
<text class="tick" x="${LEFT - 8}" y="${round(y(i * step) + 4)}">${unit(i * step)}</text>`,
    );
  return lines;
};

/** A point in the middle of its span; at the ends of a curve also at its edges, so that the curve covers what it speaks of. */
const verticesOf = (
  axis: TimeAxis,
  points: readonly Point[],
  heights: readonly number[],
): readonly string[] =>
  points.flatMap((point, i) => {
    const times = [
      ...(i === 0 ? [point.fromSeconds] : []),
      middle(point),
      ...(i === points.length - 1 ? [point.toSeconds] : []),
    ];
    return times.map((time) => `${round(axis.x(time))},${round(heights[i] ?? 0)}`);
  });

const areasOf = (chart: Chart, scale: Scale, points: readonly Point[]): Part => {
  const below = points.map(() => 0);
  return chart.areas.map((area) => {
    const lower = [...below];
    points.forEach((point, i) => {
      below[i] = (below[i] ?? 0) + (area.value(point) ?? 0);
    });
    const edge = (values: readonly number[]) => verticesOf(scale.axis, points, values.map(scale.y));
    if (points.length === 0) return null;
    return html`<path class="area ${area.style}" d="M${edge(below).join("L")}L${edge(lower).toReversed().join("L")}Z"/>`;
  });
};

/** A line for each run of points that have a value: where there is none, there is a gap. */
const lineOf = (line: Curve, scale: Scale, points: readonly Point[]): Part => {
  const runs: Point[][] = [];
  let open: Point[] | null = null;
  for (const point of points) {
    if (line.value(point) === null) {
      open = null;
      continue;
    }
    if (open === null) {
      open = [];
      runs.push(open);
    }
    open.push(point);
  }
  const paths = runs.map((run) => {
    const heights = run.map((point) => scale.y(line.value(point) ?? 0));
    return `M${verticesOf(scale.axis, run, heights).join("L")}`;
  });
  return paths.length === 0 ? null : html`<path class="line ${line.style}" d="${paths.join("")}"/>`;
};

const hoverOf = (chart: Chart, { axis, foot }: Scale, point: Point): Part => {
  const [from, to] = [axis.x(point.fromSeconds), axis.x(point.toSeconds)];
  const values = [...chart.areas, ...chart.lines]
    .map((curve) => ({ label: curve.label, value: curve.value(point) }))
    .filter((entry) => entry.value !== null)
    .map((entry) => `${entry.label}: ${chart.unit(entry.value ?? 0)}`);
  return html`<rect class="hover" x="${round(from)}" y="${TOP}" width="${round(Math.max(0.5, to - from))}" height="${foot - TOP}"><title>${moment(point.fromSeconds)} to ${moment(point.toSeconds)}
${values.join("\n")}</title></rect>`;
};

/** A rate: what was counted in a point, by its seconds. */
export const perSecond = (point: Point, value: number): number =>
  value / Math.max(1e-9, point.toSeconds - point.fromSeconds);

export const milliseconds = (value: number): string => `${number(value, value < 10 ? 1 : 0)} ms`;
