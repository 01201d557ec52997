/**
 * What must hold in every instant of a rehearsal. An invariant is a small file that looks at the world and says, as sentences,
 * what is broken; the inspector asks all of them after each event and records each breach once.
 */

import type { Emit } from "../world/types.ts";

export type Invariant<World> = {
  /** Stable, in kebab case: `singletons`. */
  readonly name: string;
  /** What holds, as a person would say it. */
  readonly sentence: string;
  /** Sentences about what is broken now; empty while it holds. May keep notes of its own between calls. */
  readonly check: (world: World) => readonly string[];
};

export type Violation = { readonly invariant: string; readonly sentence: string; readonly at: number };

export type Inspector = {
  /** Asks every invariant. Call it after an event that may have changed something. */
  readonly inspect: () => void;
  /** Each breach once, in the order in which they were found; `at` in virtual seconds. */
  readonly violations: () => readonly Violation[];
};

/** Asks invariants about a world and emits a `violation` line for each sentence that it hasn't heard before. */
export const makeInspector = <World>(options: {
  readonly invariants: readonly Invariant<World>[];
  readonly world: World;
  readonly emit: Emit;
  readonly elapsedSeconds: () => number;
}): Inspector => {
  const known = new Set<string>();
  const found: Violation[] = [];
  return {
    inspect: () => {
      for (const invariant of options.invariants) {
        for (const sentence of invariant.check(options.world)) {
          const key = `${invariant.name}: ${sentence}`;
          if (known.has(key)) continue;
          known.add(key);
          found.push({ invariant: invariant.name, sentence, at: options.elapsedSeconds() });
          options.emit({ type: "violation", invariant: invariant.name, sentence });
        }
      }
    },
    violations: () => found,
  };
};
