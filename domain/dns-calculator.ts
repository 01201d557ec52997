/**
 * The DNS calculator: from TTLs to moments. When every resolver that heeds TTLs has the lowered ones, who still asks the old servers after the
 * cut, when source capacity may go, and what going back costs. Pure; all times are seconds.
 */

import type { Plan } from "./plan.ts";
import { RESOLVERS, type Resolvers } from "./resolvers.ts";

/** A TTL before it was lowered, and at the cut. */
export type Ttl = { readonly before: number; readonly atCut: number };

/** A public name: how it is answered, and for how long that is believed. */
export type NameFacts = { readonly name: string; readonly record: "alias" | "record"; readonly ttl: Ttl };

export type DnsFacts = {
  readonly zone: string;
  readonly parent: string;
  /** The delegation's NS in the parent zone, and the zone's own at its apex. */
  readonly parentNs: Ttl;
  readonly apexNs: Ttl;
  /** How long "there is no such name" is believed: min(SOA's TTL, its MINIMUM) (RFC 2308). */
  readonly negative: Ttl;
  readonly names: readonly NameFacts[];
  /** Facts that are assumed, one sentence each. */
  readonly assumed: readonly string[];
};

/** An alias to a load balancer is answered with 60 seconds, whatever anybody sets. */
export const ALIAS_TTL_SECONDS = 60;
/** Route 53's SOA as it creates it: a TTL of 900 s under a MINIMUM of a day. */
const SOA_TTL_SECONDS = 900;
/** From a change to the last authoritative server; what `lower-ttls` allows for as well. */
export const PROPAGATION_SECONDS = 120;

/** The facts as the plan has them, before anybody asked a server. */
export const factsOfPlan = ({ settings, hosts }: Pick<Plan, "settings" | "hosts">): DnsFacts => {
  const { zone, parent, ttlSeconds, recordTtlSeconds, loweredTtlSeconds } = settings.dns;
  const lowered = (before: number): Ttl => ({ before, atCut: Math.min(before, loweredTtlSeconds) });
  return {
    zone,
    parent,
    parentNs: lowered(ttlSeconds),
    apexNs: lowered(ttlSeconds),
    negative: lowered(SOA_TTL_SECONDS),
    names: [...new Set(hosts.map((h) => h.host))].map((name) => ({
      name,
      record: "record" as const,
      ttl: lowered(recordTtlSeconds),
    })),
    assumed: [
      `The delegation and the zone's own NS have the ${ttlSeconds} s of dns.ttlSeconds, and every name the ${recordTtlSeconds} s of dns.recordTtlSeconds; an alias would have ${ALIAS_TTL_SECONDS} s, and can't be lowered.`,
      `The SOA is as Route 53 creates it: absence is believed for ${SOA_TTL_SECONDS} s.`,
      "Shares of resolver classes are assumed; a rehearsal's record has what its own clients did.",
    ],
  };
};

/** What one class of resolvers does, in seconds. Undefined where it heeds no TTL: no moment is safe by the clock alone. */
export type ClassMoments = {
  readonly name: string;
  readonly share: number;
  /** After the lowering: it has the lowered TTLs for sure. */
  readonly loweredAfter: number | undefined;
  /** After the cut: none of its clients is sent to the old side by a cache. */
  readonly movedAfter: number | undefined;
  /** After a way back: before the cut nothing has changed for it; then; and once the old TTLs are back. */
  readonly wayBack: {
    readonly beforeCut: 0;
    readonly afterCut: number | undefined;
    readonly afterRestore: number | undefined;
  };
};

export type Moments = {
  readonly facts: DnsFacts;
  readonly classes: readonly ClassMoments[];
  /** Seconds after the lowering from which a cut may begin. */
  readonly cutAfter: number;
  /** Seconds after the cut from which source capacity may go, as far as caches go. */
  readonly sourceAfter: number;
  /** What the clock can't tell, one sentence each. */
  readonly beyond: readonly string[];
};

type Chain = { readonly parentNs: number; readonly apexNs: number; readonly address: number };

const slowest = (names: readonly NameFacts[], when: keyof Ttl): number =>
  Math.max(0, ...names.map((n) => n.ttl[when]));

const chainOf = (facts: DnsFacts, when: keyof Ttl): Chain => ({
  parentNs: facts.parentNs[when],
  apexNs: facts.apexNs[when],
  address: slowest(facts.names, when),
});

const nsSeconds = (kind: Resolvers, chain: Chain): number =>
  kind.keepsNsSeconds(kind.delegation === "child" ? chain.apexNs : chain.parentNs);

