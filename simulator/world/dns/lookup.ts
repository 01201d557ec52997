/** What an authoritative server says to a question, from the copy of the zone that it holds: before it is put on the wire. */

import type { RecordSet } from "../../../domain/effects.ts";
import { fqdn, parentOf } from "./names.ts";
import type { ZoneView } from "./zones.ts";

/** One of several weighted sets, with the share of answers that give it; shares sum to 1. */
export type Choice = { readonly set: RecordSet; readonly share: number };

export type Found =
  /** Sets of the name and type asked for (one, or weighted ones), or the CNAME that stands there instead. */
  | { readonly kind: "sets"; readonly choices: readonly Choice[] }
  | { readonly kind: "cname"; readonly choices: readonly Choice[] }
  /** The name is delegated: ask those. */
  | { readonly kind: "referral"; readonly ns: RecordSet }
  | { readonly kind: "no-data"; readonly soa: RecordSet }
  | { readonly kind: "nxdomain"; readonly soa: RecordSet };

/** Weighted sets share by weight; all zero means equal shares. */
const choicesOf = (sets: readonly RecordSet[]): readonly Choice[] => {
  const total = sets.reduce((sum, set) => sum + (set.weight ?? 0), 0);
  return sets
    .map((set) => ({ set, share: total > 0 ? (set.weight ?? 0) / total : 1 / sets.length }))
    .filter((choice) => choice.share > 0);
};

/** The record sets that answer for a name: its own, else those of the nearest wildcard. */
const setsAt = (view: ZoneView, name: string): readonly RecordSet[] | undefined => {
  if (view.names.has(name)) return view.byName.get(name) ?? [];
  for (let above = parentOf(name); ; above = parentOf(above)) {
    const wild = view.byName.get(`*.${above}`);
    if (wild) return wild;
    if (view.names.has(above) || above === "") return undefined;
  }
};

/** The delegation that a name falls under, within a zone; never the zone's own apex. */
const cutAbove = (view: ZoneView, name: string): RecordSet | undefined => {
  for (let at = name; at !== view.zone.name && at !== ""; at = parentOf(at)) {
    const ns = view.byName.get(at)?.find((set) => set.type === "NS");
    if (ns) return ns;
  }
  return undefined;
};

/** The SOA of a zone; Route 53 never lets it go. */
export const soaIn = (view: ZoneView): RecordSet => {
  const soa = view.byName.get(view.zone.name)?.find((set) => set.type === "SOA");
  if (!soa) throw new Error(`Zone ${view.zone.name} has no SOA.`);
  return soa;
};

/** @param asked A name under the zone's; a type as on the wire. */
export const lookUp = (view: ZoneView, asked: string, type: string): Found => {
  const name = fqdn(asked);
  const ns = cutAbove(view, name);
  if (ns) return { kind: "referral", ns };
  const soa = soaIn(view);
  const sets = setsAt(view, name);
  if (!sets) return { kind: "nxdomain", soa };
  const wanted = sets.filter((set) => set.type === type);
  if (wanted.length > 0) return { kind: "sets", choices: choicesOf(wanted) };
  const cname = sets.filter((set) => set.type === "CNAME");
  return cname.length > 0 ? { kind: "cname", choices: choicesOf(cname) } : { kind: "no-data", soa };
};

/** Fields of a SOA's value. */
export const soaOf = (soa: RecordSet) => {
  const [mname = "", rname = "", ...numbers] = (soa.values?.[0] ?? "").split(/\s+/);
  const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number);
  return { mname, rname, serial, refresh, retry, expire, minimum };
};

/** How long a negative answer lives (RFC 2308): the smaller of the SOA's own TTL and its MINIMUM. */
export const negativeTtlSeconds = (soa: RecordSet): number =>
  Math.min(soa.ttlSeconds ?? 0, soaOf(soa).minimum);
