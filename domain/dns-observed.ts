/** What a run's record says about DNS: the TTLs that stood there, when they were lowered, when the zone was cut, and who was still on the old side afterwards. */

import { ALIAS_TTL_SECONDS, type DnsFacts, type NameFacts } from "./dns-calculator.ts";
import { undotted } from "./dns-names.ts";
import type { RecordSet } from "./effects.ts";
import type { RunEvent } from "./events.ts";
import { byCodeUnit } from "./kube.ts";

export type DnsObserved = {
  /** The plan's facts, with what the record knows better. */
  readonly facts: DnsFacts;
  /** Virtual seconds of the run; null where it didn't come to that. */
  readonly loweredAt: number | null;
  readonly cutAt: number | null;
  readonly repointedAt: number | null;
  /** After the cut: who is still sent to the old side, by class. One entry for each line of traffic in which it changed. */
  readonly residues: readonly {
    readonly seconds: number;
    readonly shares: Readonly<Record<string, number>>;
  }[];
  /** Seconds after the cut at which the last client of a class had moved; null where some had not when the record ends. */
  readonly movedAfter: Readonly<Record<string, number | null>>;
};

type Effect = Extract<RunEvent, { type: "effect" }>;
type Traffic = Extract<RunEvent, { type: "traffic" }>;
type Change = {
  readonly at: number;
  readonly zoneId: string;
  readonly before: RecordSet | null;
  readonly after: RecordSet | null;
};

const ttlOf = (set: RecordSet): number => (set.alias ? ALIAS_TTL_SECONDS : (set.ttlSeconds ?? 0));
const negativeOf = (soa: RecordSet): number =>
  Math.min(ttlOf(soa), Number(soa.values?.[0]?.split(/\s+/).at(-1) ?? ttlOf(soa)));

/** Reads the lines of a record. @param planned What the plan says, for whatever the record doesn't. */
export const observedDns = (events: Iterable<RunEvent>, planned: DnsFacts): DnsObserved => {
  const changes = new Map<string, Change[]>();
  const traffic: Traffic[] = [];
  for (const event of events) {
    if (event.type === "traffic") traffic.push(event);
    const change = changeOf(event);
    if (change) changes.set(change.step, [...(changes.get(change.step) ?? []), change]);
  }
  const of = (step: string): readonly Change[] => changes.get(step) ?? [];
  const lastAt = (step: string): number | null => of(step).at(-1)?.at ?? null;
  const cutAt = of("delegate-zone")[0]?.at ?? null;
  return {
    facts: factsOf(planned, of("lower-ttls"), of("delegate-zone"), [
      ...of("repoint-old-zone"),
      ...of("fill-zone"),
    ]),
    loweredAt: lastAt("lower-ttls"),
    cutAt,
    repointedAt: lastAt("repoint-old-zone"),
    ...(cutAt === null ? { residues: [], movedAfter: {} } : residuesOf(traffic, cutAt)),
  };
};

const changeOf = (event: RunEvent): (Change & { readonly step: string }) | undefined => {
  if (event.type !== "effect" || event.direction !== "forward" || event.status !== "done") return undefined;
  const { effect, step, at }: Effect = event;
  return effect.kind === "set-record"
    ? { step, at, zoneId: effect.zoneId, before: effect.before, after: effect.after }
    : undefined;
};

/** The parent's change comes before the zone's own, in both steps; where only one of them was made, the cut's order tells whose it was. */
const factsOf = (
  planned: DnsFacts,
  lowered: readonly Change[],
  cut: readonly Change[],
  named: readonly Change[],
): DnsFacts => {
  const ofZone = (type: string) =>
    lowered.filter((c) => c.before?.type === type && undotted(c.before.name) === planned.zone);
  const [parentZone, ownZone] = cut.map((c) => c.zoneId);
  const [first, second] = ofZone("NS");
  const atParent =
    ofZone("NS").find((c) => c.zoneId === parentZone) ?? (parentZone === undefined ? first : undefined);
  const atApex =
    ofZone("NS").find((c) => c.zoneId === ownZone) ?? (ownZone === undefined ? second : undefined);
  const soa = ofZone("SOA")[0];
  const ns = (change: Change | undefined, cutIndex: number, known: DnsFacts["parentNs"]) => {
    const before = change?.before ?? cut[cutIndex]?.before;
    const atCut = cut[cutIndex]?.before ?? change?.after;
    return before && atCut ? { before: ttlOf(before), atCut: ttlOf(atCut) } : known;
  };
  return {
    ...planned,
    parentNs: ns(atParent, 0, planned.parentNs),
    apexNs: ns(atApex, 1, planned.apexNs),
    negative:
      soa?.before && soa.after
        ? { before: negativeOf(soa.before), atCut: negativeOf(soa.after) }
        : planned.negative,
    names: planned.names.map((name) => nameOf(name, lowered, named)),
    assumed: planned.assumed.slice(-1),
  };
};

const nameOf = (planned: NameFacts, lowered: readonly Change[], named: readonly Change[]): NameFacts => {
  const is = (set: RecordSet | null | undefined): set is RecordSet =>
    set !== null && set !== undefined && undotted(set.name) === planned.name;
  const change = lowered.find((c) => is(c.before));
  const standing = named.flatMap((c) => [c.before, c.after]).find(is);
  const before = change?.before ?? standing;
  const atCut = change?.after ?? standing;
  if (!before || !atCut) return planned;
  return {
    name: planned.name,
    record: atCut.alias ? "alias" : "record",
    ttl: { before: ttlOf(before), atCut: ttlOf(atCut) },
  };
};

/** Below this a class has moved: rounding, not clients. */
const NOBODY = 1e-6;

const residuesOf = (
  traffic: readonly Traffic[],
  cutAt: number,
): Pick<DnsObserved, "residues" | "movedAfter"> => {
  const after = traffic.filter((t) => t.at >= cutAt);
  const names = [...new Set(after.flatMap((t) => Object.keys(t.dnsTargetShare)))].sort(byCodeUnit);
  const all = after.map((t) => ({
    seconds: t.at - cutAt,
    shares: Object.fromEntries(names.map((name) => [name, 1 - (t.dnsTargetShare[name] ?? 0)])),
  }));
  const changed = all.filter((r, i) => names.some((n) => r.shares[n] !== all[i - 1]?.shares[n]));
  const movedAfter = Object.fromEntries(
    names.map((name) => {
      // Once moved is not enough: who went back, on a way back, hasn't moved.
      const last = all.findLastIndex((r) => (r.shares[name] ?? 0) > NOBODY);
      return [name, last === all.length - 1 ? null : (all[last + 1]?.seconds ?? null)];
    }),
  );
  return { residues: changed, movedAfter };
};
