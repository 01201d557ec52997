/**
 * Hosted zones and the authoritative servers that hold copies of them. A change is in the zone at once and reaches each server at a
 * moment of its own; it is in sync when the last one has it.
 */

import type { RecordSet } from "../../../domain/effects.ts";
import { byCodeUnit } from "../../../domain/kube.ts";
import type { Clock } from "../../clock.ts";
import type { Random } from "../../random.ts";
import { fqdn, isUnder, parentOf } from "./names.ts";

export type Zone = {
  /** Without `/hostedzone/`. */
  readonly id: string;
  /** Lower case, with the last dot. */
  readonly name: string;
  readonly callerReference: string;
  readonly comment: string;
  /** The delegation set, without last dots. */
  readonly nameServers: readonly string[];
};

/** What a server holds of one zone: record sets by name, and every name that exists (with its empty parents). */
export type ZoneView = {
  readonly zone: Zone;
  readonly byName: ReadonlyMap<string, readonly RecordSet[]>;
  readonly names: ReadonlySet<string>;
};

export type Zones = {
  readonly all: () => readonly Zone[];
  readonly get: (id: string) => Zone | undefined;
  /** Makes a zone with its SOA and NS. The servers know it once the change is in sync. */
  readonly create: (zone: {
    readonly name: string;
    readonly callerReference: string;
    /** Where somebody knows it already; drawn where absent. */
    readonly id?: string;
    readonly comment?: string;
    readonly nsTtlSeconds?: number;
    /** Known to the servers from the start: the world before the run. */
    readonly settled?: boolean;
    readonly records?: readonly RecordSet[];
  }) => Created;
  readonly remove: (id: string) => Changed;
  /** The record sets as the API has them, in no order. */
  readonly records: (id: string) => readonly RecordSet[];
  /** Replaces the record sets of a zone by others. */
  readonly replace: (id: string, records: readonly RecordSet[]) => Changed;
  /** What a server answers from: the zone that is nearest to a name; undefined where it holds none. */
  readonly view: (server: string, name: string) => ZoneView | undefined;
  /** Whether there is such a server at all. */
  readonly isServer: (server: string) => boolean;
  /** Called when the data of a server have changed. */
  readonly onServed: (listener: () => void) => void;
  /** Adds to the time that later changes take to be in sync (the faults `insync-late` and `parent-late`); of one zone, where it is named. */
  readonly delaySync: (seconds: number, id?: string) => void;
};

/** When a change is in sync, milliseconds since 1970. */
export type Changed = { readonly insyncAt: number };
export type Created = Changed & { readonly zone: Zone };

/** Route 53 gives every zone these; the apex NS lives for two days. */
export const APEX_NS_TTL_SECONDS = 172_800;
const SOA_TTL_SECONDS = 900;
const SYNC_SECONDS = [20, 60] as const;

const undotted = (server: string): string => server.toLowerCase().replace(/\.$/, "");

const apexOf = (name: string, nameServers: readonly string[], nsTtlSeconds: number): readonly RecordSet[] => [
  { name, type: "NS", ttlSeconds: nsTtlSeconds, values: nameServers.map((s) => `${s}.`) },
  {
    name,
    type: "SOA",
    ttlSeconds: SOA_TTL_SECONDS,
    values: [`${nameServers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`],
  },
];

const viewOf = (zone: Zone, records: readonly RecordSet[]): ZoneView => {
  const byName = new Map<string, RecordSet[]>();
  const names = new Set<string>([zone.name]);
  for (const record of records) {
    const name = fqdn(record.name);
    const there = byName.get(name);
    if (there) there.push(record);
    else byName.set(name, [record]);
    for (let at = name; isUnder(at, zone.name) && !names.has(at); at = parentOf(at)) names.add(at);
  }
  return { zone, byName, names };
};

const DOMAINS = ["com", "net", "org", "co.uk"] as const;

/** Four servers in four top-level domains, as Route 53 hands them out; never two zones with the same. */
const delegationSet = (random: Random, taken: ReadonlySet<string>): readonly string[] => {
  for (;;) {
    const servers = DOMAINS.map((domain, i) => {
      const number = 512 * i + random.whole(0, 511);
      return `ns-${number}.awsdns-${String(number >> 3).padStart(2, "0")}.${domain}`;
    });
    if (!servers.some((server) => taken.has(server))) return servers;
  }
};

type Held = { readonly zone: Zone; records: readonly RecordSet[]; gone: boolean };

