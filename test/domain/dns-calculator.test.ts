/** The DNS calculator: tables of TTLs and what follows from them, by class of resolver; and that it counts with the classes that a rehearsal has. */

import { describe, expect, test } from "vitest";
import {
  type DnsFacts,
  factsOfPlan,
  momentsOfZone,
  residues,
  shareOnOld,
  type Ttl,
} from "../../domain/dns-calculator.ts";
import { observedDns } from "../../domain/dns-observed.ts";
import type { RecordSet } from "../../domain/effects.ts";
import type { RunEvent } from "../../domain/events.ts";
import { RESOLVERS } from "../../domain/resolvers.ts";
import { RESOLVER_CLASSES } from "../../simulator/world/dns/classes.ts";

const ttl = (before: number, atCut = before): Ttl => ({ before, atCut });

const facts = (more: Partial<DnsFacts> = {}): DnsFacts => ({
  zone: "live.example.com",
  parent: "example.com",
  parentNs: ttl(172_800, 60),
  apexNs: ttl(172_800, 60),
  negative: ttl(900, 60),
  names: [{ name: "www.live.example.com", record: "record", ttl: ttl(300, 60) }],
  assumed: [],
  ...more,
});

const alias = [{ name: "www.live.example.com", record: "alias", ttl: ttl(60) }] as const;

const moments = (f: DnsFacts) => Object.fromEntries(momentsOfZone(f).classes.map((c) => [c.name, c]));

test("it counts with the classes that a rehearsal has", () => {
  expect(RESOLVERS.map((r) => [r.name, r.share, r.delegation, r.ignoresSeconds !== undefined])).toEqual(
    RESOLVER_CLASSES.map((c) => [c.name, c.share, c.delegation, c.mayIgnore]),
  );
  for (const [i, kind] of RESOLVERS.entries())
    for (const seconds of [0, 5, 60, 300, 86_400, 172_800]) {
      expect(kind.keepsNsSeconds(seconds)).toBe(RESOLVER_CLASSES[i]?.keepsNsSeconds(seconds));
      expect(kind.keepsAddressSeconds(seconds)).toBe(RESOLVER_CLASSES[i]?.keepsAddressSeconds(seconds));
    }
});

describe("the lowered TTLs have arrived, and a cut may begin", () => {
  test.each<[string, Partial<DnsFacts>, Readonly<Record<string, number>>, number]>([
    [
      "a zone as Route 53 creates it: two days, and two minutes for the servers",
      {},
      { "ttl-honouring": 172_920, "child-centric": 172_920, capped: 3_720, jvm: 172_920 },
      172_920,
    ],
    [
      "a parent with a TTL of its own: only child-centric resolvers wait for the apex",
      { parentNs: ttl(3_600, 60) },
      { "ttl-honouring": 3_720, "child-centric": 172_920, capped: 3_720, jvm: 3_720 },
      172_920,
    ],
    [
      "long records outlast a short delegation, in a JVM by five minutes more",
      {
        parentNs: ttl(300, 60),
        apexNs: ttl(300, 60),
        names: [{ name: "a.live.example.com", record: "record", ttl: ttl(86_400, 60) }],
      },
      { "ttl-honouring": 86_520, "child-centric": 86_520, capped: 3_720, jvm: 86_820 },
      86_820,
    ],
    [
      "alias records are 60 s already: a name that was asked for too early decides",
      { parentNs: ttl(60), apexNs: ttl(60), names: alias },
      { "ttl-honouring": 1_020, "child-centric": 1_020, capped: 1_020, jvm: 1_020 },
      1_020,
    ],
    [
      "absence believed for a day",
      { parentNs: ttl(60), apexNs: ttl(60), negative: ttl(86_400, 60), names: alias },
      { "ttl-honouring": 86_520, "child-centric": 86_520, capped: 86_520, jvm: 86_520 },
      86_520,
    ],
  ])("%s", (_, more, after, cutAfter) => {
    const found = moments(facts(more));
    for (const [name, seconds] of Object.entries(after))
      expect([name, found[name]?.loweredAfter]).toEqual([name, seconds]);
    expect(momentsOfZone(facts(more)).cutAfter).toBe(cutAfter);
  });
});

