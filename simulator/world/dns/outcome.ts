/** Where a name leads when a resolver asks for it: through the servers that it knows, CNAMEs, weights and aliases, to a side. */

import type { RecordSet } from "../../../domain/effects.ts";
import type { Side } from "../../../domain/phases.ts";
import type { HostShares } from "../types.ts";
import { lookUp, negativeTtlSeconds } from "./lookup.ts";
import { fqdn, isUnder } from "./names.ts";
import { ALIAS_TTL_SECONDS } from "./wire.ts";
import type { Zones } from "./zones.ts";

/** What a resolver learned of a host: where its clients go, and for how long it may be believed. */
export type Outcome = { readonly shares: HostShares; readonly ttlSeconds: number };

export type OutcomeOptions = {
  readonly zones: Zones;
  /** The side behind a load balancer's DNS name or an address; undefined where nothing of ours is there. */
  readonly sideOf: (target: string) => Side | undefined;
};

/** RFC 2308: a server that fails may be remembered for up to five minutes; common resolvers keep it far shorter. */
const FAILED_TTL_SECONDS = 30;
const CHAIN_MAX = 8;

const NOWHERE: HostShares = { source: 0, target: 0, nowhere: 1 };
const nowhere = (ttlSeconds: number): Outcome => ({ shares: NOWHERE, ttlSeconds });

const leadsTo = (side: Side | undefined): HostShares =>
  side === "source"
    ? { source: 1, target: 0, nowhere: 0 }
    : side === "target"
      ? { source: 0, target: 1, nowhere: 0 }
      : NOWHERE;

const mix = (parts: readonly { readonly share: number; readonly shares: HostShares }[]): HostShares => {
  let [source, target] = [0, 0];
  for (const part of parts) {
    source += part.share * part.shares.source;
    target += part.share * part.shares.target;
  }
  return { source, target, nowhere: Math.max(0, 1 - source - target) };
};

/** The first server of a set that speaks for the name, starting at one of them: a resolver tries them all before it gives up. */
const speaking = (zones: Zones, servers: readonly string[], startAt: number, name: string) => {
  for (let i = 0; i < servers.length; i += 1) {
    const view = zones.view(servers[(startAt + i) % servers.length] as string, name);
    if (view) return view;
  }
  return undefined;
};

/**
 * Asks for a host's address.
 * @param servers The zone's servers as the resolver knows them.
 * @param startAt Which of them it asks first.
 */
export const outcomeOf = (
  options: OutcomeOptions,
  servers: readonly string[],
  startAt: number,
  host: string,
): Outcome => {
  const { zones, sideOf } = options;
  const ofSet = (set: RecordSet, hops: number): Outcome => {
    if (set.alias) return { shares: leadsTo(sideOf(fqdn(set.alias.dnsName))), ttlSeconds: ALIAS_TTL_SECONDS };
    const ttlSeconds = set.ttlSeconds ?? 0;
    const values = set.values ?? [];
    if (set.type !== "CNAME") {
      const share = 1 / Math.max(1, values.length);
      return { shares: mix(values.map((value) => ({ share, shares: leadsTo(sideOf(value)) }))), ttlSeconds };
    }
    const next = chase(fqdn(values[0] ?? ""), hops + 1);
    return { shares: next.shares, ttlSeconds: Math.min(ttlSeconds, next.ttlSeconds) };
  };
  const chase = (name: string, hops: number): Outcome => {
    const balancer = sideOf(name);
    if (balancer) return { shares: leadsTo(balancer), ttlSeconds: ALIAS_TTL_SECONDS };
    const view = hops > CHAIN_MAX ? undefined : speaking(zones, servers, startAt, name);
    if (!view || !isUnder(name, view.zone.name)) return nowhere(FAILED_TTL_SECONDS);
    const found = lookUp(view, name, "A");
    if (found.kind === "no-data" || found.kind === "nxdomain") return nowhere(negativeTtlSeconds(found.soa));
    // A delegation below the zone: nothing of ours stands there.
    if (found.kind === "referral") return nowhere(FAILED_TTL_SECONDS);
    const parts = found.choices.map(({ set, share }) => ({ share, ...ofSet(set, hops) }));
    return { shares: mix(parts), ttlSeconds: Math.min(...parts.map((part) => part.ttlSeconds)) };
  };
  return chase(fqdn(host), 0);
};
