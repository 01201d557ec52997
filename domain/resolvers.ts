/** Classes of resolvers that clients sit behind, as the DNS calculator counts with them: what each believes, and for how long. */

export type Resolvers = {
  readonly name: string;
  /** Share of all clients, an assumption; all together 1. */
  readonly share: number;
  /** Whose NS records it keeps: the parent's delegation, or the child zone's own. */
  readonly delegation: "parent" | "child";
  readonly keepsNsSeconds: (ttlSeconds: number) => number;
  readonly keepsAddressSeconds: (ttlSeconds: number) => number;
  /** Where set, it heeds no TTL: how long it keeps an address, from and to. No moment is safe for it by the clock. */
  readonly ignoresSeconds?: readonly [from: number, to: number];
};

const honours = (ttlSeconds: number): number => ttlSeconds;
const within =
  (low: number, high: number) =>
  (ttlSeconds: number): number =>
    Math.min(high, Math.max(low, ttlSeconds));

/** A JVM keeps an address on top of what its own resolver has kept already. */
const JVM_SECONDS = 300;

export const RESOLVERS: readonly Resolvers[] = [
  {
    name: "ttl-honouring",
    share: 0.5,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
  },
  {
    name: "child-centric",
    share: 0.2,
    delegation: "child",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
  },
  {
    name: "capped",
    share: 0.15,
    delegation: "parent",
    keepsNsSeconds: within(30, 3_600),
    keepsAddressSeconds: within(30, 3_600),
  },
  {
    name: "jvm",
    share: 0.1,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: (ttlSeconds) => ttlSeconds + JVM_SECONDS,
  },
  {
    name: "may-ignore-ttl",
    share: 0.05,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
    ignoresSeconds: [3 * 3_600, 9 * 3_600],
  },
];
