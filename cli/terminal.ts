/**
 * What a person sees while a run goes on: on a terminal the phases as bars that are drawn anew, elsewhere one line for each
 * transition of note. Draws the view model and nothing else.
 */

import type { RunEvent } from "../domain/events.ts";
import { overall } from "../domain/gates.ts";
import { makeView, type PhaseStatus, type PhaseView, type ViewModel } from "../domain/view.ts";
import { count, duration, moment, number, printable } from "./format.ts";
import type { Screen } from "./io.ts";

export type Terminal = {
  readonly event: (event: RunEvent) => void;
  /** Leaves the last picture and gives the cursor back. */
  readonly end: () => void;
};

const DRAW_EVERY_MS = 80;

/** Draws on one stream, a terminal or not. `wallMs` only limits how often. */
export const makeTerminal = (
  write: (text: string) => void,
  screen: Screen,
  wallMs: () => number,
): Terminal => (screen.isTty ? makeBars(write, screen, wallMs) : makeLines(write));

const makeBars = (write: (text: string) => void, screen: Screen, wallMs: () => number): Terminal => {
  const view = makeView();
  let drawnLines = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = () => {
    const lines = bars(view.model(), screen);
    const back = drawnLines === 0 ? "\u001b[?25l" : `\u001b[${drawnLines}A\u001b[J`;
    write(`${back}${lines.join("\n")}\n`);
    drawnLines = lines.length;
    drawnAt = wallMs();
  };
  return {
    event: (event) => {
      view.add(event);
      if (wallMs() - drawnAt >= DRAW_EVERY_MS) draw();
    },
    end: () => {
      draw();
      write("\u001b[?25h");
    },
  };
};

const CODES = { red: 31, green: 32, yellow: 33, blue: 36, dim: 2, bold: 1 } as const;
type Style = keyof typeof CODES;

const painter =
  (color: boolean) =>
  (style: Style, text: string): string =>
    color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;

const MARKS: { readonly [S in PhaseStatus]: readonly [mark: string, style: Style] } = {
  "to-come": ["·", "dim"],
  started: ["▸", "blue"],
  completed: ["✓", "green"],
  failed: ["✗", "red"],
  "rolling-back": ["↶", "yellow"],
  "rolled-back": ["↶", "green"],
};

const BAR_CELLS = 24;

/** The picture: a head line, a line for each phase, a line of traffic, a line of trouble if there is any. */
const bars = (model: ViewModel, { color, columns }: Screen): string[] => {
  const paint = painter(color);
  const clip = (text: string) =>
    text.length > columns - 1 ? `${text.slice(0, Math.max(0, columns - 2))}…` : text;
  const head = `${printable(model.run?.platform ?? "…")}  ${moment(model.at)}  ${count(model.counts.transitions, "transition")}`;
  const lines = [paint("bold", clip(head))];
  for (const phase of model.phases) {
    const [mark, style] = MARKS[phase.status];
    lines.push(
      paint(style, clip(` ${mark} ${phase.phase.padEnd(15)} ${bar(phase, model)}  ${figures(phase, model)}`)),
    );
  }
  const { served, failed, paused } = model.counts.requests;
  const traffic = `   ${number(served)} requests served, ${number(failed)} failed, ${number(paused)} paused; pods ready: source ${model.fleet.ready.source}, target ${model.fleet.ready.target}`;
  lines.push(paint(failed > 0 ? "red" : "dim", clip(traffic)));
  const trouble =
    model.violations.first.at(-1) ?? model.notices.first.filter((n) => n.level !== "info").at(-1);
  if (trouble) lines.push(paint("yellow", clip(`   ${printable(trouble.sentence)}`)));
  return lines;
};

