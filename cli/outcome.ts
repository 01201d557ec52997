/** The outcome of a rehearsal in a few lines, for a person. */

import type { Summary } from "../domain/events.ts";
import { count, duration, number } from "./format.ts";

/** @param paths Files that were written, printed last. */
export const outcomeLines = (
  summary: Summary,
  sentence: string,
  paths: readonly string[],
): readonly string[] => {
  const { requests, violations } = summary;
  return [
    `${summary.outcome}: ${sentence}`,
    `${number(requests.served)} requests served, ${number(requests.failed)} failed because of the move, ${number(requests.paused)} paused.`,
    `Frozen for ${number(summary.freezeMinutes, 0)} minutes; ${count(summary.transitions, "state transition")}; ${count(violations.length, "violation")}.`,
    `${duration(summary.virtualSeconds)} in ${number(summary.wallSeconds, 1)} s, seed ${summary.seed}.`,
    ...paths,
  ];
};