describe("after the cut, and what going back costs", () => {
  test.each<[string, Partial<DnsFacts>, Readonly<Record<string, number | undefined>>]>([
    [
      "60 s everywhere",
      {},
      { "ttl-honouring": 240, "child-centric": 240, capped: 240, jvm: 540, "may-ignore-ttl": undefined },
    ],
    [
      "an apex that nobody lowered keeps child-centric resolvers for two days",
      { apexNs: ttl(172_800) },
      { "ttl-honouring": 240, "child-centric": 172_980, capped: 240, jvm: 540 },
    ],
    [
      "nothing lowered: capped resolvers come within two hours, the others don't",
      {
        parentNs: ttl(172_800),
        apexNs: ttl(172_800),
        names: [{ name: "a.live.example.com", record: "record", ttl: ttl(7_200) }],
      },
      { "ttl-honouring": 180_120, "child-centric": 180_120, capped: 7_320, jvm: 180_420 },
    ],
    [
      "lower than 30 s: a capped resolver keeps it 30 s all the same",
      {
        parentNs: ttl(60, 5),
        apexNs: ttl(60, 5),
        names: [{ name: "a.live.example.com", record: "record", ttl: ttl(60, 5) }],
      },
      { "ttl-honouring": 130, "child-centric": 130, capped: 180, jvm: 430 },
    ],
    [
      "alias records can't be lowered below 60 s",
      { parentNs: ttl(60, 10), apexNs: ttl(60, 10), names: alias },
      { "ttl-honouring": 190 },
    ],
  ])("%s", (_, more, moved) => {
    const found = moments(facts(more));
    for (const [name, seconds] of Object.entries(moved)) {
      expect([name, found[name]?.movedAfter]).toEqual([name, seconds]);
      expect(found[name]?.wayBack.afterCut).toBe(seconds);
      expect(found[name]?.wayBack.beforeCut).toBe(0);
    }
  });

  test("once the old TTLs are back, going back costs them again", () => {
    const found = moments(facts());
    expect(found["ttl-honouring"]?.wayBack.afterRestore).toBe(172_800 + 60 + 120);
    expect(found["capped"]?.wayBack.afterRestore).toBe(3_600 + 60 + 120);
    expect(found["may-ignore-ttl"]?.wayBack.afterRestore).toBeUndefined();
  });

  test("source capacity waits for the slowest class that has a bound, and says who has none", () => {
    const { sourceAfter, beyond } = momentsOfZone(facts({ apexNs: ttl(172_800) }));
    expect(sourceAfter).toBe(172_980);
    expect(beyond.join("\n")).toMatch(
      /may-ignore-ttl: no TTL binds it[\s\S]*child-centric resolvers go by the former/,
    );
  });
});

describe("who is still on the old side", () => {
  test.each(RESOLVERS.map((kind) => [kind.name, kind] as const))(
    "%s: everybody at first, never more later, nobody in the end",
    (_, kind) => {
      const at = Array.from({ length: 400 }, (_, i) => shareOnOld(kind, facts(), i * 100));
      expect(at[0]).toBe(1);
      expect(at).toEqual(at.toSorted((a, b) => b - a));
      expect(at.at(-1)).toBe(0);
      expect(at.every((share) => share >= 0 && share <= 1)).toBe(true);
    },
  );

  test("a class has moved exactly when the calculator says so", () => {
    for (const kind of RESOLVERS) {
      const moved = moments(facts())[kind.name]?.movedAfter;
      if (moved === undefined) continue;
      expect(shareOnOld(kind, facts(), moved)).toBe(0);
      expect(shareOnOld(kind, facts(), moved - 5)).toBeGreaterThan(0);
    }
  });

  test("two even waits of 60 s: half have moved after one of them", () => {
    const [row] = residues(facts(), [180]);
    expect(row?.shares[0]).toBeCloseTo(0.5);
    expect(row?.all).toBeCloseTo(0.5 * 0.85 + (row?.shares[3] ?? 0) * 0.1 + 0.05);
  });
});

