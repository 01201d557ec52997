/** `repot dns`: when a cut is safe, who still asks the old servers afterwards, and what going back costs; from a plan, and from a rehearsal's record. */

import { readFile } from "node:fs/promises";
import {
  type DnsFacts,
  factsOfPlan,
  type Moments,
  momentsOfZone,
  residues,
  type Ttl,
} from "../domain/dns-calculator.ts";
import { type DnsObserved, observedDns } from "../domain/dns-observed.ts";
import { BadInput } from "../domain/errors.ts";
import type { RunEvent } from "../domain/events.ts";
import { duration, moment, number, percent, printable } from "./format.ts";
import type { Io } from "./io.ts";
import { loadPlan } from "./plan.ts";

export type DnsOptions = {
  /** One plan.json, or manifests. */
  readonly inputs: readonly string[];
  /** What `repot rehearse --json` wrote. */
  readonly record?: string;
  readonly json: boolean;
};

/** @returns 0. @throws BadInput where the plan or the record can't be read. */
export const dns = async (options: DnsOptions, io: Pick<Io, "out" | "stdin">): Promise<number> => {
  const { plan } = await loadPlan(options.inputs, { decide: {} }, io.stdin);
  const planned = factsOfPlan(plan);
  const observed =
    options.record === undefined ? undefined : observedDns(await readRecord(options.record), planned);
  const moments = momentsOfZone(observed?.facts ?? planned);
  if (options.json) {
    const residue = residues(moments.facts, momentsToShow(moments));
    io.out(
      `${JSON.stringify({ ...moments, residues: residue, ...(observed ? { observed } : {}) }, null, 2)}\n`,
    );
    return 0;
  }
  for (const line of linesOf(moments, observed)) io.out(`${printable(line)}\n`);
  return 0;
};

/** The lines of a record that the calculator reads. @throws BadInput naming the line that is no event. */
const readRecord = async (path: string): Promise<readonly RunEvent[]> => {
  const events: RunEvent[] = [];
  const lines = (await readFile(path, "utf8")).split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const event = eventOf(line);
    if (!event)
      throw new BadInput(
        `${path}, line ${i + 1}: this is no line of a record. A record is what repot rehearse --json prints.`,
      );
    if (event.type === "effect" || event.type === "traffic") events.push(event);
  }
  if (events.length === 0)
    throw new BadInput(`${path} has no line about an effect or about traffic: it is no record of a run.`);
  return events;
};

const eventOf = (line: string): RunEvent | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? (value as RunEvent) : undefined;
  } catch {
    return undefined;
  }
};

/** Moments after the cut that are worth a line, up to the last that anything happens at. */
export const momentsToShow = ({ sourceAfter, classes }: Moments): readonly number[] => {
  const slow = classes.some((c) => c.movedAfter === undefined) ? [3 * 3_600, 6 * 3_600, 32_520] : [];
  const early = [0, 120, 150, 180, 210, 240, 300, 600, 3_600, 86_400].filter(
    (s) => s <= sourceAfter || s <= 240,
  );
  return [...new Set([...early, Math.round(sourceAfter / 2), sourceAfter, ...slow])].sort((a, b) => a - b);
};

const change = ({ before, atCut }: Ttl): string =>
  before === atCut ? `${number(before)} s` : `${number(before)} → ${number(atCut)} s`;

const seconds = (value: number | undefined): string =>
  value === undefined ? "no bound" : `${number(value)} s`;

/** Columns as wide as their widest cell; the first flush left, the others flush right. */
const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? "")].length)));
  const cell = (text: string, i: number) =>
    i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd());
};

const linesOf = (moments: Moments, observed: DnsObserved | undefined): readonly string[] => {
  const { facts } = moments;
  return [
    `DNS of ${facts.zone}, which ${facts.parent} delegates; TTLs from ${observed ? "the record of a run" : "the plan alone"}.`,
    "",
    "How long each answer is believed, now and at the cut",
    ...table(namesOf(facts)),
    "",
    "Earliest safe moments",
    ...table([
      [
        "a cut may begin",
        `${duration(moments.cutAfter)} after the TTLs are lowered`,
        `${number(moments.cutAfter)} s`,
      ],
      [
        "source capacity may go",
        `${duration(moments.sourceAfter)} after the cut`,
        `${number(moments.sourceAfter)} s`,
      ],
    ]),
    ...moments.beyond.map((line) => `  ! ${line}`),
    "",
    "Clients whose resolver still leads to the old side, by class",
    ...table(residueRows(moments)),
    "",
    "By class",
    ...table(classRows(moments)),
    ...(observed ? ["", ...observedLines(moments, observed)] : []),
    ...(facts.assumed.length > 0 ? ["", "Assumed", ...facts.assumed.map((line) => `  ${line}`)] : []),
  ];
};

const namesOf = (facts: DnsFacts): readonly (readonly string[])[] => [
  ["name", "delegation at the parent", "NS at the child", "record", "no such name"],
  ...facts.names.map((n) => [
    n.name,
    change(facts.parentNs),
    change(facts.apexNs),
    n.record === "alias" ? `alias, ${change(n.ttl)}` : change(n.ttl),
    change(facts.negative),
  ]),
];

const residueRows = (moments: Moments): readonly (readonly string[])[] => [
  ["after the cut", ...moments.classes.map((c) => c.name), "all clients"],
  ...residues(moments.facts, momentsToShow(moments)).map((r) => [
    duration(r.seconds),
    ...[...r.shares, r.all].map((share) => percent(share)),
  ]),
];

const classRows = ({ classes }: Moments): readonly (readonly string[])[] => [
  [
    "class",
    "of all clients",
    "has the lowered TTLs after",
    "moved after",
    "going back: before the cut",
    "after it",
    "TTLs restored",
  ],
  ...classes.map((c) => [
    c.name,
    percent(c.share, 0),
    seconds(c.loweredAfter),
    seconds(c.movedAfter),
    seconds(c.wayBack.beforeCut),
    seconds(c.wayBack.afterCut),
    seconds(c.wayBack.afterRestore),
  ]),
];

const observedLines = (moments: Moments, observed: DnsObserved): readonly string[] => {
  const { loweredAt, cutAt, repointedAt, movedAfter } = observed;
  const said = (at: number | null) => (at === null ? "not in this run" : moment(at));
  const waited = loweredAt !== null && cutAt !== null ? cutAt - loweredAt : null;
  return [
    "What the run did",
    ...table([
      ["TTLs lowered", said(loweredAt)],
      [
        "cut",
        `${said(cutAt)}${waited === null ? "" : waited >= moments.cutAfter ? `, ${duration(waited)} later: safe` : `, ${duration(waited)} later: ${duration(moments.cutAfter - waited)} too early`}`,
      ],
      ["old zone repointed", said(repointedAt)],
    ]),
    ...table([
      ["last client moved", "observed", "at the latest, by the TTLs"],
      ...Object.entries(movedAfter).map(([name, after]) => [
        name,
        after === null ? "not when the record ends" : seconds(after),
        seconds(moments.classes.find((c) => c.name === name)?.movedAfter),
      ]),
    ]),
  ];
};
