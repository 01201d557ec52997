/** What a campaign did, from its runs: how many, how different, how they ended, what struck where. */

import { byCodeUnit } from "../../domain/kube.ts";
import type { Case } from "./case.ts";
import type { Verdict } from "./run.ts";

export type CampaignReport = {
  readonly runs: number;
  /** Of records, by their digests: how many different nights these were. */
  readonly distinctDigests: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Runs that were given faults, and those of them in which at least one struck. */
  readonly withFaults: number;
  readonly struck: number;
  readonly strikesByKind: Readonly<Record<string, number>>;
  readonly strikesByStep: Readonly<Record<string, number>>;
  /** Kinds that were asked for, and never struck. */
  readonly neverStruck: readonly string[];
  readonly virtualSeconds: number;
  readonly breaches: Readonly<Record<string, number>>;
};

export type Tally = {
  readonly add: (tried: Case, verdict: Verdict) => void;
  readonly report: () => CampaignReport;
};

export const makeCampaignTally = (): Tally => {
  const digests = new Set<string>();
  const [outcomes, kinds, steps, breaches] = [makeCounts(), makeCounts(), makeCounts(), makeCounts()];
  let [runs, withFaults, struck, virtualSeconds] = [0, 0, 0, 0];
  return {
    add: (tried, verdict) => {
      runs += 1;
      if (verdict.digest !== "") digests.add(verdict.digest);
      outcomes.add(verdict.outcome, 1);
      if (verdict.breach) breaches.add(verdict.breach.name, 1);
      virtualSeconds += verdict.virtualSeconds;
      if (tried.faults.length > 0) withFaults += 1;
      if (verdict.struck.some((fault) => fault.struck > 0)) struck += 1;
      for (const fault of verdict.struck) {
        kinds.add(fault.kind, fault.struck);
        steps.add(fault.step, fault.struck);
      }
    },
    report: () => ({
      runs,
      distinctDigests: digests.size,
      outcomes: outcomes.sorted(),
      withFaults,
      struck,
      strikesByKind: kinds.sorted(),
      strikesByStep: steps.sorted(),
      neverStruck: Object.entries(kinds.sorted()).flatMap(([kind, count]) => (count === 0 ? [kind] : [])),
      virtualSeconds,
      breaches: breaches.sorted(),
    }),
  };
};

const makeCounts = () => {
  const counts = new Map<string, number>();
  return {
    add: (name: string, by: number) => counts.set(name, (counts.get(name) ?? 0) + by),
    sorted: (): Readonly<Record<string, number>> =>
      Object.fromEntries([...counts].sort(([a], [b]) => byCodeUnit(a, b))),
  };
};

const STRUCK_SHARE_MIN = 0.9;
const COMPLETED_SHARE_MIN = 0.3;
/** Shares of fewer runs say nothing. */
const RUNS_MIN = 20;

/** Why a campaign proves too little: empty where it struck and completed often enough. @param endless Faults never ended, so that few runs could complete. */
export const shortcomings = (
  { runs, withFaults, struck, outcomes }: CampaignReport,
  endless = false,
): readonly string[] => {
  if (runs < RUNS_MIN) return [];
  const completed = outcomes["completed"] ?? 0;
  return [
    ...(struck > withFaults * STRUCK_SHARE_MIN
      ? []
      : [`Faults struck in ${struck} of the ${withFaults} runs that had any: not over 90 %.`]),
    ...(endless || completed > runs * COMPLETED_SHARE_MIN
      ? []
      : [`${completed} of ${runs} runs completed: not over 30 %.`]),
  ];
};
