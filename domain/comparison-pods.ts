/** Pods of one workload on both sides: do those of the target restart, or fail to be ready, more than the source's? Pure. */

import type { Evidence, Verdict } from "./gates.ts";
import { type Interval, type Share, shareDifference } from "./intervals.ts";

/** What one cluster's pods of a workload are like now. */
export type SidePods = {
  readonly cluster: string;
  readonly pods: number;
  readonly ready: number;
  /** Pods in which a container ended within the window. */
  readonly restarted: number;
  readonly observedAt: string;
  /** The call that answered. */
  readonly source: string;
};

/**
 * Two verdicts: readiness and restarts. Pods are few, so no margin could be shown: what is no worse than the source passes, what is worse
 * beyond chance fails, and in between it is unknown until the window has passed over it. No pod on the target is unknown, and so is a side that gave no answer.
 */
export const comparePods = (
  subject: string,
  source: SidePods | undefined,
  target: SidePods | undefined,
  windowSeconds: number,
): readonly Verdict[] => [
  verdictOf(subject, source, target, {
    check: "comparison/pod-state",
    what: "pods that aren't ready",
    hits: (side) => side.pods - side.ready,
    threshold: "no larger share than on the source",
    remedy: `Look at the events of ${subject}'s pods on the target.`,
  }),
  verdictOf(subject, source, target, {
    check: "comparison/restarts",
    what: `pods restarted within ${windowSeconds} s`,
    hits: (side) => side.restarted,
    threshold: "no larger share than on the source",
    remedy: `Look at logs --previous of ${subject}'s pods on the target.`,
  }),
];

type Figure = {
  readonly check: string;
  readonly what: string;
  readonly hits: (side: SidePods) => number;
  readonly threshold: string;
  readonly remedy: string;
};

const verdictOf = (
  subject: string,
  source: SidePods | undefined,
  target: SidePods | undefined,
  { check, what, hits, threshold, remedy }: Figure,
): Verdict => {
  const evidence = [source, target].flatMap((side): readonly Evidence[] =>
    side
      ? [
          {
            what: `${what} on ${side.cluster}`,
            value: hits(side),
            threshold,
            samples: side.pods,
            source: side.source,
            observedAt: side.observedAt,
          },
        ]
      : [],
  );
  const say = (verdict: Verdict["verdict"], sentence: string): Verdict => ({
    check,
    subject,
    verdict,
    sentence: `${subject}: ${sentence}.`,
    ...(verdict === "pass" ? {} : { remedy }),
    evidence,
  });
  if (!source || !target)
    return say("unknown", `the pods of the ${source ? "target" : "source"} can't be read`);
  if (target.pods === 0) return say("unknown", `there is no pod on ${target.cluster}`);
  const found = `${hits(target)} of ${target.pods} ${what} on ${target.cluster}, ${hits(source)} of ${source.pods} on ${source.cluster}`;
  // A source without pods (it was stopped before, or runs none) is a baseline of nothing wrong.
  const before: Share = { hits: hits(source), of: Math.max(1, source.pods) };
  const worse: Interval = shareDifference(before, { hits: hits(target), of: target.pods });
  if (worse.estimate <= 0) return say("pass", found);
  return worse.low > 0
    ? say("fail", found)
    : say("unknown", `${found}; that may be chance, so it is asked again`);
};
