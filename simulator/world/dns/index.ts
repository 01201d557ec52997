/** DNS of the rehearsal: a parent zone, the platform's zone in it, whatever zones are created later, and the resolvers of the clients. */

import type { RecordSet } from "../../../domain/effects.ts";
import type { Side } from "../../../domain/phases.ts";
import type { Settings } from "../../../domain/settings.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { DnsWorld } from "../types.ts";
import { makeAuthorities } from "./authorities.ts";
import { RESOLVER_CLASSES, type ResolverClass } from "./classes.ts";
import { fqdn, isUnder } from "./names.ts";
import { Resolvers } from "./resolvers.ts";
import { makeAnswer } from "./wire.ts";
import { makeZones, type Zone, type Zones } from "./zones.ts";

export type DnsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Settings["dns"];
  /** What stands in the platform's zone at the start, beside SOA and NS. */
  readonly records: readonly RecordSet[];
  /** The id of the platform's zone, where its own manifests name it. */
  readonly zoneId?: string;
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
  readonly delaySync: (seconds: number, only?: "parent") => void;
  /** The fault `address-pinned`: this share of all clients asks nobody, and goes to the source's addresses. */
  readonly pin: (share: number) => void;
};

const COHORTS = 16;

/** The parent is settled and never moves: its own apex matters to nobody. */
const makeTheZones = (options: DnsOptions): { zones: Zones; parent: Zone; child: Zone } => {
  const { settings } = options;
  const zones = makeZones(options);
  const name = fqdn(settings.zone);
  if (!isUnder(name, fqdn(settings.parent)) || name === fqdn(settings.parent))
    throw new Error(`The zone ${settings.zone} isn't under its parent ${settings.parent}.`);
  const stray = options.records.find((record) => !isUnder(fqdn(record.name), name));
  if (stray) throw new Error(`The record ${stray.type} ${stray.name} isn't in the zone ${settings.zone}.`);
  const { zone: child } = zones.create({
    name,
    callerReference: "before-the-run",
    ...(options.zoneId === undefined ? {} : { id: options.zoneId }),
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

/** DNS as it is before a run: the platform's zone delegated to servers of its own, every resolver settled. */
export const makeDns = (options: DnsOptions): SimulatedDns => {
  const { zones, parent, child } = makeTheZones(options);
  const name = child.name;
  const resolvers = new Resolvers({
    clock: options.clock,
    random: options.random,
    authorities: makeAuthorities({ zones, sideOf: options.sideOf, name, parent }),
    classes: options.classes ?? RESOLVER_CLASSES,
    cohortsPerClass: options.cohortsPerClass ?? COHORTS,
  });
  zones.onServed(() => resolvers.noticeChange());
  let pinned = 0;
  const listeners: (() => void)[] = [];
  return {
    zones,
    parent,
    child,
    answer: makeAnswer({ zones, random: options.random, addressesOf: options.addressesOf }),
    shares: (host) => {
      const { source, target, nowhere } = resolvers.shares(host);
      const rest = 1 - pinned;
      return { source: source * rest + pinned, target: target * rest, nowhere: nowhere * rest };
    },
    targetShareByClass: () => resolvers.targetShareByClass(),
    onChange: (listener) => {
      listeners.push(listener);
      resolvers.onChange(listener);
    },
    ignoreTtls: (on) => resolvers.ignore(on),
    delaySync: (seconds, only) => zones.delaySync(seconds, only && parent.id),
    pin: (share) => {
      pinned = share;
      for (const listener of listeners) listener();
    },
  };
};
