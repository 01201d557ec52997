/** The counts of a summary, as sums over the lines of the record: what anybody can recount from `--json`. */

import type { RunEvent, Summary } from "./events.ts";
import { byCodeUnit } from "./kube.ts";

/** What the lines alone say. Outcome, wall time and digest are the run's to add. */
export type Counts = Omit<
  Summary,
  "type" | "outcome" | "wallSeconds" | "digest" | "unusedPermissions" | "checked"
>;

export type Tally = {
  readonly add: (event: RunEvent) => void;
  /** The counts so far; any prefix of a run has them. */
  readonly counts: () => Counts;
};

/** Counts line by line, in constant space but for the violations and faults that it lists. */
export const makeTally = (): Tally => {
  let seed = 0;
  let workloads = 0;
  let transitions = 0;
  let historyEventsMax = 0;
  let freezeMinutes = 0;
  let virtualSeconds = 0;
  const requests = { served: 0, failed: 0, paused: 0, failedAnyway: 0 };
  const kafka = { membersMaxOverN: 0, rebalances: 0, lost: 0, duplicates: 0, longestDelayMs: 0 };
  const violations: Summary["violations"][number][] = [];
  const faults = new Map<string, { kind: string; step: string; struck: number }>();

  const add = (event: RunEvent): void => {
    virtualSeconds = Math.max(virtualSeconds, event.at);
    switch (event.type) {
      case "run":
        seed = event.seed;
        break;
      case "workload":
        workloads += 1;
        break;
      case "transition":
        transitions += 1;
        break;
      case "execution":
        historyEventsMax = Math.max(historyEventsMax, event.historyEvents);
        break;
      case "freeze":
        freezeMinutes += event.minutes;
        break;
      case "kafka":
        addGroup(kafka, event);
        break;
      case "traffic":
        requests.served += event.served;
        requests.failed += event.failed;
        requests.paused += event.paused;
        requests.failedAnyway += event.failedAnyway;
        break;
      case "fault":
        strike(faults, event);
        break;
      case "violation":
        violations.push(violationOf(event));
        break;
      default: // Every other line is for people; it counts nowhere.
    }
  };

  return {
    add,
    counts: () => ({
      seed,
      workloads,
      requests: { ...requests },
      freezeMinutes,
      kafka: { ...kafka },
      transitions,
      historyEventsMax,
      violations: [...violations],
      faults: [...faults.values()].sort((a, b) => byCodeUnit(`${a.kind}@${a.step}`, `${b.kind}@${b.step}`)),
      virtualSeconds,
    }),
  };
};

const addGroup = (
  kafka: { -readonly [K in keyof Summary["kafka"]]: number },
  line: Extract<RunEvent, { type: "kafka" }>,
): void => {
  kafka.membersMaxOverN = Math.max(kafka.membersMaxOverN, line.overN);
  kafka.rebalances += line.rebalances;
  kafka.lost += line.lost;
  kafka.duplicates += line.duplicates;
  kafka.longestDelayMs = Math.max(kafka.longestDelayMs, line.longestDelayMs);
};

const strike = (
  faults: Map<string, { kind: string; step: string; struck: number }>,
  { kind, step }: { readonly kind: string; readonly step: string },
): void => {
  const key = `${kind}@${step}`;
  const known = faults.get(key);
  if (known) known.struck += 1;
  else faults.set(key, { kind, step, struck: 1 });
};

/** The counts of a whole record. */
export const summarize = (events: Iterable<RunEvent>): Counts => {
  const tally = makeTally();
  for (const event of events) tally.add(event);
  return tally.counts();
};

const violationOf = ({ invariant, sentence, at, line }: Extract<RunEvent, { type: "violation" }>) => ({
  invariant,
  sentence,
  at,
  line,
});
