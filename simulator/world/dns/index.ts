/** DNS of the rehearsal: a parent zone, the platform's zone in it, whatever zones are created later, and the resolvers of the clients. */

import type { RecordSet } from "../../../domain/effects.ts";
import { byCodeUnit } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import type { Settings } from "../../../domain/settings.ts";
import type { Clock, Timer } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { DnsWorld, HostShares } from "../types.ts";
import { RESOLVER_CLASSES, type ResolverClass } from "./classes.ts";
import { type Authorities, Cohort, type Delegation } from "./cohort.ts";
import { lookUp } from "./lookup.ts";
import { fqdn, isUnder } from "./names.ts";
import { outcomeOf } from "./outcome.ts";
import { makeAnswer } from "./wire.ts";
import { makeZones, type Zone, type Zones } from "./zones.ts";

export type DnsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Settings["dns"];
  /** What stands in the platform's zone at the start, beside SOA and NS. */
  readonly records: readonly RecordSet[];
  /** What stands in the parent zone beside SOA, NS and the delegation. */
  readonly parentRecords?: readonly RecordSet[];
  /** The side behind a load balancer's DNS name (with its last dot) or an address. */
  readonly sideOf: (target: string) => Side | undefined;
  /** The addresses of a load balancer by its DNS name (with its last dot). */
  readonly addressesOf: (dnsName: string) => readonly string[];
  readonly classes?: readonly ResolverClass[];
  /** Refreshes of one class are spread over so many moments of its cycle. */
  readonly cohortsPerClass?: number;
};

export type SimulatedDns = DnsWorld & {
  readonly zones: Zones;
  readonly parent: Zone;
  /** The platform's zone as it was before the run. */
  readonly child: Zone;
  /** The fault `resolver-ignores-ttl`: one class keeps what it has for hours. */
  readonly ignoreTtls: (on: boolean) => void;
  /** The fault `insync-late`: later changes reach the servers this much later. */
  readonly delaySync: (seconds: number) => void;
};

const COHORTS = 16;

/** The parent is settled and never moves: its own apex matters to nobody. */
const makeTheZones = (options: DnsOptions): { zones: Zones; parent: Zone; child: Zone } => {
  const { settings } = options;
  const zones = makeZones(options);
  const name = fqdn(settings.zone);
  if (!isUnder(name, fqdn(settings.parent)) || name === fqdn(settings.parent))
    throw new Error(`The zone ${settings.zone} isn't under its parent ${settings.parent}.`);
  const { zone: child } = zones.create({
    name,
    callerReference: "before-the-run",
    nsTtlSeconds: settings.ttlSeconds,
    settled: true,
    records: options.records,
  });
  const { zone: parent } = zones.create({
    name: settings.parent,
    callerReference: "the-parent",
    settled: true,
    records: [
      ...(options.parentRecords ?? []),
      { name, type: "NS", ttlSeconds: settings.ttlSeconds, values: child.nameServers.map((s) => `${s}.`) },
    ],
  });
  return { zones, parent, child };
};

const delegationOf = (ns: RecordSet): Delegation => ({
  servers: (ns.values ?? []).map((value) => value.replace(/\.$/, "")),
  ttlSeconds: ns.ttlSeconds ?? 0,
});

const makeAuthorities = (options: DnsOptions, zones: Zones, parent: Zone): Authorities => {
  const name = fqdn(options.settings.zone);
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
      isUnder(fqdn(host), name)
        ? outcomeOf({ zones, sideOf: options.sideOf }, servers, startAt, host)
        : outcomeOf({ zones, sideOf: options.sideOf }, parent.nameServers, startAt, host),
  };
};

const blend = (parts: readonly { readonly share: number; readonly shares: HostShares }[]): HostShares => {
  let [source, target, total] = [0, 0, 0];
  for (const { share, shares } of parts) {
    source += share * shares.source;
    target += share * shares.target;
    total += share;
  }
  // Whole shares stay whole: sums of tenths aren't.
  const rounded = (value: number) => Math.round((value / total) * 1e9) / 1e9;
  return {
    source: rounded(source),
    target: rounded(target),
    nowhere: Math.max(0, rounded(total - source - target)),
  };
};

