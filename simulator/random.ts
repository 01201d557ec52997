/** The one source of chance: a seeded generator that forks by name, so that a new user of chance doesn't shift the others' draws. */

export type Random = {
  /** A number in [0, 1). */
  readonly next: () => number;
  /** A number in [low, high). */
  readonly between: (low: number, high: number) => number;
  /** A whole number in [low, high]. */
  readonly whole: (low: number, high: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** Thirty-two hexadecimal digits. */
  readonly id: () => string;
  /** An independent stream that depends on the seed and the name only. */
  readonly fork: (name: string) => Random;
};

/** FNV-1a, 32 bits: spreads names over seeds. */
const hash = (text: string, seed: number): number => {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
};

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough for chance that must repeat exactly. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    whole,
    between: (low, high) => low + next() * (high - low),
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new Error("There is nothing to pick from.");
      return from[whole(0, from.length - 1)] as T;
    },
    id: () =>
      Array.from({ length: 4 }, () =>
        Math.floor(next() * 4_294_967_296)
          .toString(16)
          .padStart(8, "0"),
      ).join(""),
    fork: (name) => makeRandom(hash(name, seed)),
  };
};