const bar = (phase: PhaseView, model: ViewModel): string => {
  const share = progress(phase, model);
  if (share === null) return "▒".repeat(BAR_CELLS);
  const full = Math.round(share * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
};

/** How far a phase is, where anybody can know: workloads that stand on the target, while those move. Null says: under way. */
const progress = (phase: PhaseView, model: ViewModel): number | null => {
  if (phase.status === "to-come" || phase.status === "rolled-back") return 0;
  if (phase.status === "completed") return 1;
  const { moved, of } = movedWorkloads(model);
  return phase.phase === "move-workloads" && of > 0 ? moved / of : null;
};

const MOVES_PODS: readonly string[] = [
  "start-on-target",
  "half-and-half",
  "stop-then-start",
  "shift-workers",
  "shift-group",
  "hand-over-controller",
  "copy-with-pause",
];

const movedWorkloads = ({ workloads }: ViewModel): { moved: number; of: number } => {
  const moving = workloads.filter((w) => MOVES_PODS.includes(w.move));
  return { moved: moving.filter((w) => (w.target?.ready ?? 0) > 0).length, of: moving.length };
};

const figures = (phase: PhaseView, model: ViewModel): string => {
  if (phase.startedAt === null) return "";
  const spent = duration((phase.endedAt ?? model.at) - phase.startedAt).padEnd(13);
  const effects = phase.effects === 0 ? "" : count(phase.effects, "effect");
  const { moved, of } = movedWorkloads(model);
  const workloads =
    phase.phase === "move-workloads" && phase.status === "started" ? `, ${moved} of ${of} on the target` : "";
  return `${spent}${effects}${workloads}`;
};

const FAILING_LINES_MAX = 20;

const makeLines = (write: (text: string) => void): Terminal => {
  const gates = new Map<string, string>();
  let failing = 0;
  const say = (at: number, sentence: string) => write(`${moment(at)}  ${printable(sentence)}\n`);
  const event = (line: RunEvent): void => {
    if (line.type === "failing" && ++failing > FAILING_LINES_MAX) return;
    if (line.type === "verdict") {
      const verdict = overall(line.verdicts);
      const before = gates.get(line.gate) ?? "pass";
      gates.set(line.gate, verdict);
      if (verdict === before) return;
    }
    const sentence = lineOf(line);
    if (sentence !== null) say(line.at, sentence);
  };
  return {
    event,
    end: () => {
      if (failing > FAILING_LINES_MAX)
        write(`… and ${count(failing - FAILING_LINES_MAX, "more line")} about failing requests\n`);
    },
  };
};

/** A sentence for what is of note to somebody who reads along; null for the rest. */
const lineOf = (event: RunEvent): string | null => {
  switch (event.type) {
    case "run":
      return `${event.platform}: migration ${event.migration}, seed ${event.seed}, starts ${event.startsAt}`;
    case "phase":
      return `${event.phase} ${event.status.replace("-", " ")}`;
    case "verdict": {
      const open = event.verdicts.find((v) => v.verdict !== "pass");
      return `gate ${event.gate}: ${overall(event.verdicts)}${open ? `, ${open.sentence}` : ""}`;
    }
    case "approval":
      return event.status === "voted"
        ? null
        : `approval ${event.question} ${event.status}: ${event.sentence}`;
    case "freeze":
      return event.status === "began"
        ? "freeze began"
        : `freeze ended after ${number(event.minutes, 1)} minutes`;
    case "failing":
      return `REQUESTS FAIL: ${event.host} at ${event.workload} (${event.cluster}): ${event.reason}`;
    case "fault":
      return `fault ${event.kind} at ${event.step}: ${event.sentence}`;
    case "violation":
      return `VIOLATION of ${event.invariant}: ${event.sentence}`;
    case "notice":
      return event.level === "info" ? null : `${event.level}: ${event.sentence}`;
    case "kafka":
      return event.lost > 0 || event.duplicates > 0
        ? `group ${event.group}: ${event.lost} messages lost, ${event.duplicates} read twice`
        : null;
    case "permission":
      return event.allowed ? null : `denied: ${event.step} may not ${event.service}:${event.action}`;
    case "workload":
    case "transition":
    case "execution":
    case "effect":
    case "traffic":
    case "actor":
    case "ready":
      return null;
    default:
      return null;
  }
};
