/** `repot campaign`: a thousand bad nights, until something breaks. */

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "../adapters/files.ts";
import { Refused } from "../domain/errors.ts";
import { planHash, reasonsNotToStart } from "../domain/planning/build.ts";
import {
  caseText,
  catalogue,
  type Ran,
  campaign as run,
  smallestOf,
} from "../simulator/campaign/campaign.ts";
import { type Case, mustBeInvariants, type Platform } from "../simulator/campaign/case.ts";
import { type Crew, inOrder, makeCrew, THREADS_MAX } from "../simulator/campaign/crew.ts";
import {
  caseOf,
  cells,
  complaint,
  type Filled,
  fill,
  stateTable,
  survey,
  table,
} from "../simulator/campaign/matrix.ts";
import { type CampaignReport, makeCampaignTally, shortcomings } from "../simulator/campaign/report.ts";
import type { Breach } from "../simulator/campaign/run.ts";
import { plantedOf } from "../simulator/planted/catalogue.ts";
import type { CampaignOptions } from "./campaign-commands.ts";
import { count, duration, number, percent } from "./format.ts";
import type { Io } from "./io.ts";
import { loadPlan } from "./plan.ts";
import { makeProgress } from "./progress.ts";

const EXIT = { done: 0, unexpected: 1, violated: 6 } as const;

/** The platform that comes with Repot: the small one, or what a planted bug is about. */
const shipped = (planted: readonly string[]): string => {
  const own = plantedOf(planted).find((bug) => bug.platform !== undefined)?.platform;
  return fileURLToPath(new URL(`../examples/${own ?? "small"}`, import.meta.url));
};

/** @returns 0. */
export const list = (io: Pick<Io, "out">): number => {
  io.out(`${JSON.stringify(catalogue(), null, 2)}\n`);
  return EXIT.done;
};

/** What is rehearsed. @param planted Bugs, where no path is given. @throws BadInput or Refused where it can't be. */
export const loadPlatform = async (
  path: string | undefined,
  io: Pick<Io, "stdin">,
  planted: readonly string[] = [],
): Promise<Platform> => {
  const { plan, text } = await loadPlan([path ?? shipped(planted)], { decide: {} }, io.stdin);
  const reasons = reasonsNotToStart(plan);
  if (reasons.length > 0) throw new Refused(reasons.join("\n"));
  return { plan, hash: planHash(text) };
};

export const textOfCase = (tried: Case): string => `${JSON.stringify(tried, null, 2)}\n`;

const writeCase = async (path: string, tried: Case): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, textOfCase(tried));
};

/** @returns 6 where something broke, 1 where the campaign proves too little, else 0. */
export const campaign = async (options: CampaignOptions, io: Io): Promise<number> => {
  const { planted, unwatched, mode } = options;
  plantedOf(planted);
  mustBeInvariants(unwatched);
  const platform = await loadPlatform(options.plan, io, planted);
  const startedMs = io.wallMs();
  const seconds = () => (io.wallMs() - startedMs) / 1000;
  const tally = makeCampaignTally();
  const seen = new Set<string>();
  let broke = false;
  const rigged = { planted, unwatched, ...(mode === undefined ? {} : { mode }) };
  const crew = crewFor(platform, options, io);
  for await (const ran of run(platform, options.seed, rigged, crew)) {
    tally.add(ran.tried, ran.verdict);
    if (options.json) io.out(`${JSON.stringify(lineOf(ran))}\n`);
    const { breach } = ran.verdict;
    if (breach) {
      broke = true;
      // The same mistake is handed over once: shrinking it again tells nothing.
      if (!seen.has(breach.name)) await handOver(options, crew, ran.tried, breach, io);
      seen.add(breach.name);
      if (!options.keepGoing) break;
    }
    if (
      ran.index + 1 >= (options.runs ?? Number.POSITIVE_INFINITY) ||
      seconds() >= (options.seconds ?? Number.POSITIVE_INFINITY)
    )
      break;
  }
  await crew.close();
  const report = tally.report();
  // Who is hindered for ever completes nothing: in safety mode only that it struck is asked.
  const short = broke ? [] : shortcomings(report, mode === "safety");
  if (options.json)
    io.out(
      `${JSON.stringify({ type: "campaign", seed: options.seed, platform: platform.hash, ...report, shortcomings: short, wallSeconds: seconds() })}\n`,
    );
  else for (const line of linesOf(report, seconds())) io.out(`${line}\n`);
  for (const sentence of short) io.err(`repot: ${sentence}\n`);
  return broke ? EXIT.violated : short.length > 0 ? EXIT.unexpected : EXIT.done;
};

/** As many threads as were asked for, but no more than there are runs. */
const crewFor = (platform: Platform, { threads, runs = THREADS_MAX }: CampaignOptions, io: Io): Crew =>
  makeCrew(platform, Math.min(threads ?? io.processors, runs, THREADS_MAX));

const lineOf = ({ index, tried, verdict }: Ran) => {
  const { format: _, platform: __, ...rest } = tried;
  return { type: "run", index, ...rest, ...verdict };
};

