/** TTLs are lowered for the move, and put back when it is over: short ones cost every client a question a minute, for ever. */

import type { EndInvariant, ZoneRecords } from "./ending.ts";

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

const ttlOf = (zone: ZoneRecords | undefined, name: string, type: string): number | undefined =>
  zone?.records.find((r) => r.type === type && dotted(r.name) === dotted(name))?.ttlSeconds;

export const oldTtls: EndInvariant = {
  name: "old-ttls",
  sentence:
    "After a completed migration the delegation and the new zone have the TTLs that the old zone had.",
  check: ({ plan, outcome, zonesBefore, zonesAfter }) => {
    if (outcome !== "completed") return undefined;
    const { zone, parent } = plan.settings.dns;
    const named = (zones: readonly ZoneRecords[], name: string) =>
      zones.filter((z) => dotted(z.name) === dotted(name));
    const [old] = named(zonesBefore, zone);
    const [fresh] = named(zonesAfter, zone).filter((z) => z.id !== old?.id);
    const [above, aboveNow] = [named(zonesBefore, parent)[0], named(zonesAfter, parent)[0]];
    return [
      { what: "the delegation", was: ttlOf(above, zone, "NS"), is: ttlOf(aboveNow, zone, "NS") },
      { what: "the new zone's NS", was: ttlOf(old, zone, "NS"), is: ttlOf(fresh, zone, "NS") },
      { what: "the new zone's SOA", was: ttlOf(old, zone, "SOA"), is: ttlOf(fresh, zone, "SOA") },
    ]
      .filter(({ was, is }) => was !== is)
      .map(
        ({ what, was, is }) =>
          `The TTL of ${what} was ${was ?? "absent"} s and was left at ${is ?? "absent"} s.`,
      );
  },
};
