/** The sections of the report that are words and tables: gates, approvals, price, what others did, faults, permissions, the journal. */

import type { Evidence, Verdict } from "../../domain/gates.ts";
import type { ApprovalView, GateView, ViewModel } from "../../domain/view.ts";
import type { Bounded } from "../../domain/view-parts.ts";
import { count, duration, moment, number } from "../format.ts";
import { html, type Markup, type Part } from "./html.ts";
import type { ReportInput } from "./input.ts";

const JOURNAL_ROWS_MAX = 500;
/** AWS, Standard workflows, eu-central-1 and us-east-1, as listed: $25 a million transitions. */
const DOLLARS_PER_TRANSITION = 0.000_025;

const none = (sentence: string): Markup => html`<p class="soft">${sentence}</p>`;
const more = (list: Bounded<unknown>): Part =>
  list.more > 0 && html`<p class="soft">and ${number(list.more)} more</p>`;
const pill = (verdict: string): Markup => html`<span class="pill ${verdict}">${verdict}</span>`;

const table = (heads: readonly string[], rows: readonly Part[]): Markup =>
  html`<div class="scroll"><table><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;

/** What somebody who was woken up should read first; nothing where there is nothing. */
export const troubles = ({ violations, failing, notices, permissionsDenied }: ViewModel): Markup | null => {
  const errors = notices.first.filter((notice) => notice.level === "error");
  if (violations.first.length + failing.first.length + errors.length + permissionsDenied.first.length === 0)
    return null;
  return html`${table(
    ["when", "what", ""],
    [
      ...violations.first.map((v) => row(v.at, `invariant ${v.invariant}`, v.sentence)),
      ...failing.first.map((f) =>
        row(f.at, `requests fail at the ${f.cluster}`, `${f.host} at ${f.workload}: ${f.reason}`),
      ),
      ...errors.map((e) => row(e.at, "error", e.sentence)),
      ...permissionsDenied.first.map((p) => row(p.at, "denied", `${p.step}: ${p.service}:${p.action}`)),
    ],
  )}${[violations, failing, permissionsDenied].map(more)}`;
};

const row = (at: number, ...cells: readonly Part[]): Markup =>
  html`<tr><td class="t">${moment(at)}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;

/** Availability, p99 and p99.5 of Repot's own requests before, while and after; nothing where none was measured. */
export const synthetic = ({ gates: all }: ViewModel): Markup | null => {
  const figures = all
    .filter((view) => view.gate === "observe-load")
    .flatMap((view) =>
      view.verdicts.first.filter((v) => v.check === "load/figures").map((v) => ({ view, v })),
    );
  if (figures.length === 0) return null;
  const cell = (v: Verdict, index: number, show: (value: number) => string): Markup => {
    const value = v.evidence[index]?.value;
    return html`<td class="n">${typeof value === "number" ? show(value) : "–"}</td>`;
  };
  const ms = (value: number) => `${number(value * 1_000, 1)} ms`;
  return table(
    ["when", "cluster", "requests", "answered", "p99", "p99.5"],
    figures.map(
      ({ view, v }) =>
        html`<tr><td class="t">${WHEN[view.phase] ?? view.phase}, ${moment(view.lastAt)}</td><td>${v.subject}</td><td class="n">${number(v.evidence[0]?.samples ?? 0)}</td>${cell(v, 0, (value) => `${number(value * 100, 3)} %`)}${cell(v, 1, ms)}${cell(v, 2, ms)}</tr>`,
    ),
  );
};

const WHEN: Readonly<Record<string, string>> = {
  "build-target": "before",
  "move-workloads": "during",
  thaw: "after",
};

export const gates = ({ gates: all }: ViewModel): Markup =>
  all.length === 0 ? none("No gate was judged.") : html`${all.map(gate)}`;

const gate = (view: GateView): Markup => html`<details class="gate"${openUnlessPassed(view)}>
<summary>${pill(view.verdict)} <b>${view.gate}</b> <span class="soft">${view.phase}, ${moment(view.lastAt)}; judged ${count(view.judged, "time")}${view.held > 0 && `, held ${count(view.held, "time")}`}; ${count(view.verdicts.first.length + view.verdicts.more, "check")}</span></summary>
${table(["", "check", "about", "found", "evidence"], view.verdicts.first.map(verdict))}${more(view.verdicts)}</details>`;

