/** The outcome of a rehearsal in a few lines, for a person. */

import type { Summary } from "../domain/events.ts";
import { count, duration, number } from "./format.ts";

/** Absent where nothing of Kafka moved. */
const groupLines = ({ kafka }: Summary): readonly string[] =>
  kafka.rebalances === 0 && kafka.longestDelayMs === 0
    ? []
    : [
        `Kafka: ${count(kafka.rebalances, "rebalance")}, ${number(kafka.lost)} messages lost, ${number(kafka.duplicates)} read twice, none later than ${number(kafka.longestDelayMs / 1000, 1)} s.`,
      ];

/** How much was judged, and what this run says nothing about. */
const checkedLines = ({ checked }: Summary): readonly string[] => {
  if (!checked) return [];
  const all = Object.entries(checked);
  const never = all.flatMap(([name, times]) => (times === 0 ? [name] : []));
  const times = all.reduce((sum, [, n]) => sum + n, 0);
  return [
    `${count(all.length, "invariant")} checked ${number(times)} times${never.length === 0 ? "" : `; 0 times, for there was nothing to check: ${never.join(", ")}`}.`,
  ];
};

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
    ...groupLines(summary),
    `Frozen for ${number(summary.freezeMinutes, 0)} minutes; ${count(summary.transitions, "state transition")}; ${count(violations.length, "violation")}.`,
    ...checkedLines(summary),
    `${duration(summary.virtualSeconds)} in ${number(summary.wallSeconds, 1)} s, seed ${summary.seed}.`,
    ...paths,
  ];
};
