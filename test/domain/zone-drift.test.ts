/** What others changed in one zone and the other lacks: content, never TTLs; never the apex, nor the hosts. */

import { describe, expect, test } from "vitest";
import type { RecordSet } from "../../domain/effects.ts";
import { recordOfDrift, versionOf, zoneDrift } from "../../domain/zone-drift.ts";

const ZONE = "live.example";
const MAIL: RecordSet = { name: `mail.${ZONE}.`, type: "MX", ttlSeconds: 300, values: ["10 a.example."] };
const APEX: RecordSet = { name: `${ZONE}.`, type: "NS", ttlSeconds: 60, values: ["ns-1.example."] };
const WWW: RecordSet = { name: `www.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.1"] };
const HERITAGE: RecordSet = {
  name: `txt.${ZONE}.`,
  type: "TXT",
  ttlSeconds: 300,
  values: ['"heritage=external-dns,external-dns/owner=kops,external-dns/resource=service/a/b"'],
};
const ALIAS: RecordSet = {
  name: `docs.${ZONE}.`,
  type: "A",
  alias: { hostedZoneId: "Z1", dnsName: "docs.elb.example." },
};

const drift = (live: readonly RecordSet[], next: readonly RecordSet[], over: object = {}) =>
  zoneDrift({ live, next, common: next, zone: ZONE, hosts: [`www.${ZONE}`], owners: [], ...over });
const changes = (live: readonly RecordSet[], next: readonly RecordSet[], over: object = {}) =>
  drift(live, next, over).drifted;

describe("a zone that was copied", () => {
  test.each<[string, RecordSet, RecordSet]>([
    ["says the same with another TTL", { ...MAIL, ttlSeconds: 60 }, MAIL],
    ["says the same in another order", { ...MAIL, values: ["b", "a"] }, { ...MAIL, values: ["a", "b"] }],
    ["says the same in another spelling", { ...MAIL, name: "MAIL.live.example" }, MAIL],
    ["has its own apex", { ...APEX, values: ["ns-9.example."] }, APEX],
    ["leads its hosts elsewhere", { ...WWW, values: ["198.51.100.1"] }, WWW],
    [
      "says nothing of an alias' health",
      { ...ALIAS, alias: { ...ALIAS.alias, evaluateTargetHealth: false } } as RecordSet,
      ALIAS,
    ],
  ])("and %s lacks nothing", (_, live, next) => {
    expect(changes([live], [next])).toEqual([]);
  });

  test.each<[string, readonly RecordSet[], readonly RecordSet[], object[]]>([
    ["a name that came", [MAIL], [], [{ before: null, after: MAIL }]],
    [
      "a value that changed, with the TTL of the zone that it goes to",
      [{ ...MAIL, ttlSeconds: 60, values: ["20 b.example."] }],
      [MAIL],
      [{ before: MAIL, after: { ...MAIL, values: ["20 b.example."] } }],
    ],
    ["a name that went", [], [MAIL], [{ before: MAIL, after: null }]],
    [
      "an alias that became another",
      [{ ...ALIAS, alias: { hostedZoneId: "Z1", dnsName: "new.elb.example." } }],
      [ALIAS],
      [{ before: ALIAS, after: { ...ALIAS, alias: { hostedZoneId: "Z1", dnsName: "new.elb.example." } } }],
    ],
    [
      "one of two weighted records",
      [
        { ...MAIL, setIdentifier: "b", weight: 1 },
        { ...MAIL, setIdentifier: "a", weight: 1 },
      ],
      [{ ...MAIL, setIdentifier: "a", weight: 1 }],
      [{ before: null, after: { ...MAIL, setIdentifier: "b", weight: 1 } }],
    ],
    [
      "a mail record of a host, which isn't where it leads",
      [{ ...MAIL, name: WWW.name }],
      [],
      [{ before: null, after: { ...MAIL, name: WWW.name } }],
    ],
  ])("lacks %s", (_, live, next, wanted) => {
    expect(changes(live, next)).toEqual(wanted);
  });

  test("keeps what was put into it beforehand: only what was copied is taken away", () => {
    expect(changes([], [MAIL], { common: [] })).toEqual([]);
  });

  test("has the records of external-dns under its own owner", () => {
    const owners = [{ from: "kops", to: "eks" }];
    const renamed = {
      ...HERITAGE,
      values: HERITAGE.values?.map((v) => v.replace("owner=kops", "owner=eks")),
    };
    expect(changes([HERITAGE], [renamed as RecordSet], { owners })).toEqual([]);
    expect(changes([HERITAGE], [], { owners })).toEqual([{ before: null, after: renamed }]);
  });

  test("was looked at, and by how many records, is told", () => {
    expect(drift([MAIL, APEX, WWW, ALIAS], []).compared).toBe(2);
  });
});

test("a second change of the same record is another move, and the same change the same", () => {
  const first = { before: null, after: MAIL };
  expect(versionOf(first)).toBe(versionOf({ before: WWW, after: { ...MAIL } }));
  expect(versionOf(first)).not.toBe(versionOf({ before: MAIL, after: { ...MAIL, values: ["20 b."] } }));
  expect([recordOfDrift(first), recordOfDrift({ before: WWW, after: null })]).toEqual([
    "MX mail.live.example",
    "A www.live.example",
  ]);
});
