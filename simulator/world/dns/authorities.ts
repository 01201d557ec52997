/** What resolvers learn when they ask: the delegation from the parent or the child, and where a host leads. */

import type { RecordSet } from "../../../domain/effects.ts";
import type { Authorities, Delegation } from "./cohort.ts";
import { lookUp } from "./lookup.ts";
import { fqdn, isUnder } from "./names.ts";
import { type Outcome, type OutcomeOptions, outcomeOf } from "./outcome.ts";
import type { Zone } from "./zones.ts";

/** Answers are the same for every cohort that asks the same servers in the same order, until the servers' data change. */
const makeMemory = (options: OutcomeOptions): Authorities["outcome"] => {
  let memory = new WeakMap<readonly string[], Map<string, Outcome>[]>();
  options.zones.onServed(() => {
    memory = new WeakMap();
  });
  return (servers, startAt, host) => {
    const byStart = memory.get(servers) ?? servers.map(() => new Map<string, Outcome>());
    memory.set(servers, byStart);
    const known = byStart[startAt % servers.length];
    const outcome = known?.get(host) ?? outcomeOf(options, servers, startAt, host);
    known?.set(host, outcome);
    return outcome;
  };
};

/** One array of servers for one record set, so that what was learned from them can be shared among cohorts. */
const delegations = new WeakMap<RecordSet, Delegation>();

const delegationOf = (ns: RecordSet): Delegation => {
  const known = delegations.get(ns);
  if (known) return known;
  const servers = (ns.values ?? []).map((value) => value.replace(/\.$/, ""));
  const delegation = { servers, ttlSeconds: ns.ttlSeconds ?? 0 };
  delegations.set(ns, delegation);
  return delegation;
};

export type AuthoritiesOptions = OutcomeOptions & { readonly name: string; readonly parent: Zone };

/** @param options The platform's zone by its name, and the parent that delegates it. */
export const makeAuthorities = (options: AuthoritiesOptions): Authorities => {
  const { name, parent, zones } = options;
  const outcomes = makeMemory(options);
  /** The NS set of the zone from the first of some servers that speaks for it, or refers to it. */
  const nsFrom = (servers: readonly string[], startAt: number, asChild: boolean): Delegation | undefined => {
    for (let i = 0; i < servers.length; i += 1) {
      const view = zones.view(servers[(startAt + i) % servers.length] as string, name);
      if (!view || (asChild && view.zone.name !== name)) continue;
      const found = lookUp(view, name, "NS");
      if (found.kind === "referral") return delegationOf(found.ns);
      if (found.kind === "sets") return delegationOf((found.choices[0] as { set: RecordSet }).set);
    }
    return undefined;
  };
  return {
    fromParent: (startAt) => nsFrom(parent.nameServers, startAt, false),
    fromChild: (servers, startAt) => nsFrom(servers, startAt, true),
    outcome: (servers, startAt, host) =>
      outcomes(isUnder(fqdn(host), name) ? servers : parent.nameServers, startAt, host),
  };
};