class ZoneStore implements Zones {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #held = new Map<string, Held>();
  /** By server, by zone name (not id: a server never holds two zones of one name), what it answers from. */
  readonly #served = new Map<string, Map<string, ZoneView>>();
  /** By zone and server, when its latest change will have got there: changes reach each server in order. */
  readonly #reachedAt = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  #lateMs = 0;
  #lateZone: string | undefined;

  constructor(options: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = options.clock;
    this.#random = options.random.fork("zones");
  }

  all(): readonly Zone[] {
    const there = [...this.#held.values()].filter((held) => !held.gone);
    return there.map((held) => held.zone).sort((a, b) => byCodeUnit(a.id, b.id));
  }

  get(id: string): Zone | undefined {
    const held = this.#held.get(id);
    return held && !held.gone ? held.zone : undefined;
  }

  create(wanted: Parameters<Zones["create"]>[0]): Created {
    const name = fqdn(wanted.name);
    const zone: Zone = {
      id: wanted.id ?? `Z${this.#random.id().slice(0, 19).toUpperCase()}`,
      name,
      callerReference: wanted.callerReference,
      comment: wanted.comment ?? "",
      nameServers: delegationSet(this.#random, new Set(this.#served.keys())),
    };
    const apex = apexOf(name, zone.nameServers, wanted.nsTtlSeconds ?? APEX_NS_TTL_SECONDS);
    const records = [...apex, ...(wanted.records ?? []).map((r) => ({ ...r, name: fqdn(r.name) }))];
    this.#held.set(zone.id, { zone, records, gone: false });
    for (const server of zone.nameServers) this.#served.set(server, new Map());
    const view = viewOf(zone, records);
    if (!wanted.settled) return { zone, ...this.#publish(zone, view) };
    for (const server of zone.nameServers) this.#serve(server, zone, view);
    return { zone, insyncAt: this.#clock.now() };
  }

  remove(id: string): Changed {
    const held = this.#zone(id);
    held.gone = true;
    return this.#publish(held.zone, undefined);
  }

  records(id: string): readonly RecordSet[] {
    return this.#zone(id).records;
  }

  replace(id: string, records: readonly RecordSet[]): Changed {
    const held = this.#zone(id);
    held.records = records;
    return this.#publish(held.zone, viewOf(held.zone, records));
  }

  view(server: string, name: string): ZoneView | undefined {
    const zones = this.#served.get(undotted(server));
    if (!zones) return undefined;
    for (let at = fqdn(name); at !== ""; at = parentOf(at)) {
      const view = zones.get(at);
      if (view) return view;
    }
    return undefined;
  }

  isServer(server: string): boolean {
    return this.#served.has(undotted(server));
  }

  onServed(listener: () => void): void {
    this.#listeners.push(listener);
  }

  delaySync(seconds: number, id?: string): void {
    this.#lateMs = seconds * 1000;
    this.#lateZone = id;
  }

  #serve(server: string, zone: Zone, view: ZoneView | undefined): void {
    if (view) this.#served.get(server)?.set(zone.name, view);
    else this.#served.get(server)?.delete(zone.name);
    for (const listener of this.#listeners) listener();
  }

  /** Brings a copy to each server; one of them is the last. */
  #publish(zone: Zone, view: ZoneView | undefined): Changed {
    const longestMs = Math.round(this.#random.between(...SYNC_SECONDS) * 1000);
    const last = this.#random.whole(0, zone.nameServers.length - 1);
    const lateMs = this.#lateZone === undefined || this.#lateZone === zone.id ? this.#lateMs : 0;
    let insyncAt = 0;
    zone.nameServers.forEach((server, i) => {
      const delayMs = i === last ? longestMs : Math.round(this.#random.between(0.05, 0.95) * longestMs);
      const key = `${zone.id} ${server}`;
      const at = Math.max(this.#clock.now() + delayMs + lateMs, this.#reachedAt.get(key) ?? 0);
      this.#reachedAt.set(key, at);
      this.#clock.at(at, () => this.#serve(server, zone, view));
      insyncAt = Math.max(insyncAt, at);
    });
    return { insyncAt };
  }

  #zone(id: string): Held {
    const held = this.#held.get(id);
    if (!held || held.gone) throw new Error(`The world has no zone ${id}.`);
    return held;
  }
}

/** No zones yet. */
export const makeZones = (options: { readonly clock: Clock; readonly random: Random }): Zones =>
  new ZoneStore(options);
