/** The clients' resolvers: whom each class believes and for how long, and that doing it wrong loses clients. */

import { describe, expect, it } from "vitest";
import type { RecordSet } from "../../domain/effects.ts";
import type { Clock } from "../../simulator/clock.ts";
import { RESOLVER_CLASSES } from "../../simulator/world/dns/classes.ts";
import type { SimulatedDns } from "../../simulator/world/dns/index.ts";
import type { Zone } from "../../simulator/world/dns/zones.ts";
import {
  addressTo,
  aliasTo,
  HOST,
  makeDnsBench,
  SOURCE_IP,
  TARGET_IP,
  TARGET_LB,
  upsert,
  ZONE,
} from "../contracts/dns-bench.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const nsTo = (zone: Zone, ttlSeconds: number): RecordSet => ({
  name: `${ZONE}.`,
  type: "NS",
  ttlSeconds,
  values: zone.nameServers.map((s) => `${s}.`),
});

/** A second zone of the same name that leads to the target, in sync, not delegated. */
const secondZone = (dns: SimulatedDns, clock: Clock, ttlSeconds = 60): Zone => {
  const { zone } = dns.zones.create({
    name: ZONE,
    callerReference: "new",
    nsTtlSeconds: ttlSeconds,
    records: [aliasTo(TARGET_LB)],
  });
  clock.advanceTo(clock.now() + 120_000);
  return zone;
};

/** Delegates to another zone: the parent's NS, and the old zone's own. */
const delegate = (dns: SimulatedDns, to: Zone, ttlSeconds: number, oldToo = true): number => {
  if (oldToo) upsert(dns, dns.child.id, nsTo(to, ttlSeconds));
  return upsert(dns, dns.parent.id, nsTo(to, ttlSeconds));
};

const lowerTtls = (dns: SimulatedDns, clock: Clock): void => {
  delegate(dns, dns.child, 60);
  clock.advanceTo(clock.now() + 2 * DAY + HOUR);
};

const target = (dns: SimulatedDns) => dns.shares(HOST).target;

describe("clients before anything changes", () => {
  it("all reach the source, and five quiet days cost nothing", () => {
    const { dns, clock } = makeDnsBench();
    let told = 0;
    dns.onChange(() => {
      told += 1;
    });
    expect(dns.shares(HOST)).toEqual({ source: 1, target: 0, nowhere: 0 });
    const began = performance.now();
    clock.advanceTo(clock.now() + 5 * DAY);
    expect(performance.now() - began).toBeLessThan(50);
    expect(dns.shares(HOST)).toEqual({ source: 1, target: 0, nowhere: 0 });
    expect(told).toBe(0);
  });

  it("a name that doesn't exist, and one that isn't in the zone, lead nowhere", () => {
    const { dns } = makeDnsBench();
    expect(dns.shares(`nothing.${ZONE}`)).toEqual({ source: 0, target: 0, nowhere: 1 });
    expect(dns.shares("www.elsewhere.example")).toEqual({ source: 0, target: 0, nowhere: 1 });
  });

  it.each([
    ["an address", [addressTo(SOURCE_IP)], { source: 1, target: 0, nowhere: 0 }],
    [
      "a CNAME to a balancer",
      [{ name: `${HOST}.`, type: "CNAME", ttlSeconds: 300, values: [TARGET_LB] }],
      { source: 0, target: 1, nowhere: 0 },
    ],
    [
      "a CNAME chain in the zone",
      [
        { name: `${HOST}.`, type: "CNAME", ttlSeconds: 300, values: [`b.${ZONE}.`] },
        aliasTo(TARGET_LB, `b.${ZONE}.`),
      ],
      { source: 0, target: 1, nowhere: 0 },
    ],
    [
      "a CNAME loop",
      [
        { name: `${HOST}.`, type: "CNAME", ttlSeconds: 300, values: [`b.${ZONE}.`] },
        { name: `b.${ZONE}.`, type: "CNAME", ttlSeconds: 300, values: [`${HOST}.`] },
      ],
      { source: 0, target: 0, nowhere: 1 },
    ],
    ["a balancer that is gone", [aliasTo("gone.elb.amazonaws.com.")], { source: 0, target: 0, nowhere: 1 }],
    [
      "weights",
      [
        { ...addressTo(SOURCE_IP), setIdentifier: "s", weight: 3 },
        { ...addressTo(TARGET_IP), setIdentifier: "t", weight: 1 },
      ],
      { source: 0.75, target: 0.25, nowhere: 0 },
    ],
  ] as const)("%s", (_title, records, shares) => {
    const { dns } = makeDnsBench({ records: records as readonly RecordSet[] });
    expect(dns.shares(HOST)).toEqual(shares);
  });
});

