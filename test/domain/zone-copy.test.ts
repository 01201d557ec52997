/** What the new zone holds: everything but the old zone's own NS and SOA; hosts lead to the target's balancer. */

import { describe, expect, test } from "vitest";
import type { RecordSet } from "../../domain/effects.ts";
import { copied, leading, soaWith, toBalancer } from "../../domain/zone-copy.ts";

const ZONE = "live.example";
const record = (name: string, type: string, over: Partial<RecordSet> = {}): RecordSet => ({
  name,
  type,
  ttlSeconds: 300,
  values: ["x"],
  ...over,
});
const alias = (dnsName: string): RecordSet => ({
  name: "www.live.example.",
  type: "A",
  alias: { hostedZoneId: "Z1", dnsName },
});
const records = [
  record("live.example.", "NS"),
  record("live.example.", "SOA"),
  record("live.example.", "TXT"),
  record("sub.live.example.", "NS"),
  record("WWW.live.example.", "A"),
  record("www.live.example.", "TXT"),
  record("mail.live.example.", "MX"),
];

test("Everything is copied but the apex's own NS and SOA and the hosts' addresses", () => {
  expect(copied(records, ZONE, ["www.live.example"]).map((r) => `${r.type} ${r.name}`)).toEqual([
    "TXT live.example.",
    "MX mail.live.example.",
    "NS sub.live.example.",
    "TXT www.live.example.",
  ]);
  expect(leading(records, "www.live.example").map((r) => r.type)).toEqual(["A"]);
});

describe("A host leads to the target's balancer", () => {
  const to = "k8s-new-1.elb.eu-central-1.amazonaws.com";
  test.each<[string, string, readonly RecordSet[], string | undefined, RecordSet | undefined]>([
    [
      "as an alias in the zone of the old one, where both are of one kind",
      "www.live.example",
      [alias("k8s-old-1.elb.eu-central-1.amazonaws.com.")],
      undefined,
      { name: "www.live.example.", type: "A", alias: { hostedZoneId: "Z1", dnsName: `${to}.` } },
    ],
    [
      "as an alias in the balancer's own zone, where they differ",
      "www.live.example",
      [alias("old-1.eu-central-1.elb.amazonaws.com.")],
      "Z9",
      { name: "www.live.example.", type: "A", alias: { hostedZoneId: "Z9", dnsName: `${to}.` } },
    ],
    [
      "not at all while that zone isn't known: the wrong one would be refused",
      "www.live.example",
      [alias("old-1.eu-central-1.elb.amazonaws.com.")],
      undefined,
      undefined,
    ],
    [
      "by the type that it has: a CNAME stays one",
      "www.live.example",
      [record("www.live.example.", "CNAME")],
      undefined,
      { name: "www.live.example.", type: "CNAME", ttlSeconds: 60, values: [`${to}.`] },
    ],
    [
      "as an alias at the apex, where a CNAME may not stand",
      ZONE,
      [],
      "Z9",
      { name: "live.example.", type: "A", alias: { hostedZoneId: "Z9", dnsName: `${to}.` } },
    ],
  ])("%s", (_name, host, now, zoneId, wanted) => {
    expect(toBalancer(host, ZONE, now, to, 60, zoneId)).toEqual(wanted);
  });
});

test("Both numbers of the SOA that make a negative answer live go down, never up", () => {
  const soa = record("live.example.", "SOA", {
    ttlSeconds: 900,
    values: ["ns. hostmaster. 1 7200 900 1209600 86400"],
  });
  expect(soaWith(soa, 60)).toMatchObject({
    ttlSeconds: 60,
    values: ["ns. hostmaster. 1 7200 900 1209600 60"],
  });
  expect(soaWith({ ...soa, ttlSeconds: 30 }, 60).ttlSeconds).toBe(30);
});