/** A gate that doesn't pass stands open. */
const openUnlessPassed = (view: GateView): Part => view.verdict !== "pass" && html` open`;

const verdict = (v: Verdict): Markup =>
  html`<tr><td>${pill(v.verdict)}</td><td><code>${v.check}</code></td><td>${v.subject}</td><td>${v.sentence}${v.remedy !== undefined && html`<br><span class="soft">${v.remedy}</span>`}</td><td>${v.evidence.map(evidence)}</td></tr>`;

const evidence = (e: Evidence): Markup =>
  html`<div>${e.what.replace(/\.$/, "")}: <b>${e.value === null ? "absent" : shown(e.value)}</b>, held against ${e.threshold} <span class="soft">(${count(e.samples, "sample")}; ${e.source}; ${e.observedAt})</span></div>`;

const shown = (value: string | number | boolean): string =>
  typeof value === "number" ? number(value, 4) : String(value);

export const approvals = ({ approvals: all }: ViewModel): Markup =>
  all.length === 0 ? none("Nobody was asked.") : html`${all.map(approval)}`;

const approval = (view: ApprovalView): Markup =>
  html`<h3>${view.question} <span class="pill ${APPROVAL_STYLE[view.status]}">${view.status}</span> <span class="soft">after ${duration(view.lastAt - view.askedAt)}</span></h3>
${table(
  ["when", "", "who", ""],
  view.entries.map((e) => row(e.at, e.status, e.person ?? "–", e.sentence)),
)}`;

const APPROVAL_STYLE: { readonly [S in ApprovalView["status"]]: string } = {
  asked: "unknown",
  voted: "unknown",
  granted: "pass",
  denied: "fail",
  expired: "fail",
};

export const price = ({ model, summary, plan }: ReportInput): Markup => {
  const planned = (value: number | undefined, digits: number) =>
    value === undefined ? "–" : number(value, digits);
  const line = (what: string, before: string, after: string) =>
    html`<tr><td>${what}</td><td class="n">${before}</td><td class="n">${after}</td></tr>`;
  const dollars = `$${number(summary.transitions * DOLLARS_PER_TRANSITION, 2)}`;
  return html`<div class="scroll"><table><thead><tr><th></th><th class="n">planned</th><th class="n">measured</th></tr></thead><tbody>
${line("state transitions", planned(plan?.price.stateTransitions, 0), number(summary.transitions))}
${line("their price at $25 a million", "", dollars)}
${line("hours with both fleets running", planned(plan?.price.doubleRunningHours, 1), number(model.fleet.doubleRunningHours, 1))}
${line("minutes of freeze", planned(plan?.price.freezeMinutes, 1), number(summary.freezeMinutes, 1))}
${line("pod-hours at the source", "", number(model.fleet.podHours.source))}
${line("pod-hours at the target", "", number(model.fleet.podHours.target))}
${line("events in the longest history (limit 25,000)", "", number(summary.historyEventsMax))}
</tbody></table></div>`;
};

/** Text that may break anywhere: paths of fields, values. */
const long = (text: string): Markup => html`<span class="long">${text}</span>`;

export const actors = ({ actors: list, actorsRefused }: ViewModel): Markup => {
  if (list.first.length === 0) return none("Nobody else changed anything meanwhile.");
  const total = list.first.length + list.more;
  return html`<p>${count(total, "attempt")} by others; the freeze refused ${number(actorsRefused)}. What went through stands, after a rollback as well.</p>
<details><summary>All of them</summary>${table(
    ["when", "who", "where", "object", "field", "from", "to", ""],
    list.first.map((a) =>
      row(
        a.at,
        a.who,
        a.cluster,
        a.object,
        long(a.field),
        long(a.before),
        long(a.after),
        html`<span class="${a.allowed ? "muted" : "warn"}">${a.allowed ? "went through" : "refused"}</span>`,
      ),
    ),
  )}${more(list)}</details>`;
};

export const faults = ({ model, summary }: ReportInput): Markup => {
  if (summary.faults.length === 0 && model.faults.first.length === 0)
    return none("Nothing was broken on purpose.");
  return html`${table(
    ["fault", "step", "struck"],
    summary.faults.map(
      (f) =>
        html`<tr><td>${f.kind}</td><td><code>${f.step}</code></td><td>${count(f.struck, "time")}</td></tr>`,
    ),
  )}${table(
    ["when", "fault", "what it did"],
    model.faults.first.map((f) => row(f.at, `${f.kind}@${f.step}`, f.sentence)),
  )}${more(model.faults)}`;
};

