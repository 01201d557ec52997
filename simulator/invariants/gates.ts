/** No gate passes on missing data, and nothing goes on from a gate whose evidence does not say "pass". */

import { overall, type Verdict } from "../../domain/gates.ts";
import { PHASES } from "../../domain/phases.ts";
import type { Observed } from "../services/seam.ts";
import { verdictsIn } from "../verdicts.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

type Measured = { readonly phase: string; readonly verdict: Verdict["verdict"] };

/** `evidence/<phase>/<gate>/<watcher>-<asked>.json`: who asked, and what the evidence says. */
const measurementOf = (call: Observed): Kept | undefined => {
  if (call.service !== "s3" || !call.mutating || call.outcome !== "applied") return undefined;
  const [, phase, gate, asker] = /\/evidence\/([^/]+)\/([^/]+)\/(.+)-\d+\.json$/.exec(call.subject) ?? [];
  if (phase === undefined || gate === undefined || asker === undefined) return undefined;
  const verdicts = verdictsIn(String((call.input as { readonly Body?: unknown }).Body ?? "{}"));
  return verdicts && { phase, gate, asker, verdict: overall(verdicts) };
};

/** The step that looks at everything while workloads and traffic move. */
const GUARD = "guard-platform";

type Kept = Measured & { readonly gate: string; readonly asker: string };

export const makeGates = (): Invariant<Scene> => {
  /** The latest evidence of each watcher that still watches; the checks of preflight have their round for one. */
  const latest = new Map<string, Kept>();
  /** Takes evidence out: what became of it is judged once. */
  const take = (which: (kept: Kept) => boolean): readonly Kept[] => {
    const taken = [...latest].filter(([, kept]) => which(kept));
    for (const [key] of taken) latest.delete(key);
    return taken.map(([, kept]) => kept);
  };
  return {
    name: "gates",
    sentence: "A pass has samples behind it; nothing goes on from a gate that did not pass.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind === "call") {
        const measured = measurementOf(seen.call);
        if (measured) latest.set(`${measured.gate} ${measured.asker}`, measured);
        return undefined;
      }
      if (seen?.event.type === "verdict") return unfounded(seen.event.gate, seen.event.verdicts);
      if (seen?.event.type !== "execution" || seen.event.status === "started") return undefined;
      const { machine, execution, status } = seen.event;
      const isPhase = (PHASES as readonly string[]).includes(machine);
      if (machine !== "watch-gates" && machine !== "guard" && !isPhase) return undefined;
      // The guard goes on through the phases: its last word counts when it ends itself.
      const over = take((kept) =>
        isPhase ? kept.phase === machine && kept.gate !== GUARD : kept.asker === execution,
      );
      // What held, and then failed, has stopped whoever asked.
      return status === "succeeded" ? goneOn(over, isPhase ? undefined : execution) : [];
    },
  };
};

/** A pass must say what it went by. */
const unfounded = (gate: string, verdicts: readonly Verdict[]): readonly string[] =>
  verdicts
    .filter(
      (v) => v.verdict === "pass" && (v.evidence.length === 0 || v.evidence.every((e) => e.samples === 0)),
    )
    .map((v) => `${gate} passed ${v.check} on ${v.subject} without a sample.`);

/** @param watcher The execution that ended well, where one gate's watcher did; it must have measured something. */
const goneOn = (measured: readonly Kept[], watcher: string | undefined): readonly string[] => {
  if (watcher !== undefined && measured.length === 0)
    return [`The watcher ${watcher} passed its gate without any evidence.`];
  return measured
    .filter((m) => m.verdict !== "pass")
    .map((m) => `${m.gate} of ${m.phase} was taken for passed; its evidence says ${m.verdict}.`);
};
