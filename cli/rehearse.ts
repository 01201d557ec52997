/** `repot rehearse`: a whole migration of somebody's platform, on a laptop, in seconds. */

import { prepareDirectory } from "../adapters/files.ts";
import { BadInput, Refused } from "../domain/errors.ts";
import type { RunEvent, Summary } from "../domain/events.ts";
import type { Plan } from "../domain/plan.ts";
import { planHash, reasonsNotToStart } from "../domain/planning/build.ts";
import { viewOf } from "../domain/view.ts";
import { FAULTS, faultOf, stepsOf } from "../simulator/faults/catalogue.ts";
import { programWith } from "../simulator/planted/catalogue.ts";
import type { Program } from "../simulator/planted/edit.ts";
import { without } from "../simulator/planted/without.ts";
import { type Rehearsed, rehearse as run } from "../simulator/rehearsal/rehearse.ts";
import { writeDump } from "./dump.ts";
import type { Io } from "./io.ts";
import type { FaultOption, RehearseOptions } from "./options.ts";
import { outcomeLines } from "./outcome.ts";
import { loadPlan } from "./plan.ts";
import { writeReport } from "./report/write.ts";
import { makeTerminal } from "./terminal.ts";

/** @returns the exit code of the run. @throws BadInput or Refused for what can't be rehearsed; nothing is written then. */
export const rehearse = async (options: RehearseOptions, io: Io): Promise<number> => {
  const rollsBack = options.rollBackAt !== undefined;
  if (options.listFaults) {
    const list = FAULTS.map((fault) => ({
      kind: fault.kind,
      sentence: fault.sentence,
      steps: stepsOf(fault, rollsBack),
    }));
    io.out(`${JSON.stringify(list, null, 2)}\n`);
    return 0;
  }
  for (const fault of options.faults) mustBeListed(fault, rollsBack);
  const program = programOf(options);
  const { plan, text } = await loadPlan(options.inputs, options, io.stdin);
  const reasons = reasonsNotToStart(plan);
  if (reasons.length > 0) throw new Refused(reasons.join("\n"));

  for (const directory of [options.report, options.dump])
    if (directory !== undefined) await prepareDirectory(directory);
  const startedMs = io.wallMs();
  const shown = options.json
    ? { event: (_: RunEvent, line: string) => io.out(`${line}\n`), end: () => {} }
    : terminalOf(io);
  const rehearsed = await run({
    plan,
    hash: planHash(text),
    seed: options.seed,
    faults: options.faults,
    approve: options.approve,
    ...program,
    ...(options.rollBackAt === undefined ? {} : { rollBackAt: options.rollBackAt }),
    onEvent: shown.event,
  });
  shown.end();
  const summary: Summary = { ...rehearsed.summary, wallSeconds: (io.wallMs() - startedMs) / 1000 };
  const paths = await writeOut(options, plan, rehearsed, summary);
  if (options.json) io.out(`${JSON.stringify(summary)}\n`);
  else for (const line of outcomeLines(summary, rehearsed.sentence, paths)) io.out(`${line}\n`);
  if (options.json && rehearsed.exitCode !== 0) io.err(`repot: ${rehearsed.sentence}\n`);
  return withStrikes(rehearsed, io);
};

/** What is rehearsed, where it isn't what Repot ships. @throws BadInput where there is no such bug, or nothing of such a name to leave out. */
const programOf = ({ planted = [], without: left = [] }: RehearseOptions): Program | undefined =>
  planted.length + left.length === 0 ? undefined : without(left)(programWith(planted));

const terminalOf = (io: Io) => {
  const terminal = makeTerminal(io.err, io.terminal.err, io.wallMs);
  return { event: (event: RunEvent, _line: string) => terminal.event(event), end: () => terminal.end() };
};

const mustBeListed = ({ kind, step }: FaultOption, rollsBack: boolean): void => {
  const fault = faultOf(kind);
  if (!fault) throw new BadInput(`There is no fault ${kind}. --list-faults prints the kinds.`);
  if (stepsOf(fault, rollsBack).includes(step)) return;
  const hint = stepsOf(fault, true).includes(step)
    ? " It strikes on the way back only: add --roll-back-at PHASE."
    : " --list-faults prints the steps.";
  throw new BadInput(`${kind} can't strike at ${step}.${hint}`);
};

const writeOut = async (
  options: RehearseOptions,
  plan: Plan,
  rehearsed: Rehearsed,
  summary: Summary,
): Promise<readonly string[]> => {
  const report =
    options.report === undefined
      ? []
      : await writeReport(options.report, { model: viewOf(rehearsed.events), summary, plan });
  const dump = options.dump === undefined ? [] : await writeDump(options.dump, rehearsed.objects);
  return [...report, ...dump];
};

/** A fault that never struck proves nothing: the run is not what was asked for. */
const withStrikes = ({ summary, exitCode }: Rehearsed, io: Io): number => {
  const missed = summary.faults.filter((f) => f.struck === 0);
  for (const { kind, step } of missed)
    io.err(
      `${kind} never struck at ${step}: this platform never had the step make such a call, or the run ended before it.\n`,
    );
  return missed.length > 0 && exitCode !== 6 ? 2 : exitCode;
};