describe("from a run's record", () => {
  const set = (
    name: string,
    type: string,
    ttlSeconds: number | undefined,
    more: Partial<RecordSet> = {},
  ): RecordSet => ({
    name: `${name}.`,
    type,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...more,
  });
  let n = 0;
  const done = (
    at: number,
    step: string,
    zoneId: string,
    before: RecordSet | null,
    after: RecordSet | null,
  ): RunEvent => ({
    at,
    type: "effect",
    key: `${n++}`,
    step,
    direction: "forward",
    status: "done",
    effect: { kind: "set-record", zoneId, before, after },
  });
  const side = { served: 0, failed: 0, paused: 0, statuses: {}, p99Ms: null, p995Ms: null };
  const traffic = (at: number, dnsTargetShare: Readonly<Record<string, number>>): RunEvent => ({
    at,
    type: "traffic",
    served: 0,
    failed: 0,
    paused: 0,
    failedAnyway: 0,
    source: side,
    target: side,
    dnsTargetShare,
  });
  const [zone, www] = ["live.example.com", "www.live.example.com"];
  const balancer = { alias: { hostedZoneId: "Z", dnsName: "lb.example." } };
  const record = [
    done(2, "lower-ttls", "PARENT", set(zone, "NS", 86_400), set(zone, "NS", 60)),
    done(3, "lower-ttls", "OWN", set(zone, "NS", 172_800), set(zone, "NS", 60)),
    done(
      4,
      "lower-ttls",
      "OWN",
      set(zone, "SOA", 900, { values: ["ns. host. 1 7200 900 1209600 300"] }),
      set(zone, "SOA", 60, { values: ["ns. host. 1 7200 900 1209600 60"] }),
    ),
    traffic(500, { capped: 0 }),
    done(1_000, "delegate-zone", "PARENT", set(zone, "NS", 60), set(zone, "NS", 60)),
    done(1_001, "delegate-zone", "OWN", set(zone, "NS", 60), set(zone, "NS", 60)),
    traffic(1_010, { capped: 0, jvm: 0 }),
    traffic(1_100, { capped: 0.5, jvm: 0 }),
    done(
      1_200,
      "repoint-old-zone",
      "OWN",
      set(www, "A", undefined, balancer),
      set(www, "A", undefined, balancer),
    ),
    traffic(1_210, { capped: 1, jvm: 0.25 }),
    traffic(1_300, { capped: 1, jvm: 0.25 }),
  ];

  test("what stood there goes before what was planned", () => {
    const { facts: found, loweredAt, cutAt, repointedAt } = observedDns(record, facts());
    expect(found).toMatchObject({
      parentNs: ttl(86_400, 60),
      apexNs: ttl(172_800, 60),
      negative: ttl(300, 60),
    });
    expect(found.names).toEqual([{ name: www, record: "alias", ttl: ttl(60) }]);
    expect([loweredAt, cutAt, repointedAt]).toEqual([4, 1_000, 1_200]);
  });

  test("who had moved when, and who had not when it ended", () => {
    const { movedAfter, residues: seen } = observedDns(record, facts());
    expect(movedAfter).toEqual({ capped: 210, jvm: null });
    expect(seen.map((r) => r.shares["capped"])).toEqual([1, 0.5, 0]);
  });

  test("an apex that was low before isn't in the record's lowering, but in its cut", () => {
    const { facts: found } = observedDns(
      record.filter((e) => e.type !== "effect" || e.at !== 3),
      facts(),
    );
    expect(found.apexNs).toEqual(ttl(60, 60));
  });

  test("a run that never cut has nothing to say about it", () => {
    expect(observedDns(record.slice(0, 3), facts())).toMatchObject({
      cutAt: null,
      residues: [],
      movedAfter: {},
    });
  });
});

test("a plan's facts: TTLs of its settings, each host once, and what is assumed", () => {
  const settings = {
    dns: {
      zone: "z.example",
      parent: "example",
      ttlSeconds: 3_600,
      recordTtlSeconds: 30,
      loweredTtlSeconds: 60,
      hosts: [],
    },
  };
  const host = { host: "a.z.example", namespace: "n", service: "s" };
  const found = factsOfPlan({ settings, hosts: [host, host] } as unknown as Parameters<
    typeof factsOfPlan
  >[0]);
  expect(found).toMatchObject({ parentNs: ttl(3_600, 60), names: [{ name: "a.z.example", ttl: ttl(30) }] });
  expect(found.assumed).toHaveLength(3);
});
