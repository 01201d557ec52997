/** The timeline: a row for each phase, the freeze, and marks for what people, faults and invariants did. */

import type { ViewModel } from "../../domain/view.ts";
import { duration, moment } from "../format.ts";
import { makeTimeAxis, type TimeAxis } from "./axis.ts";
import { bandsOf, WIDTH } from "./charts.ts";
import { html, type Markup, type Part } from "./html.ts";

const LEFT = 118;
const RIGHT = WIDTH - 12;
const ROW = 26;
const TOP = 20;

type Mark = { readonly at: number; readonly style: string; readonly title: string };

export const drawTimeline = (model: ViewModel): Markup => {
  const axis = makeTimeAxis(model.stretches, LEFT, RIGHT);
  const rows = [...model.phases.map((phase) => phaseRow(axis, phase, model.at)), freezeRow(axis, model)];
  const marks: readonly [string, readonly Mark[]][] = [
    ["approvals", approvalMarks(model)],
    [
      "faults",
      model.faults.first.map((f) => ({ at: f.at, style: "fault", title: `${f.kind} at ${f.step}` })),
    ],
    ["trouble", troubleMarks(model)],
  ];
  const all = [
    ...rows,
    ...marks
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => ({ name, part: marksRow(axis, list) })),
  ];
  const height = TOP + all.length * ROW + 56;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="timeline-title timeline-desc">
<title id="timeline-title">Timeline of the phases</title><desc id="timeline-desc">${sentenceOf(model)}</desc>
${bandsOf({ axis, foot: height - 46 }, height)}
${all.map(({ name, part }, i) => html`<text class="row" x="8" y="${TOP + i * ROW + 17}">${name}</text><g transform="translate(0 ${TOP + i * ROW})">${part}</g>`)}
</svg></figure>`;
};

/** The timeline in words. */
const sentenceOf = (model: ViewModel): string =>
  model.phases
    .filter((phase) => phase.startedAt !== null)
    .map(
      (p) =>
        `${p.phase}: ${p.status.replace("-", " ")}, ${duration((p.endedAt ?? model.at) - (p.startedAt ?? 0))}`,
    )
    .join("; ");

type Row = { readonly name: string; readonly part: Part };

const phaseRow = (axis: TimeAxis, phase: ViewModel["phases"][number], at: number): Row => {
  if (phase.startedAt === null) return { name: phase.phase, part: null };
  const to = phase.endedAt ?? at;
  const title = `${phase.phase} ${phase.status.replace("-", " ")}: ${moment(phase.startedAt)} to ${moment(to)}, ${duration(to - phase.startedAt)}`;
  return { name: phase.phase, part: barOf(axis, phase.startedAt, to, phase.status, title) };
};

const freezeRow = (axis: TimeAxis, model: ViewModel): Row => ({
  name: "frozen",
  part: model.freezes.map(({ from, to }) =>
    barOf(axis, from, to ?? model.at, "freeze", `frozen for ${duration((to ?? model.at) - from)}`),
  ),
});

const barOf = (axis: TimeAxis, from: number, to: number, style: string, title: string): Part => {
  const [left, right] = [axis.x(from), axis.x(to)];
  const width = Math.max(3, right - left);
  return html`<rect class="bar ${style}" x="${left.toFixed(1)}" y="5" width="${width.toFixed(1)}" height="15" rx="3"><title>${title}</title></rect>`;
};

const marksRow = (axis: TimeAxis, marks: readonly Mark[]): Part =>
  marks.map(
    ({ at, style, title }) =>
      html`<circle class="mark ${style}" cx="${axis.x(at).toFixed(1)}" cy="12" r="6"><title>${moment(at)} ${title}</title></circle>`,
  );

const approvalMarks = (model: ViewModel): readonly Mark[] =>
  model.approvals.flatMap(({ question, entries }) =>
    entries.map(({ at, status, person }) => ({
      at,
      style: status,
      title: `${question} ${status}${person === undefined ? "" : ` by ${person}`}`,
    })),
  );

const troubleMarks = (model: ViewModel): readonly Mark[] => [
  ...model.violations.first.map((v) => ({
    at: v.at,
    style: "violation",
    title: `${v.invariant}: ${v.sentence}`,
  })),
  ...model.failing.first.map((f) => ({ at: f.at, style: "failing", title: `${f.host}: ${f.reason}` })),
];
