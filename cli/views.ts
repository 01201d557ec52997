/** Everything that is seen of a run, from its one stream of events: progress, lines of JSON, the report, the outcome. */

import type { RunEvent, Summary } from "../domain/events.ts";
import { makeView } from "../domain/view.ts";
import type { Io } from "./io.ts";
import type { RehearseOptions } from "./options.ts";
import type { ReportInput } from "./report/input.ts";
import { writeReport } from "./report/write.ts";
import { makeTerminal, outcomeText } from "./terminal.ts";

export type Views = {
  /** One event and its line of JSON, as the record has it. */
  readonly event: (event: RunEvent, line: string) => void;
  /**
   * The end: the last picture, the report, then the outcome, or with `--json` the summary as the last line.
   * @param files what else was written, to be told with the report.
   */
  readonly end: (summary: Summary, plan?: ReportInput["plan"], files?: readonly string[]) => Promise<void>;
};

/** Lines are written in pieces of this size: a write for each of a hundred thousand lines takes longer than the run. */
const CHUNK_CHARS = 65_536;

export const makeViews = ({ json, report }: Pick<RehearseOptions, "json" | "report">, io: Io): Views => {
  const view = makeView();
  // Progress is a message, so it goes to standard error; beside lines of JSON only where somebody looks on.
  const progress = json && !io.terminal.err.isTty ? null : makeTerminal(io.err, io.terminal.err, io.wallMs);
  let pending = "";
  const flush = (): void => {
    if (pending !== "") io.out(pending);
    pending = "";
  };
  const event = (one: RunEvent, line: string): void => {
    view.add(one);
    progress?.event(one);
    if (!json) return;
    pending += `${line}\n`;
    if (pending.length >= CHUNK_CHARS) flush();
  };
  const end: Views["end"] = async (summary, plan, files = []) => {
    progress?.end();
    flush();
    const input = { model: view.model(), summary, ...(plan === undefined ? {} : { plan }) };
    const written = report === undefined ? files : [...(await writeReport(report, input)), ...files];
    io.out(json ? `${JSON.stringify(summary)}\n` : outcomeText(summary, written, io.terminal.out.color));
  };
  return { event, end };
};