/** A resolver that fetched the delegation just before it changed asks the old servers to the last second, and keeps what they said then. */
const turnSeconds = (kind: Resolvers, chain: Chain): number =>
  PROPAGATION_SECONDS + nsSeconds(kind, chain) + kind.keepsAddressSeconds(chain.address);

const momentsOf = (kind: Resolvers, facts: DnsFacts): ClassMoments => {
  const { name, share } = kind;
  const [before, atCut] = [chainOf(facts, "before"), chainOf(facts, "atCut")];
  if (kind.ignoresSeconds)
    return {
      name,
      share,
      loweredAfter: undefined,
      movedAfter: undefined,
      wayBack: { beforeCut: 0, afterCut: undefined, afterRestore: undefined },
    };
  // Delegation, address and absence run out each by itself, since the same servers answer for all: the longest decides, not their sum.
  const loweredAfter =
    PROPAGATION_SECONDS +
    Math.max(nsSeconds(kind, before), kind.keepsAddressSeconds(before.address), facts.negative.before);
  return {
    name,
    share,
    loweredAfter,
    movedAfter: turnSeconds(kind, atCut),
    wayBack: {
      beforeCut: 0,
      afterCut: turnSeconds(kind, atCut),
      afterRestore: turnSeconds(kind, { ...before, address: atCut.address }),
    },
  };
};

const known = (values: readonly (number | undefined)[]): readonly number[] =>
  values.filter((v) => v !== undefined);

/** All moments of a zone. */
export const momentsOfZone = (facts: DnsFacts, resolvers: readonly Resolvers[] = RESOLVERS): Moments => {
  const classes = resolvers.map((kind) => momentsOf(kind, facts));
  const ignoring = resolvers.filter((r) => r.ignoresSeconds);
  return {
    facts,
    classes,
    cutAfter: Math.max(0, ...known(classes.map((c) => c.loweredAfter))),
    sourceAfter: Math.max(0, ...known(classes.map((c) => c.movedAfter))),
    beyond: [
      ...ignoring.map(
        (r) =>
          `${r.name}: no TTL binds it (in a rehearsal it keeps an address for ${(r.ignoresSeconds?.[0] ?? 0) / 3_600} to ${(r.ignoresSeconds?.[1] ?? 0) / 3_600} hours). Source capacity goes when its load balancers have no new connections, not by the clock; until then the old zone's records lead it to the target.`,
      ),
      "Connections that are open (HTTP/2, gRPC, WebSocket) ask DNS again only when they end.",
      ...(facts.apexNs.atCut > facts.parentNs.atCut
        ? [
            `The zone's own NS (${facts.apexNs.atCut} s) live longer than the delegation (${facts.parentNs.atCut} s): child-centric resolvers go by the former.`,
          ]
        : []),
    ],
  };
};

/**
 * The share of a class whose clients a cache still sends to the old side, so long after the cut. Refreshes of the delegation and of addresses are spread
 * evenly over their TTLs and independent, and every server has the change after `PROPAGATION_SECONDS`; before that, nobody is counted as moved.
 */
export const shareOnOld = (kind: Resolvers, facts: DnsFacts, secondsAfterCut: number): number => {
  const t = secondsAfterCut - PROPAGATION_SECONDS;
  if (kind.ignoresSeconds) {
    const [from, to] = kind.ignoresSeconds;
    return Math.min(1, Math.max(0, (to - t) / (to - from)));
  }
  const chain = chainOf(facts, "atCut");
  return remaining(t, nsSeconds(kind, chain), kind.keepsAddressSeconds(chain.address));
};

/** The chance that the sum of two waits, each even over [0, a] and [0, b], is longer than t. */
const remaining = (t: number, a: number, b: number): number => {
  const [short, long] = [Math.min(a, b), Math.max(a, b)];
  if (t <= 0) return 1;
  if (t >= a + b) return 0;
  if (short === 0) return 1 - t / long;
  if (t <= short) return 1 - (t * t) / (2 * short * long);
  if (t <= long) return 1 - (t - short / 2) / long;
  return (short + long - t) ** 2 / (2 * short * long);
};

export type Residue = {
  readonly seconds: number;
  /** By class, in the classes' order. */
  readonly shares: readonly number[];
  /** Over all clients. */
  readonly all: number;
};

/** Who is still on the old side at these moments after the cut. */
export const residues = (
  facts: DnsFacts,
  seconds: readonly number[],
  resolvers: readonly Resolvers[] = RESOLVERS,
): readonly Residue[] =>
  seconds.map((s) => {
    const shares = resolvers.map((kind) => shareOnOld(kind, facts, s));
    return {
      seconds: s,
      shares,
      all: resolvers.reduce((sum, kind, i) => sum + kind.share * (shares[i] ?? 0), 0),
    };
  });
