/** The classes of resolvers that clients sit behind: how long each believes what it was told, and whose word on a delegation it takes. */

/** What one class does with TTLs. Seconds throughout. */
export type ResolverClass = {
  readonly name: string;
  /** Share of all clients; shares of all classes sum to 1. */
  readonly share: number;
  /** Whose NS records it keeps: the parent's delegation, or the child zone's own (it then refreshes from the child's servers). */
  readonly delegation: "parent" | "child";
  /** How long it keeps a delegation, and an address, that came with a TTL. */
  readonly keepsNsSeconds: (ttlSeconds: number) => number;
  readonly keepsAddressSeconds: (ttlSeconds: number) => number;
  /** Believes nobody's TTL while the fault is on. */
  readonly mayIgnore: boolean;
};

const honours = (ttlSeconds: number): number => ttlSeconds;
const within =
  (low: number, high: number) =>
  (ttlSeconds: number): number =>
    Math.min(high, Math.max(low, ttlSeconds));

/** A JVM keeps an address five minutes on top of what its own resolver may have kept already. */
const JVM_SECONDS = 300;

export const RESOLVER_CLASSES: readonly ResolverClass[] = [
  {
    name: "ttl-honouring",
    share: 0.5,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
    mayIgnore: false,
  },
  {
    name: "child-centric",
    share: 0.2,
    delegation: "child",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
    mayIgnore: false,
  },
  {
    name: "capped",
    share: 0.15,
    delegation: "parent",
    keepsNsSeconds: within(30, 3_600),
    keepsAddressSeconds: within(30, 3_600),
    mayIgnore: false,
  },
  {
    name: "jvm",
    share: 0.1,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: (ttlSeconds) => ttlSeconds + JVM_SECONDS,
    mayIgnore: false,
  },
  {
    name: "may-ignore-ttl",
    share: 0.05,
    delegation: "parent",
    keepsNsSeconds: honours,
    keepsAddressSeconds: honours,
    mayIgnore: true,
  },
];
