/** The report as one page that needs nothing else: no script, no font, no picture from anywhere. The same record gives the same bytes. */

import { createHash } from "node:crypto";
import type { Outcome } from "../../domain/events.ts";
import { duration, number } from "../format.ts";
import { milliseconds } from "./charts.ts";
import { dnsCalculator } from "./dns.ts";
import { dnsChart, failuresChart, figuresTable, latencyChart, p99Of, requestsChart } from "./figures.ts";
import { groups } from "./groups.ts";
import { html, Markup, type Part } from "./html.ts";
import type { ReportInput } from "./input.ts";
import * as sections from "./sections.ts";
import { STYLE } from "./style.ts";
import { drawTimeline } from "./timeline.ts";

type Tone = "good" | "warn" | "bad";

const OUTCOMES: { readonly [O in Outcome]: readonly [headline: string, tone: Tone] } = {
  completed: ["The platform moved.", "good"],
  "rolled-back": ["Rolled back: everything stands as it did at the start.", "warn"],
  "rollback-incomplete": ["The rollback is incomplete: a person has to finish it.", "bad"],
  waiting: ["The run waited for a person until its time was up.", "warn"],
  refused: ["Refused: nothing lasting was changed.", "warn"],
  violated: ["An invariant was violated.", "bad"],
};

/** The whole of report.html. */
export const renderReport = (input: ReportInput): string => {
  const { model, summary, plan } = input;
  const [headline, tone] = OUTCOMES[summary.outcome];
  const all = sectionsOf(input).filter(({ body }) => body !== null);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">
<title>${model.run?.platform ?? "A platform"}: ${summary.outcome} (seed ${summary.seed})</title><style>${new Markup(STYLE)}</style></head>
<body><header><div><span class="pill ${tone}">${summary.outcome}</span><h1>${headline}</h1>
<p class="soft">Rehearsal of the migration of <b>${model.run?.platform ?? "a platform"}</b> (${model.run?.migration ?? "–"}), seed ${summary.seed}, from ${model.run?.startsAt ?? "–"}, ${duration(summary.virtualSeconds)} of virtual time. Plan <code>${(model.run?.plan ?? "–").slice(0, 16)}</code>.</p>
<div class="cards">${cards(input)}</div></div></header>
<nav aria-label="Sections"><div>${all.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</div></nav>
<main>${all.map(({ id, title, lead, body }) => html`<section id="${id}"><h2>${title}</h2>${lead !== undefined && html`<p class="soft">${lead}</p>`}${body}</section>`)}
${plan !== undefined && planNotes(plan)}</main>
<footer><main>Digest of the record: <code>${summary.digest}</code></main></footer></body></html>
`.text;
};

/** Nothing may be loaded, run or sent; the one style sheet is known by its hash. */
const policy = (): Markup => {
  const hash = createHash("sha256").update(STYLE).digest("base64");
  return new Markup(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
};

const cards = ({ model, summary }: ReportInput): Part => {
  const { failed, served, paused } = summary.requests;
  const [before, after] = [p99Of(model, "source"), p99Of(model, "target")];
  const card = (figure: string, label: string, tone: "" | "good" | "bad" = "") =>
    html`<div class="card ${tone}"><b>${figure}</b><span>${label}</span></div>`;
  return [
    card(number(failed), "requests failed because of the move", failed === 0 ? "good" : "bad"),
    card(compact(served), "requests served"),
    paused > 0 && card(compact(paused), "fell into approved pauses"),
    card(number(summary.freezeMinutes, 1), "minutes of freeze"),
    card(
      after === null ? "–" : milliseconds(after),
      `p99 at the target (source: ${before === null ? "–" : milliseconds(before)})`,
    ),
    card(
      number(summary.violations.length),
      "invariants violated",
      summary.violations.length === 0 ? "good" : "bad",
    ),
    card(number(summary.workloads), "workloads"),
  ];
};

/** `412.3 M` for a card; the exact figure stands elsewhere. */
const compact = (value: number): string => {
  if (value >= 1e9) return `${number(value / 1e9, 2)} G`;
  if (value >= 1e6) return `${number(value / 1e6, 1)} M`;
  return number(value);
};

type Section = {
  readonly id: string;
  readonly title: string;
  readonly lead?: string;
  readonly body: Markup | null;
};

const sectionsOf = (input: ReportInput): readonly Section[] => {
  const { model } = input;
  const drawn = model.traffic.some((segment) => segment.points.length > 0);
  const chart = (draw: (m: typeof model) => Markup) => (drawn ? draw(model) : null);
  return [
    { id: "trouble", title: "Look here first", body: sections.troubles(model) },
    {
      id: "phases",
      title: "Phases",
      lead: "Each phase has a width of its own, so that minutes can be seen beside days; its duration stands below.",
      body: model.stretches.length > 0 ? drawTimeline(model) : null,
    },
    {
      id: "traffic",
      title: "Requests",
      lead: "What each cluster answered, a second.",
      body: chart(requestsChart),
    },
    { id: "failed", title: "Failed because of the move", body: chart(failuresChart) },
    {
      id: "speed",
      title: "Latency",
      lead: "The slowest hundredth, and the slowest two hundredth, of the answers.",
      body: chart(latencyChart),
    },
    {
      id: "resolvers",
      title: "DNS",
      lead: "The share of clients whose resolver points at the target.",
      body: chart(dnsChart),
    },
    {
      id: "dns",
      title: "DNS, counted",
      lead: "What caches may still hold, from the plan's TTLs: a bound, which the run should keep within.",
      body: dnsCalculator(input),
    },
    { id: "figures", title: "Figures by phase", body: chart(figuresTable) },
    {
      id: "synthetic",
      title: "Synthetic load",
      lead: "What Repot's own requests got: from the source before anything moved, from both sides while both stood, from the target after the cut.",
      body: sections.synthetic(model),
    },
    {
      id: "gates",
      title: "Gates",
      lead: "A gate without data is unknown, and unknown holds.",
      body: sections.gates(model),
    },
    { id: "approvals", title: "Approvals", body: sections.approvals(model) },
    { id: "groups", title: "Consumer groups", body: groups(model) },
    { id: "price", title: "Price", body: sections.price(input) },
    { id: "faults", title: "Faults", body: sections.faults(input) },
    { id: "others", title: "What others changed", body: sections.actors(model) },
    { id: "workloads", title: "Workloads", body: sections.workloads(model) },
    { id: "permissions", title: "Permissions", body: sections.permissions(input) },
    { id: "journal", title: "Journal of effects", body: sections.journal(model) },
    { id: "undo", title: "What a rollback would undo", body: sections.undoList(model) },
    { id: "notices", title: "Notices", body: sections.notices(model) },
  ];
};

const planNotes = ({ assumptions, limits }: NonNullable<ReportInput["plan"]>): Part =>
  [["Assumptions of the plan", assumptions] as const, ["What the plan can't do", limits] as const]
    .filter(([, list]) => list.length > 0)
    .map(
      ([title, list]) =>
        html`<section><h2>${title}</h2><details><summary>${list.length}</summary><ul>${list.map((line) => html`<li>${line}</li>`)}</ul></details></section>`,
    );
