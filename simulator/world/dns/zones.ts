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
  /** Adds to the time that later changes take to be in sync (the fault `insync-late`). */
  readonly delaySync: (seconds: number) => void;
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

export const makeZones = (options: { readonly clock: Clock; readonly random: Random }): Zones => {
  const { clock } = options;
  const random = options.random.fork("zones");
  const held = new Map<string, Held>();
  /** By server, by zone name (not id: a server never holds two zones of one name), what it answers from. */
  const served = new Map<string, Map<string, ZoneView>>();
  /** By zone, when its latest change will have reached a server: changes reach each server in order. */
  const reachedAt = new Map<string, number>();
  const listeners: (() => void)[] = [];
  let lateMs = 0;

  const serve = (server: string, zone: Zone, view: ZoneView | undefined) => {
    const zones = served.get(server) ?? new Map<string, ZoneView>();
    served.set(server, zones);
    if (view) zones.set(zone.name, view);
    else zones.delete(zone.name);
    for (const listener of listeners) listener();
  };
  const publish = (zone: Zone, view: ZoneView | undefined): Changed => {
    const longestMs = Math.round(random.between(...SYNC_SECONDS) * 1000) + lateMs;
    const last = random.whole(0, zone.nameServers.length - 1);
    let insyncAt = 0;
    zone.nameServers.forEach((server, i) => {
      const delayMs = i === last ? longestMs : Math.round(random.between(0.05, 0.95) * longestMs);
      const key = `${zone.id} ${server}`;
      const at = Math.max(clock.now() + delayMs, reachedAt.get(key) ?? 0);
      reachedAt.set(key, at);
      clock.at(at, () => serve(server, zone, view));
      insyncAt = Math.max(insyncAt, at);
    });
    return { insyncAt };
  };
  const heldZone = (id: string): Held => {
    const zone = held.get(id);
    if (!zone || zone.gone) throw new Error(`The world has no zone ${id}.`);
    return zone;
  };

  const create: Zones["create"] = (wanted) => {
    const name = fqdn(wanted.name);
    const zone: Zone = {
      id: `Z${random.id().slice(0, 19).toUpperCase()}`,
      name,
      callerReference: wanted.callerReference,
      comment: wanted.comment ?? "",
      nameServers: delegationSet(random, new Set(served.keys())),
    };
    const apex = apexOf(name, zone.nameServers, wanted.nsTtlSeconds ?? APEX_NS_TTL_SECONDS);
    const records = [...apex, ...(wanted.records ?? []).map((r) => ({ ...r, name: fqdn(r.name) }))];
    held.set(zone.id, { zone, records, gone: false });
    for (const server of zone.nameServers) served.set(server, new Map());
    if (!wanted.settled) return { zone, ...publish(zone, viewOf(zone, records)) };
    for (const server of zone.nameServers) serve(server, zone, viewOf(zone, records));
    return { zone, insyncAt: clock.now() };
  };
  return {
    all: () =>
      [...held.values()]
        .filter((h) => !h.gone)
        .map((h) => h.zone)
        .sort((a, b) => byCodeUnit(a.id, b.id)),
    get: (id) => {
      const zone = held.get(id);
      return zone && !zone.gone ? zone.zone : undefined;
    },
    create,
    remove: (id) => {
      const zone = heldZone(id);
      zone.gone = true;
      return publish(zone.zone, undefined);
    },
    records: (id) => heldZone(id).records,
    replace: (id, records) => {
      const zone = heldZone(id);
      zone.records = records;
      return publish(zone.zone, viewOf(zone.zone, records));
    },
    view: (server, name) => {
      const zones = served.get(undotted(server));
      if (!zones) return undefined;
      for (let at = fqdn(name); at !== ""; at = parentOf(at)) {
        const view = zones.get(at);
        if (view) return view;
      }
      return undefined;
    },
    isServer: (server) => served.has(undotted(server)),
    onServed: (listener) => {
      listeners.push(listener);
    },
    delaySync: (seconds) => {
      lateMs = seconds * 1000;
    },
  };
};