export const workloads = ({ workloads: all }: ViewModel): Markup => {
  const ready = (r: { readonly ready: number; readonly wanted: number } | null) =>
    r === null ? "–" : `${r.ready} of ${r.wanted}`;
  return html`<details><summary>${count(all.length, "workload")}, with their classes and where they stand now</summary>${table(
    ["workload", "kind", "class", "move", "ready: source", "target"],
    all.map(
      (w) =>
        html`<tr><td>${w.namespace}/${w.name}</td><td>${w.kind}</td><td>${w.class}</td><td>${w.move}</td><td>${ready(w.source)}</td><td>${ready(w.target)}</td></tr>`,
    ),
  )}</details>`;
};

export const undoList = ({ effects }: ViewModel): Markup =>
  effects.undoableCount === 0
    ? none("Nothing of ours stands: there is nothing to undo.")
    : html`<details><summary>${count(effects.undoableCount, "effect")} that a rollback would put back, newest first</summary><ol>${effects.undoable.map((sentence) => html`<li>${sentence}</li>`)}</ol>
${effects.undoableCount > effects.undoable.length && html`<p class="soft">and ${number(effects.undoableCount - effects.undoable.length)} more</p>`}</details>`;

export const permissions = ({ model, summary }: ReportInput): Markup => {
  const unused = Object.entries(summary.unusedPermissions).filter(([, list]) => list.length > 0);
  const steps = [...new Set([...Object.keys(model.permissionsUsed), ...unused.map(([step]) => step)])].sort();
  if (steps.length === 0) return none("No step declared a permission that it didn't use.");
  const codes = (list: readonly string[] = []) => list.map((name) => html`<code>${name}</code> `);
  const unusedCount = unused.reduce((sum, [, list]) => sum + list.length, 0);
  const denied = model.permissionsDenied.first.length + model.permissionsDenied.more;
  // Not every record tells of each call that was allowed; a column without a word would read as "none was used".
  const told = Object.keys(model.permissionsUsed).length > 0;
  return html`<p>${count(unusedCount, "permission")} of ${count(unused.length, "step")} declared and not used in this run; ${count(denied, "call")} denied.</p>
<details><summary>By step</summary>${table(
    ["step", ...(told ? ["used"] : []), "declared and not used"],
    steps.map(
      (step) =>
        html`<tr><td><code>${step}</code></td>${told && html`<td>${codes(model.permissionsUsed[step])}</td>`}<td>${codes(summary.unusedPermissions[step])}</td></tr>`,
    ),
  )}</details>`;
};

export const journal = ({ effects }: ViewModel): Markup => {
  if (effects.rows.length === 0) return none("Nothing was changed.");
  const rows = effects.rows.slice(0, JOURNAL_ROWS_MAX);
  const left = effects.rows.length - rows.length + effects.more;
  return html`<p>${count(effects.forward.intended, "effect")} forward (${number(effects.forward.done)} read back), ${count(effects.undo.intended, "undo", "undos")} (${number(effects.undo.done)} read back).</p>
<details><summary>The journal</summary>${table(
    ["intended", "read back after", "", "step", "effect"],
    rows.map((r) =>
      row(
        r.intendedAt,
        r.doneAt === null ? html`<span class="warn">open</span>` : duration(r.doneAt - r.intendedAt),
        r.direction === "undo" ? "undo" : "",
        html`<code>${r.step}</code>`,
        r.sentence,
      ),
    ),
  )}${left > 0 && html`<p class="soft">and ${number(left)} more; report.json has the first 2,000</p>`}</details>`;
};

export const notices = ({ notices: list }: ViewModel): Markup =>
  list.first.length === 0
    ? none("No notices.")
    : html`<details><summary>${count(list.first.length + list.more, "notice")}</summary>${table(
        ["when", "", ""],
        list.first.map((n) =>
          row(
            n.at,
            html`<span class="${n.level === "info" ? "muted" : n.level === "error" ? "fail" : "warn"}">${n.level}</span>`,
            n.sentence,
          ),
        ),
      )}${more(list)}</details>`;
