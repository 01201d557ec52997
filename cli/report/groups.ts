/** Consumer groups in the report: what each move cost, and members and lag of each pair as they went. */

import type { ViewModel } from "../../domain/view.ts";
import type { GroupView } from "../../domain/view-kafka.ts";
import { count, moment, number } from "../format.ts";
import { html, type Markup } from "./html.ts";

const figures = (g: GroupView): Markup =>
  html`<tr><td>${g.group}</td><td class="n">${number(g.members)}</td><td class="n">${g.membersMaxOverN > 0 ? `+${g.membersMaxOverN}` : "0"}</td><td class="n">${number(g.rebalances)}</td><td class="n">${number(g.lost)}</td><td class="n">${number(g.duplicates)}</td><td class="n">${number(g.longestDelayMs / 1000, 1)} s</td></tr>`;

const bar = (members: number, style: string): Markup =>
  html`<span class="${style}">${"■".repeat(Math.min(members, 40))}${members > 40 ? ` ${members}` : ""}</span>`;

const pairs = (g: GroupView): Markup =>
  html`<details><summary>${g.group}: ${count(g.points.first.length + g.points.more, "change")}, source and target members, and what waited</summary><div class="scroll"><table><thead><tr><th>when</th><th>source</th><th>target</th><th></th><th class="n">messages that waited</th></tr></thead><tbody>
${g.points.first.map((p) => html`<tr><td>${moment(p.at)}</td><td>${bar(p.source, "source")}</td><td>${bar(p.target, "target")}</td><td>${p.state}</td><td class="n">${number(p.waiting)}</td></tr>`)}
</tbody></table></div>${g.points.more > 0 && html`<p class="soft">and ${number(g.points.more)} more</p>`}</details>`;

/** Null where the platform has none. */
export const groups = ({ groups: all }: ViewModel): Markup | null =>
  all.length === 0
    ? null
    : html`<div class="scroll"><table><thead><tr><th>group</th><th class="n">members</th><th class="n">most over that</th><th class="n">rebalances</th><th class="n">lost</th><th class="n">read twice</th><th class="n">longest delay</th></tr></thead><tbody>${all.map(figures)}</tbody></table></div>
${all.map(pairs)}`;
