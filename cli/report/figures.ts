/** The charts of the report, and the same figures as a table, for those who would rather read. */

import type { ViewModel } from "../../domain/view.ts";
import type { Point, Segment, SidePoint } from "../../domain/view-series.ts";
import { duration, number, percent } from "../format.ts";
import { type Curve, drawChart, milliseconds, perSecond } from "./charts.ts";
import { html, type Markup, type Part } from "./html.ts";

const RATE = (value: number): string => `${number(value, value < 10 ? 1 : 0)}/s`;
const CLASSES_MAX = 6;

export const requestsChart = (model: ViewModel): Markup => {
  const { served, failed, paused } = model.counts.requests;
  return drawChart(
    {
      id: "requests",
      title: "Requests served a second, by cluster",
      sentence: `${number(served)} requests were served; ${number(failed)} failed because of the move and ${number(paused)} fell into approved pauses.`,
      height: 300,
      unit: RATE,
      maxAtLeast: 1,
      areas: [
        { label: "served by the source", style: "source", value: (p) => perSecond(p, p.source.served) },
        { label: "served by the target", style: "target", value: (p) => perSecond(p, p.target.served) },
      ],
      lines: [],
    },
    model,
  );
};

/** Failures and pauses by cluster; a sentence where there are none, since an empty chart says less. */
export const failuresChart = (model: ViewModel): Markup => {
  const { failed, paused, failedAnyway } = model.counts.requests;
  const anyway = `${number(failedAnyway)} attempts failed that fail without a move as well (the control run): they count as nobody's.`;
  if (failed === 0 && paused === 0)
    return html`<p><span class="pill pass">none</span> No request failed because of the move, and none fell into a pause. <span class="soft">${anyway}</span></p>`;
  const points = model.traffic.flatMap((segment) => segment.points);
  return html`${drawChart(
    {
      id: "failures",
      title: "Requests a second that failed because of the move, by cluster",
      sentence: `${number(failed)} requests failed because of the move, ${number(paused)} fell into approved pauses.`,
      height: 220,
      unit: RATE,
      maxAtLeast: 0.1,
      areas: [],
      lines: FAILURES.filter(({ value }) => points.some((p) => (value(p) ?? 0) > 0)),
    },
    model,
  )}<p class="soft">${anyway}</p>`;
};

const FAILURES: readonly Curve[] = [
  { label: "failed at the source", style: "source", value: (p) => perSecond(p, p.source.failed) },
  { label: "failed at the target", style: "target", value: (p) => perSecond(p, p.target.failed) },
  { label: "failed in all", style: "failed dash", value: (p) => perSecond(p, p.failed) },
  { label: "in approved pauses", style: "paused", value: (p) => perSecond(p, p.paused) },
];

export const latencyChart = (model: ViewModel): Markup =>
  drawChart(
    {
      id: "latency",
      title: "p99 and p99.5 of the answers, by cluster",
      sentence: latencySentence(model),
      height: 280,
      unit: milliseconds,
      maxAtLeast: 10,
      areas: [],
      lines: [
        { label: "source p99", style: "source", value: (p) => p.source.p99Ms },
        { label: "source p99.5", style: "source dash", value: (p) => p.source.p995Ms },
        { label: "target p99", style: "target", value: (p) => p.target.p99Ms },
        { label: "target p99.5", style: "target dash", value: (p) => p.target.p995Ms },
      ],
    },
    model,
  );

const latencySentence = (model: ViewModel): string => {
  const [source, target] = [p99Of(model, "source"), p99Of(model, "target")];
  return `Weighted by requests, p99 was ${source === null ? "not measured" : milliseconds(source)} at the source and ${target === null ? "not measured" : milliseconds(target)} at the target.`;
};

export const dnsChart = (model: ViewModel): Markup => {
  const classes = dnsClasses(model.traffic);
  const last = model.traffic.at(-1)?.points.at(-1)?.dnsTargetShare ?? {};
  return drawChart(
    {
      id: "dns",
      title: "Share of clients whose resolver points at the target, by class of resolver",
      sentence: `At the end: ${classes.map((name) => `${name} ${percent(last[name] ?? 0)}`).join(", ")}.`,
      height: 240,
      unit: (value) => percent(value),
      maxAtLeast: 1,
      maxAtMost: 1,
      areas: [],
      lines: classes.map((name, i) => ({
        label: name,
        style: `k${i}`,
        value: (p) => p.dnsTargetShare[name] ?? null,
      })),
    },
    model,
  );
};

const dnsClasses = (segments: readonly Segment[]): readonly string[] => {
  const names = new Set(segments.flatMap((s) => s.points.flatMap((p) => Object.keys(p.dnsTargetShare))));
  return [...names].sort().slice(0, CLASSES_MAX);
};

/** Mean of p99 over a side's points, weighted by requests; null where it served nothing. */
export const p99Of = ({ traffic }: ViewModel, side: "source" | "target"): number | null => {
  let [sum, requests] = [0, 0];
  for (const point of traffic.flatMap((segment) => segment.points)) {
    const { served, p99Ms } = point[side];
    if (p99Ms === null) continue;
    sum += served * p99Ms;
    requests += served;
  }
  return requests === 0 ? null : sum / requests;
};

/** The figures of all charts by phase: the accessible form, and the quick one. */
export const figuresTable = (model: ViewModel): Markup => html`<div class="scroll"><table>
<thead><tr><th>stretch</th><th class="n">lasted</th><th class="n">served: source</th><th class="n">target</th><th class="n">failed</th><th class="n">paused</th>
<th class="n">worst p99: source</th><th class="n">target</th><th class="n">worst p99.5: source</th><th class="n">target</th></tr></thead>
<tbody>${model.traffic.map(figuresRow)}</tbody></table></div>`;

const figuresRow = ({ phase, direction, points }: Segment): Part => {
  const sum = (value: (point: Point) => number) => number(points.reduce((total, p) => total + value(p), 0));
  const worst = (value: (point: Point) => number | null) => {
    const all = points.map(value).filter((v) => v !== null);
    return all.length === 0 ? "–" : milliseconds(Math.max(...all));
  };
  const side = (name: "source" | "target", value: (s: SidePoint) => number | null) =>
    worst((p) => value(p[name]));
  const seconds = (points.at(-1)?.toSeconds ?? 0) - (points[0]?.fromSeconds ?? 0);
  return html`<tr><td>${phase ?? "before"}${direction === "undo" ? ", on the way back" : ""}</td><td class="n">${duration(seconds)}</td>
<td class="n">${sum((p) => p.source.served)}</td><td class="n">${sum((p) => p.target.served)}</td><td class="n">${sum((p) => p.failed)}</td><td class="n">${sum((p) => p.paused)}</td>
<td class="n">${side("source", (s) => s.p99Ms)}</td><td class="n">${side("target", (s) => s.p99Ms)}</td><td class="n">${side("source", (s) => s.p995Ms)}</td><td class="n">${side("target", (s) => s.p995Ms)}</td></tr>`;
};
