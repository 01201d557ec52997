/** No gate passes on missing data, and what it went by says what it said. */

import { overall } from "../../domain/gates.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeGates = (): Invariant<Scene> => ({
  name: "gates",
  sentence: "A pass has samples behind it; no phase goes on from a gate that did not pass.",
  check: ({ fact }) => {
    const seen = fact();
    if (seen?.kind !== "event" || seen.event.type !== "verdict") return [];
    const { gate, verdicts } = seen.event;
    if (overall(verdicts) === "pass" && verdicts.length === 0) return [`${gate} passed without a verdict.`];
    return verdicts
      .filter(
        (v) => v.verdict === "pass" && (v.evidence.length === 0 || v.evidence.every((e) => e.samples === 0)),
      )
      .map((v) => `${gate} passed ${v.check} on ${v.subject} without a sample.`);
  },
});
