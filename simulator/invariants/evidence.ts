/** The evidence reproduces the verdict: whoever reads value and threshold later comes to the same end. */

import type { Evidence, Verdict } from "../../domain/gates.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** A bound on the figure itself; "above the source" and the like are bounds on something else. */
const BOUND = /^at (most|least) (\d+(?:\.\d+)?)(?:e(-?\d+))? ?(%)?(?: ?(?:s|samples|a second))?$/;

/** Whether a figure is within its threshold; undefined where the threshold isn't a bound on a number. */
export const isWithin = (
  evidence: Pick<Evidence, "value" | "threshold" | "samples">,
): boolean | undefined => {
  const { threshold } = evidence;
  const [, way, number, power, percent] = BOUND.exec(threshold) ?? [];
  const value = threshold.endsWith(" samples") ? evidence.samples : evidence.value;
  if (typeof value !== "number" || number === undefined) return undefined;
  const bound = (Number(number) * 10 ** Number(power ?? 0)) / (percent === undefined ? 1 : 100);
  // What was written with fewer digits than it was judged by.
  const slack = Math.abs(bound) * 1e-9;
  return way === "most" ? value <= bound + slack : value >= bound - slack;
};

export const makeEvidence = (): Invariant<Scene> => ({
  name: "evidence",
  sentence:
    "A verdict says what its evidence says: a pass is within every threshold, and a value that is missing is unknown.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event" || seen.event.type !== "verdict") return undefined;
    const { gate, verdicts } = seen.event;
    return verdicts.flatMap((verdict) => against(gate, verdict));
  },
});

const against = (gate: string, { check, subject, verdict, evidence }: Verdict): readonly string[] =>
  verdict === "pass"
    ? evidence
        .filter((e) => isWithin(e) === false || (e.value === null && e.samples > 0))
        .map(
          (e) =>
            `${gate} passed ${check} on ${subject}, and its evidence is ${String(e.value)}, ${e.threshold}.`,
        )
    : [];
