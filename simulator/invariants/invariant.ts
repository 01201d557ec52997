/**
 * What must hold in every instant of a rehearsal. An invariant is a small file that looks at the world and says, as sentences,
 * what is broken; the inspector asks all of them after each event and records each breach once.
 */

export type Invariant<World> = {
  /** Stable, in kebab case: `singletons`. */
  readonly name: string;
  /** What holds, as a person would say it. */
  readonly sentence: string;
  /** Sentences about what is broken now; empty while it holds. May keep notes of its own between calls. */
  readonly check: (world: World) => readonly string[];
};

export type Inspector = {
  /** Asks every invariant. Call it after an event that may have changed something. */
  readonly inspect: () => void;
};

/** Asks invariants about a world, and tells each sentence that it hasn't heard before. */
export const makeInspector = <World>(options: {
  readonly invariants: readonly Invariant<World>[];
  readonly world: World;
  readonly found: (invariant: string, sentence: string) => void;
}): Inspector => {
  const known = new Set<string>();
  return {
    inspect: () => {
      for (const invariant of options.invariants) {
        for (const sentence of invariant.check(options.world)) {
          const key = `${invariant.name}: ${sentence}`;
          if (known.has(key)) continue;
          known.add(key);
          options.found(invariant.name, sentence);
        }
      }
    },
  };
};
