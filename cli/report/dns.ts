/** The DNS calculator in the report: who still asks the old side after the cut, counted from TTLs and as the run saw it, and the moments that follow. */

import {
  factsOfPlan,
  type Moments,
  momentsOfZone,
  residues,
  shareOnOld,
} from "../../domain/dns-calculator.ts";
import { RESOLVERS, type Resolvers } from "../../domain/resolvers.ts";
import type { ViewModel } from "../../domain/view.ts";
import { duration, number, percent } from "../format.ts";
import { niceStep } from "./axis.ts";
import { WIDTH } from "./charts.ts";
import { html, type Markup, type Part } from "./html.ts";
import type { ReportInput } from "./input.ts";

const [LEFT, RIGHT, TOP, FOOT, HEIGHT] = [64, WIDTH - 12, 12, 216, 252];
const STEPS = 120;

type Curve = {
  readonly kind: Resolvers;
  readonly points: readonly (readonly [seconds: number, share: number])[];
};

/** Null where the plan isn't at hand. */
export const dnsCalculator = ({ model, plan }: ReportInput): Markup | null => {
  if (plan?.settings === undefined || plan.hosts === undefined) return null;
  const moments = momentsOfZone(factsOfPlan({ settings: plan.settings, hosts: plan.hosts }));
  const end = moments.sourceAfter * 1.25;
  const counted = RESOLVERS.map(
    (kind): Curve => ({
      kind,
      points: Array.from({ length: STEPS + 1 }, (_, i): readonly [number, number] => {
        const at = (i / STEPS) * end;
        return [at, shareOnOld(kind, moments.facts, at)];
      }),
    }),
  );
  return html`${chart(moments, counted, seenAfterCut(model, end), end)}
<p>A cut may begin <b>${duration(moments.cutAfter)}</b> after the TTLs were lowered; as far as caches go, source capacity may go <b>${duration(moments.sourceAfter)}</b> after the cut.</p>
<ul>${moments.beyond.map((line) => html`<li>${line}</li>`)}</ul>
${tables(moments)}<p class="soft">${moments.facts.assumed.join(" ")}</p>`;
};

/** What the clients of a run did; empty where it was never cut. The record has sums over spans: each stands at its span's end. */
const seenAfterCut = (model: ViewModel, end: number): readonly Curve[] => {
  const cutAt = model.effects.rows.find(
    (r) => r.step === "delegate-zone" && r.direction === "forward",
  )?.doneAt;
  if (cutAt === null || cutAt === undefined) return [];
  const points = model.traffic
    .flatMap((segment) => segment.points)
    .filter((p) => p.toSeconds >= cutAt && p.fromSeconds <= cutAt + end);
  return RESOLVERS.map((kind) => ({
    kind,
    points: points.flatMap((p): readonly (readonly [number, number])[] => {
      const moved = p.dnsTargetShare[kind.name];
      return moved === undefined ? [] : [[Math.min(end, p.toSeconds - cutAt), 1 - moved]];
    }),
  })).filter(({ points: found }) => found.length > 0);
};

const round = (value: number): string => String(Math.round(value * 10) / 10);

const chart = (moments: Moments, counted: readonly Curve[], seen: readonly Curve[], end: number): Markup => {
  const x = (seconds: number) => LEFT + (seconds / end) * (RIGHT - LEFT);
  const y = (share: number) => FOOT - share * (FOOT - TOP);
  const path = ({ points }: Curve) =>
    `M${points.map(([s, share]) => `${round(x(s))},${round(y(share))}`).join("L")}`;
  const line = (curve: Curve, more: string): Part =>
    html`<path class="line k${RESOLVERS.indexOf(curve.kind)}${more}" d="${path(curve)}"><title>${curve.kind.name}</title></path>`;
  const step = niceStep(end, 8);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  return html`<figure><figcaption>${RESOLVERS.map((kind, i) => html`<span class="key"><i class="k${i}"></i>${kind.name}</span>`)}${seen.length > 0 && html`<span class="key">dotted: as this run saw it</span>`}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="calculator-title calculator-desc">
<title id="calculator-title">Clients that a cache still leads to the old side, by seconds after the cut</title>
<desc id="calculator-desc">${moments.classes.map((c) => `${c.name} ${c.movedAfter === undefined ? "has no bound" : `has moved after ${number(c.movedAfter)} s`}`).join(", ")}.</desc>
${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${round(y(share))}" y2="${round(y(share))}"/><text class="tick" x="${LEFT - 8}" y="${round(y(share) + 4)}">${percent(share)}</text>`)}
${ticks.map((s) => html`<text class="span" x="${round(x(s))}" y="${FOOT + 18}">${duration(s)}</text>`)}
${counted.map((curve) => line(curve, ""))}${seen.map((curve) => line(curve, " dash"))}
</svg></figure>`;
};

const tables = (moments: Moments): Markup => {
  const { facts, classes } = moments;
  const cell = (value: number | undefined) => (value === undefined ? "no bound" : `${number(value)} s`);
  const ttl = ({ before, atCut }: { readonly before: number; readonly atCut: number }) =>
    before === atCut ? `${number(before)} s` : `${number(before)} → ${number(atCut)} s`;
  const rest = residues(facts, [moments.sourceAfter])[0];
  return html`<div class="scroll"><table><thead><tr><th>class of resolvers</th><th class="n">clients (assumed)</th><th class="n">lowered after</th><th class="n">moved after</th><th class="n">back: before the cut</th><th class="n">after it</th><th class="n">TTLs restored</th></tr></thead>
<tbody>${classes.map((c) => html`<tr><td>${c.name}</td><td class="n">${percent(c.share, 0)}</td><td class="n">${cell(c.loweredAfter)}</td><td class="n">${cell(c.movedAfter)}</td><td class="n">${cell(c.wayBack.beforeCut)}</td><td class="n">${cell(c.wayBack.afterCut)}</td><td class="n">${cell(c.wayBack.afterRestore)}</td></tr>`)}</tbody></table></div>
<p class="soft">${percent(rest?.all ?? 0)} of all clients may still be on the old side when the last bounded class has moved.</p>
<details><summary>TTLs of ${number(facts.names.length)} names</summary><div class="scroll"><table><thead><tr><th>name</th><th class="n">delegation at the parent</th><th class="n">NS at the child</th><th class="n">record</th><th class="n">no such name</th></tr></thead>
<tbody>${facts.names.map((n) => html`<tr><td>${n.name}</td><td class="n">${ttl(facts.parentNs)}</td><td class="n">${ttl(facts.apexNs)}</td><td class="n">${ttl(n.ttl)}</td><td class="n">${ttl(facts.negative)}</td></tr>`)}</tbody></table></div></details>`;
};
