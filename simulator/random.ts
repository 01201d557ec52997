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

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex = (byte: number): string => BYTES[byte & 255] as string;

/** Eight hexadecimal digits of a number in [0, 1). */
const word = (share: number): string => {
  const n = Math.floor(share * 4_294_967_296);
  return hex(n >>> 24) + hex(n >>> 16) + hex(n >>> 8) + hex(n);
};

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough for chance that must repeat exactly. */
class Mulberry implements Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error("There is nothing to pick from.");
    return from[this.whole(0, from.length - 1)] as T;
  }

  id(): string {
    return word(this.next()) + word(this.next()) + word(this.next()) + word(this.next());
  }

  fork(name: string): Random {
    return new Mulberry(hash(name, this.#seed));
  }
}

export const makeRandom = (seed: number): Random => new Mulberry(seed);