/** Writes what was found, and how to see it again. */
const handOver = async (
  options: CampaignOptions,
  crew: Crew,
  tried: Case,
  breach: Breach,
  io: Io,
): Promise<void> => {
  io.err(`${breach.name}: ${breach.sentence}\n  ${caseText(tried)}\n`);
  const { smallest, tries } = await smallestOf(tried, breach, crew.run);
  const path = `${options.out}/${breach.name}-${smallest.seed}.json`;
  await writeCase(path, smallest);
  const command = `repot replay ${path}${options.plan === undefined ? "" : ` --plan ${options.plan}`}`;
  if (options.json)
    io.out(
      `${JSON.stringify({ type: "broken", breach, file: path, case: smallest, tries, replay: command })}\n`,
    );
  io.err(
    `  Smaller, after ${count(tries, "run")}: ${caseText(smallest)}\n  ${path} holds it; ${command} runs it again.\n`,
  );
};

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(", ");

const linesOf = (report: CampaignReport, wallSeconds: number): readonly string[] => [
  `${count(report.runs, "run")} in ${duration(wallSeconds)}, ${duration(report.virtualSeconds)} of virtual time; ${count(report.distinctDigests, "distinct record")}.`,
  `Outcomes: ${countsText(report.outcomes)}.`,
  `Faults struck in ${number(report.struck)} of the ${count(report.withFaults, "run")} that had any${report.withFaults === 0 ? "" : ` (${percent(report.struck / report.withFaults)})`}.`,
  `By kind: ${countsText(report.strikesByKind)}.`,
  `By step: ${countsText(Object.fromEntries(Object.entries(report.strikesByStep).filter(([, struck]) => struck > 0)))}.`,
  ...(report.neverStruck.length === 0 ? [] : [`Never struck: ${report.neverStruck.join(", ")}.`]),
  Object.keys(report.breaches).length === 0 ? "Nothing broke." : `Broken: ${countsText(report.breaches)}.`,
];

/** Every cell of the matrix. @returns 6 where one did not end as it must, else 0. */
export const exhaustive = async (options: CampaignOptions, io: Io): Promise<number> => {
  const platform = await loadPlatform(options.plan, io);
  const startedMs = io.wallMs();
  const filled: Filled[] = [];
  const crew = crewFor(platform, options, io);
  const all = cells(await survey(platform, options.seed));
  const progress = makeProgress(all, io, startedMs);
  const run = async (tried: Case) => {
    const verdict = await crew.run(tried);
    progress.ran();
    return verdict;
  };
  for await (const done of inOrder(all, crew.ahead, (cell) => fill(cell, platform, options.seed, run))) {
    progress.filled(done);
    filled.push(done);
    const wrong = complaint(done);
    if (options.json) io.out(`${JSON.stringify(cellLine(done, wrong))}\n`);
    if (wrong !== undefined) await handOverCell(options, platform, done, wrong, io);
  }
  await crew.close();
  const wrong = filled.filter((cell) => complaint(cell) !== undefined).length;
  const missed = filled.filter((cell) => cell.hit === 0).map((cell) => `${cell.kind}@${cell.step}`);
  const runs = filled.reduce((sum, cell) => sum + cell.effects, 0);
  if (options.json)
    io.out(
      `${JSON.stringify({ type: "matrix", cells: filled.length, runs, wrong, neverHit: missed, wallSeconds: (io.wallMs() - startedMs) / 1000 })}\n`,
    );
  else {
    for (const line of table(filled)) io.out(`${line}\n`);
    io.out(
      "A rollback asked for at each state, machine by machine, in the order in which they are entered:\n",
    );
    for (const line of stateTable(filled)) io.out(`${line}\n`);
    io.out(
      `${count(filled.length, "cell")}, ${count(runs, "run")} in ${duration((io.wallMs() - startedMs) / 1000)}, ${number(wrong)} not as they must end.\n`,
    );
    io.out(`Never hit on this platform: ${missed.length === 0 ? "nothing" : missed.join(", ")}.\n`);
  }
  return wrong > 0 ? EXIT.violated : EXIT.done;
};

/** Writes the case of a cell that did not end as it must, and how to see it again. */
const handOverCell = async (
  options: CampaignOptions,
  platform: Platform,
  cell: Filled,
  wrong: string,
  io: Io,
): Promise<void> => {
  const name = `${cell.kind}-at-${cell.step}`.replace(/[^a-z0-9-]+/gi, "-");
  const path = `${options.out}/${name}.json`;
  await writeCase(path, { ...caseOf(cell, platform, options.seed, cell.skip), found: wrong });
  const given = options.plan === undefined ? "" : ` --plan ${options.plan}`;
  io.err(`${cell.kind} at ${cell.step} ${wrong}\n  repot replay ${path}${given} runs it again.\n`);
};

const cellLine = ({ kind, step, due, effects, hit, verdict }: Filled, wrong: string | undefined) => ({
  type: "cell",
  kind,
  step,
  due,
  effects,
  hit,
  outcome: verdict.outcome,
  digest: verdict.digest,
  ...(wrong === undefined ? {} : { wrong }),
});