describe("a cut by delegation", () => {
  it("with lowered TTLs that were waited out moves everybody within minutes, nobody nowhere", () => {
    const { dns, clock } = makeDnsBench();
    dns.shares(HOST);
    lowerTtls(dns, clock);
    const to = secondZone(dns, clock);
    const worst: number[] = [];
    dns.onChange(() => worst.push(dns.shares(HOST).nowhere));
    const insyncAt = delegate(dns, to, 60);
    clock.advanceTo(clock.now() + 1);
    expect(target(dns)).toBe(0);
    // Sync, the delegation's TTL, the alias's TTL, and what a JVM adds.
    clock.advanceTo(insyncAt + (60 + 60 + 60) * 1000);
    expect(dns.targetShareByClass()["ttl-honouring"]).toBe(1);
    expect(dns.targetShareByClass()["child-centric"]).toBe(1);
    clock.advanceTo(insyncAt + (60 + 60 + 360) * 1000);
    expect(dns.shares(HOST)).toEqual({ source: 0, target: 1, nowhere: 0 });
    expect(Math.max(...worst)).toBe(0);
  });

  it("goes the way back as well", () => {
    const { dns, clock } = makeDnsBench();
    dns.shares(HOST);
    lowerTtls(dns, clock);
    const to = secondZone(dns, clock);
    delegate(dns, to, 60);
    clock.advanceTo(clock.now() + 20 * 60_000);
    expect(target(dns)).toBe(1);
    upsert(dns, to.id, nsTo(dns.child, 60));
    delegate(dns, dns.child, 60);
    clock.advanceTo(clock.now() + 20 * 60_000);
    expect(dns.shares(HOST)).toEqual({ source: 1, target: 0, nowhere: 0 });
  });

  it("without waiting out the old TTL leaves many on the source for up to two days", () => {
    const { dns, clock } = makeDnsBench();
    dns.shares(HOST);
    delegate(dns, dns.child, 60);
    clock.advanceTo(clock.now() + HOUR);
    delegate(dns, secondZone(dns, clock), 60);
    clock.advanceTo(clock.now() + HOUR);
    const later = target(dns);
    expect(later).toBeGreaterThan(0.1);
    expect(later).toBeLessThan(0.35);
    // Not one class by accident: capped resolvers are all there, honouring ones hardly.
    expect(dns.targetShareByClass()["capped"]).toBeGreaterThan(0.9);
    expect(dns.targetShareByClass()["ttl-honouring"]).toBeLessThan(0.2);
    clock.advanceTo(clock.now() + 2 * DAY);
    expect(target(dns)).toBe(1);
  });

  it("without the old zone's own NS never reaches the child-centric ones", () => {
    const { dns, clock } = makeDnsBench();
    dns.shares(HOST);
    lowerTtls(dns, clock);
    const to = secondZone(dns, clock);
    delegate(dns, to, 60, false);
    clock.advanceTo(clock.now() + 5 * DAY);
    expect(dns.targetShareByClass()).toMatchObject({ "child-centric": 0, "ttl-honouring": 1, jvm: 1 });
    expect(dns.shares(HOST).source).toBeCloseTo(0.2, 6);
    upsert(dns, dns.child.id, nsTo(to, 60));
    clock.advanceTo(clock.now() + 10 * 60_000);
    expect(target(dns)).toBe(1);
  });

  it("to a zone whose servers don't know it yet loses whoever asks them", () => {
    const { dns, clock } = makeDnsBench({ ttlSeconds: 60 });
    dns.shares(HOST);
    dns.delaySync(900);
    const { zone } = dns.zones.create({ name: ZONE, callerReference: "new", records: [aliasTo(TARGET_LB)] });
    dns.delaySync(0);
    delegate(dns, zone, 60);
    clock.advanceTo(clock.now() + 10 * 60_000);
    expect(dns.shares(HOST).nowhere).toBeGreaterThan(0.9);
    clock.advanceTo(clock.now() + 20 * 60_000);
    expect(dns.shares(HOST)).toEqual({ source: 0, target: 1, nowhere: 0 });
  });

  it("and then the old zone deleted too early loses those that still believe in it", () => {
    const { dns, clock } = makeDnsBench();
    dns.shares(HOST);
    const to = secondZone(dns, clock);
    delegate(dns, to, 60);
    clock.advanceTo(clock.now() + 10 * 60_000);
    dns.zones.remove(dns.child.id);
    clock.advanceTo(clock.now() + 10 * 60_000);
    expect(dns.shares(HOST).nowhere).toBeGreaterThan(0.5);
  });
});