/** The resolvers of all clients, and the one timer that wakes each cohort when an expiry matters. */
class Resolvers {
  readonly #clock: Clock;
  readonly #cohorts: readonly Cohort[];
  readonly #timers = new Map<Cohort, { timer: Timer; at: number }>();
  readonly #cache = new Map<string, HostShares>();
  readonly #listeners: (() => void)[] = [];

  constructor(options: DnsOptions, authorities: Authorities) {
    this.#clock = options.clock;
    const random = options.random.fork("resolvers");
    const perClass = options.cohortsPerClass ?? COHORTS;
    this.#cohorts = (options.classes ?? RESOLVER_CLASSES).flatMap((kind) =>
      Array.from({ length: perClass }, (_, i) => {
        const phase = (i + random.next()) / perClass;
        return new Cohort(kind, i, phase, authorities, options.clock.now());
      }),
    );
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  shares(host: string): HostShares {
    const name = fqdn(host);
    const known = this.#cache.get(name);
    if (known) return known;
    const shares = blend(this.#parts(name, this.#cohorts));
    this.#cache.set(name, shares);
    for (const cohort of this.#cohorts) this.#schedule(cohort);
    return shares;
  }

  /** Over all hosts that anybody has asked for. */
  targetShareByClass(): Readonly<Record<string, number>> {
    const hosts = [...this.#cache.keys()].sort(byCodeUnit);
    const classes = [...new Set(this.#cohorts.map((cohort) => cohort.class.name))];
    return Object.fromEntries(
      classes.map((name) => {
        const cohorts = this.#cohorts.filter((cohort) => cohort.class.name === name);
        const parts = hosts.flatMap((host) => this.#parts(host, cohorts));
        return [name, parts.length === 0 ? 0 : blend(parts).target];
      }),
    );
  }

  noticeChange(): void {
    for (const cohort of this.#cohorts) {
      cohort.noticeChange(this.#clock.now());
      this.#schedule(cohort);
    }
  }

  ignore(on: boolean): void {
    for (const cohort of this.#cohorts) {
      cohort.ignore(on, this.#clock.now());
      this.#schedule(cohort);
    }
  }

  #parts(host: string, cohorts: readonly Cohort[]) {
    const now = this.#clock.now();
    return cohorts.map((cohort) => ({ share: cohort.class.share, shares: cohort.shares(host, now) }));
  }

  #schedule(cohort: Cohort): void {
    const at = cohort.nextExpiry();
    const set = this.#timers.get(cohort);
    if (set?.at === at) return;
    set?.timer.cancel();
    this.#timers.delete(cohort);
    if (at === undefined) return;
    const timer = this.#clock.at(at, () => {
      this.#timers.delete(cohort);
      if (cohort.refresh(this.#clock.now())) this.#tell();
      this.#schedule(cohort);
    });
    this.#timers.set(cohort, { timer, at });
  }

  #tell(): void {
    for (const host of this.#cache.keys()) this.#cache.set(host, blend(this.#parts(host, this.#cohorts)));
    for (const listener of this.#listeners) listener();
  }
}

/** DNS as it is before a run: the platform's zone delegated to servers of its own, every resolver settled. */
export const makeDns = (options: DnsOptions): SimulatedDns => {
  const { zones, parent, child } = makeTheZones(options);
  const resolvers = new Resolvers(options, makeAuthorities(options, zones, parent));
  zones.onServed(() => resolvers.noticeChange());
  return {
    zones,
    parent,
    child,
    answer: makeAnswer({ zones, random: options.random, addressesOf: options.addressesOf }),
    shares: (host) => resolvers.shares(host),
    targetShareByClass: () => resolvers.targetShareByClass(),
    onChange: (listener) => resolvers.onChange(listener),
    ignoreTtls: (on) => resolvers.ignore(on),
    delaySync: (seconds) => zones.delaySync(seconds),
  };
};
