/**
 * What must hold in every instant of a rehearsal. An invariant is a small file that looks at the world and says, as sentences,
 * what is broken; the inspector asks all of them after each event and records each breach once.
 */

export type Finding = readonly string[] | undefined;

export type Invariant<World> = {
  /** Stable, in kebab case: `singletons`. */
  readonly name: string;
  /** What holds, as a person would say it. */
  readonly sentence: string;
  /**
   * Sentences about what is broken now; empty where it was looked at and holds; undefined where there was nothing to look at. May keep notes
   * of its own between calls.
   */
  readonly check: (world: World) => Finding;
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
  /** Told whenever an invariant has really looked at something. */
  readonly counted?: (invariant: string) => void;
}): Inspector => {
  const known = new Set<string>();
  return {
    inspect: () => {
      for (const invariant of options.invariants) {
        const finding = invariant.check(options.world);
        if (!finding) continue;
        options.counted?.(invariant.name);
        for (const sentence of finding) {
          const key = `${invariant.name}: ${sentence}`;
          if (known.has(key)) continue;
          known.add(key);
          options.found(invariant.name, sentence);
        }
      }
    },
  };
};