describe("a change of a record", () => {
  it("is believed after its own old TTL; a JVM needs five minutes more", () => {
    const { dns, clock } = makeDnsBench({ records: [addressTo(SOURCE_IP, 300)] });
    dns.shares(HOST);
    const insyncAt = upsert(dns, dns.child.id, addressTo(TARGET_IP, 300));
    clock.advanceTo(insyncAt + 150_000);
    const half = dns.targetShareByClass();
    expect(half["ttl-honouring"]).toBeGreaterThan(0.3);
    expect(half["ttl-honouring"]).toBeLessThan(0.9);
    clock.advanceTo(insyncAt + 300_000);
    expect(dns.targetShareByClass()).toMatchObject({ "ttl-honouring": 1, capped: 1 });
    expect(dns.targetShareByClass()["jvm"]).toBeLessThan(0.9);
    clock.advanceTo(insyncAt + 600_000);
    expect(target(dns)).toBe(1);
  });

  it("a TTL of zero is capped from below by some", () => {
    const { dns, clock } = makeDnsBench({ records: [addressTo(SOURCE_IP, 0)] });
    dns.shares(HOST);
    const insyncAt = upsert(dns, dns.child.id, addressTo(TARGET_IP, 0));
    clock.advanceTo(insyncAt + 2_000);
    expect(dns.targetShareByClass()["ttl-honouring"]).toBe(1);
    expect(dns.targetShareByClass()["capped"]).toBeLessThan(1);
    clock.advanceTo(insyncAt + 31_000);
    expect(dns.targetShareByClass()["capped"]).toBe(1);
  });

  it("a name that was asked for before it existed stays unknown for a quarter of an hour", () => {
    const { dns, clock } = makeDnsBench();
    const late = `late.${ZONE}`;
    dns.shares(late);
    const insyncAt = upsert(dns, dns.child.id, aliasTo(TARGET_LB, `${late}.`));
    clock.advanceTo(insyncAt + 300_000);
    expect(dns.shares(late).nowhere).toBeGreaterThan(0.4);
    clock.advanceTo(insyncAt + 900_000 + 300_000);
    expect(dns.shares(late).target).toBe(1);
  });
});

describe("faults", () => {
  it("resolvers that ignore TTLs stay for hours while the fault is on, and follow when it is over", () => {
    const { dns, clock } = makeDnsBench({ ttlSeconds: 60 });
    dns.shares(HOST);
    const to = secondZone(dns, clock);
    dns.ignoreTtls(true);
    delegate(dns, to, 60);
    clock.advanceTo(clock.now() + 2 * HOUR);
    expect(dns.shares(HOST)).toEqual({ source: 0.05, target: 0.95, nowhere: 0 });
    dns.ignoreTtls(false);
    clock.advanceTo(clock.now() + 10 * 60_000);
    expect(target(dns)).toBe(1);
  });

  it("without the fault the same class follows like the others", () => {
    const { dns, clock } = makeDnsBench({ ttlSeconds: 60 });
    dns.shares(HOST);
    delegate(dns, secondZone(dns, clock), 60);
    clock.advanceTo(clock.now() + 10 * 60_000);
    expect(target(dns)).toBe(1);
  });

  it("they give in after some hours even then", () => {
    const { dns, clock } = makeDnsBench({ ttlSeconds: 60 });
    dns.shares(HOST);
    dns.ignoreTtls(true);
    delegate(dns, secondZone(dns, clock), 60);
    clock.advanceTo(clock.now() + 20 * HOUR);
    expect(target(dns)).toBe(1);
  });
});

describe("determinism", () => {
  const course = (seed: number, hosts: readonly string[]) => {
    const { dns, clock } = makeDnsBench({ seed, ttlSeconds: 60 });
    for (const host of hosts) dns.shares(host);
    const to = secondZone(dns, clock);
    delegate(dns, to, 60);
    return Array.from({ length: 40 }, () => {
      clock.advanceTo(clock.now() + 10_000);
      return target(dns);
    });
  };
  it("the same seed gives the same course, in any order of the hosts; another seed another one", () => {
    const other = `api.${ZONE}`;
    expect(course(1, [HOST, other])).toEqual(course(1, [other, HOST]));
    expect(course(1, [HOST])).not.toEqual(course(2, [HOST]));
  });

  it("the shares of all classes are one", () => {
    expect(RESOLVER_CLASSES.reduce((sum, kind) => sum + kind.share, 0)).toBeCloseTo(1, 12);
  });
});
