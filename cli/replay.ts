/** `repot replay` and `repot shrink`: a broken case, again, and smaller. */

import { readFile } from "node:fs/promises";
import { decodeText, writeWhole } from "../adapters/files.ts";
import { BadInput } from "../domain/errors.ts";
import type { Summary } from "../domain/events.ts";
import { viewOf } from "../domain/view.ts";
import { caseText, smallestOf } from "../simulator/campaign/campaign.ts";
import { type Case, type Platform, parseCase } from "../simulator/campaign/case.ts";
import { breachOf, optionsOf, runCase } from "../simulator/campaign/run.ts";
import { rehearse } from "../simulator/rehearsal/rehearse.ts";
import { loadPlatform, textOfCase } from "./campaign.ts";
import type { CaseOptions } from "./campaign-commands.ts";
import { count } from "./format.ts";
import type { Io } from "./io.ts";
import { outcomeLines } from "./outcome.ts";
import { writeReport } from "./report/write.ts";

const EXIT_VIOLATED = 6;

/** A case and the platform that it was found on. @throws BadInput where they don't belong together. */
const load = async (
  { file, plan }: CaseOptions,
  io: Io,
): Promise<{ readonly tried: Case; readonly platform: Platform }> => {
  const tried = parseCase(decodeText(await readFile(file), file), file);
  const platform = await loadPlatform(plan, io, tried.planted);
  if (platform.hash !== tried.platform)
    throw new BadInput(
      `${file} was found on another platform: its plan has the hash ${tried.platform.slice(0, 12)}, this one ${platform.hash.slice(0, 12)}. Name the plan that the campaign was given, with --plan.`,
    );
  return { tried, platform };
};

/** @returns 6 where the case is broken (again), else the exit code of the run. */
export const replay = async (options: CaseOptions, io: Io): Promise<number> => {
  const { tried, platform } = await load(options, io);
  const startedMs = io.wallMs();
  const rehearsed = await rehearse({
    ...platform,
    ...optionsOf(tried),
    onEvent: (_, line) => {
      if (options.json) io.out(`${line}\n`);
    },
  });
  const summary: Summary = { ...rehearsed.summary, wallSeconds: (io.wallMs() - startedMs) / 1000 };
  const paths =
    options.report === undefined
      ? []
      : await writeReport(options.report, { model: viewOf(rehearsed.events), summary, plan: platform.plan });
  if (options.json) io.out(`${JSON.stringify(summary)}\n`);
  else {
    io.out(`${caseText(tried)}\n`);
    for (const { kind, step, struck } of summary.faults)
      io.out(`${kind} struck ${step} ${count(struck, "time")}.\n`);
    for (const { at, line, invariant, sentence } of summary.violations)
      io.out(`${at} s, line ${line}, ${invariant}: ${sentence}\n`);
    for (const line of outcomeLines(summary, rehearsed.sentence, paths)) io.out(`${line}\n`);
    io.out(`Digest ${summary.digest}\n`);
  }
  const breach = breachOf(tried, rehearsed);
  if (breach) io.err(`${breach.name}: ${breach.sentence}\n`);
  return breach ? EXIT_VIOLATED : rehearsed.exitCode;
};

/** @returns 6: the case is broken, and smaller; 0 where it isn't broken. */
export const shrink = async (options: CaseOptions, io: Io): Promise<number> => {
  const { tried, platform } = await load(options, io);
  const { breach, outcome } = await runCase(platform, tried);
  if (!breach) {
    io.err(`${options.file} isn't broken: the run ended as ${outcome}. There is nothing to shrink.\n`);
    return 0;
  }
  const { smallest, tries } = await smallestOf(tried, breach, (smaller) => runCase(platform, smaller));
  if (options.output === undefined) io.out(textOfCase(smallest));
  else await writeWhole(options.output, textOfCase(smallest));
  io.err(`${breach.name}, after ${count(tries, "run")}: ${caseText(smallest)}\n`);
  return EXIT_VIOLATED;
};
