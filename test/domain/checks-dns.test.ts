/** Preflight's judgement of DNS: each wrong world that it has to catch, beside the right one. */

import { describe, expect, test } from "vitest";
import {
  type AnswerOf,
  type ApexSeen,
  type DelegationSeen,
  delegatedZone,
  judgeDelegation,
  type ReferralSeen,
} from "../../domain/checks/dns.ts";
import {
  classOfRecord,
  judgeExternalDns,
  judgeRecords,
  recordsForHost,
} from "../../domain/checks/dns-records.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { AT, aPlan, brief, complaints } from "./checks.fixture.ts";

const NAMES = { zone: "live.example", parent: "example", at: AT };
const SERVERS = ["ns-1.awsdns.example", "ns-2.awsdns.example"];
const referral: ReferralSeen = { rcode: "NOERROR", nameServers: SERVERS, ttlSeconds: 172_800, dsRecords: 0 };
const apex: ApexSeen = {
  rcode: "NOERROR",
  authoritative: true,
  nsTtlSeconds: 172_800,
  soaTtlSeconds: 900,
  negativeTtlSeconds: 900,
};
const zone = { id: "Z1", isPrivate: false, nameServers: SERVERS, isTarget: false };
const says = <T>(...values: readonly T[]): readonly AnswerOf<T>[] =>
  values.map((value, i) => ({ server: `server-${i}`, answer: { value } }));

const world: DelegationSeen = {
  zones: { value: [zone] },
  parents: { value: [{ ...zone, id: "ZP", nameServers: ["ns-9.awsdns.example"] }] },
  referrals: says(referral, referral),
  parentDs: { value: 0 },
  apexes: says(apex, apex),
};

const silent: AnswerOf<never> = {
  server: "server-1",
  answer: { missing: "server-1 didn't answer for NS live.example." },
};

describe("the delegation", () => {
  test("of a zone that is ours, with the servers in agreement, passes every check with evidence", () => {
    const verdicts = judgeDelegation(world, NAMES);
    expect(brief(verdicts)).toEqual([
      "dns/zone: pass",
      "dns/parent: pass",
      "dns/delegation: pass",
      "dns/parent-ttl: pass",
      "dns/ds: pass",
      "dns/authoritative: pass",
      "dns/apex-ttl: pass",
      "dns/soa: pass",
    ]);
    expect(complaints(verdicts)).toEqual([]);
  });

  test.each<[string, Partial<DelegationSeen>, string]>([
    ["a zone that isn't in the account", { zones: { value: [] } }, "dns/zone: fail"],
    ["a private zone", { zones: { value: [{ ...zone, isPrivate: true }] } }, "dns/zone: fail"],
    ["two public zones of one name", { zones: { value: [zone, { ...zone, id: "Z2" }] } }, "dns/zone: fail"],
    ["a zone list that we may not read", { zones: { missing: "Not allowed." } }, "dns/zone: unknown"],
    [
      "a parent in somebody else's account",
      { parents: { value: [] }, referrals: [], apexes: [] },
      "dns/parent: fail",
    ],
    [
      "a delegation to somebody else",
      { referrals: says({ ...referral, nameServers: ["ns.other.example"] }) },
      "dns/delegation: fail",
    ],
    ["no delegation at all", { referrals: says({ ...referral, nameServers: [] }) }, "dns/delegation: fail"],
    [
      "parents that disagree",
      { referrals: says(referral, { ...referral, nameServers: ["ns.other.example"] }) },
      "dns/delegation: unknown",
    ],
    [
      "a parent server that doesn't answer",
      { referrals: [...says(referral), silent] },
      "dns/delegation: unknown",
    ],
    ["no server to ask", { referrals: [] }, "dns/delegation: unknown"],
    [
      "a delegation that lives for ten days",
      { referrals: says({ ...referral, ttlSeconds: 864_000 }) },
      "dns/parent-ttl: fail",
    ],
    [
      "TTLs that differ between the servers",
      { referrals: says(referral, { ...referral, ttlSeconds: 60 }) },
      "dns/parent-ttl: unknown",
    ],
    ["a DS at the parent", { referrals: says({ ...referral, dsRecords: 1 }) }, "dns/ds: fail"],
    ["a DS that only Route 53 lists yet", { parentDs: { value: 1 } }, "dns/ds: fail"],
    ["a DS list that we may not read", { parentDs: { missing: "Not allowed." } }, "dns/ds: unknown"],
    ["a lame server", { apexes: says(apex, { ...apex, authoritative: false }) }, "dns/authoritative: fail"],
    [
      "a server that refuses",
      { apexes: says(apex, { ...apex, rcode: "REFUSED" }) },
      "dns/authoritative: fail",
    ],
    ["a zone server that doesn't answer", { apexes: [...says(apex), silent] }, "dns/apex-ttl: unknown"],
    [
      "an apex NS that lives for ten days",
      { apexes: says({ ...apex, nsTtlSeconds: 864_000 }) },
      "dns/apex-ttl: fail",
    ],
    ["a SOA that lives for ten days", { apexes: says({ ...apex, soaTtlSeconds: 864_000 }) }, "dns/soa: fail"],
  ])("%s is caught", (_, wrong, verdict) => {
    const verdicts = judgeDelegation({ ...world, ...wrong }, NAMES);
    expect(brief(verdicts)).toContain(verdict);
    expect(complaints(verdicts)).toEqual([]);
  });

  test("doesn't take our own new zone for the one that is delegated", () => {
    expect(delegatedZone({ ...world, zones: { value: [{ ...zone, isTarget: true }] } })).toBeUndefined();
    expect(delegatedZone(world)?.id).toBe("Z1");
  });
});

const www: RecordSet = { name: "www.live.example.", type: "A", ttlSeconds: 300, values: ["192.0.2.1"] };
const apexNs: RecordSet = { name: "live.example.", type: "NS", ttlSeconds: 172_800, values: ["ns-1."] };

describe("records", () => {
  test("are classified, the zone's own NS and SOA left out", () => {
    const kinds = [
      apexNs,
      www,
      { ...www, weight: 10 },
      { name: "a.live.example.", type: "A", alias: { hostedZoneId: "Z", dnsName: "lb." } },
      { ...www, type: "CNAME" },
      { ...apexNs, name: "sub.live.example." },
    ];
    expect(kinds.map((r) => classOfRecord(r, "live.example"))).toEqual([
      undefined,
      "simple",
      "weighted",
      "alias",
      "chain",
      "delegation",
    ]);
  });

  test("answer for a host by its own name before a wildcard", () => {
    const wildcard = { ...www, name: "*.live.example.", values: ["192.0.2.9"] };
    expect(recordsForHost([wildcard, www], "www.live.example")).toEqual([www]);
    expect(recordsForHost([wildcard, www], "api.live.example")).toEqual([wildcard]);
    expect(recordsForHost([{ ...www, type: "TXT" }], "www.live.example")).toEqual([]);
  });

  test("of the right world pass", () => {
    const verdicts = judgeRecords({ value: [apexNs, www] }, aPlan(), AT);
    expect(brief(verdicts)).toEqual(["dns/records: pass", "dns/hosts: pass", "dns/record-ttl: pass"]);
    expect(complaints(verdicts)).toEqual([]);
  });

  const hosts = (...names: readonly string[]) =>
    aPlan({ hosts: names.map((host) => ({ host, namespace: "shop", service: "cart" })) });

  test.each([
    ["a record with a failover policy", { refused: "A www uses Failover." }, aPlan(), "dns/records: fail"],
    ["an empty zone", { value: [apexNs] }, aPlan(), "dns/records: unknown"],
    ["a host of another zone", { value: [www] }, hosts("www.other.example"), "dns/hosts: fail"],
    [
      "a host whose name only ends like the zone",
      { value: [www] },
      hosts("www.notlive.example"),
      "dns/hosts: fail",
    ],
    [
      "hosts of which none has a record",
      { value: [{ ...www, name: "x.live.example." }] },
      aPlan(),
      "dns/hosts: fail",
    ],
    [
      "a record that lives for two days",
      { value: [{ ...www, ttlSeconds: 172_800 }] },
      aPlan(),
      "dns/record-ttl: fail",
    ],
    ["records that can't be read", { missing: "Not allowed." }, aPlan(), "dns/hosts: unknown"],
  ] as const)("%s is caught", (_, records, plan, verdict) => {
    const verdicts = judgeRecords(records, plan, AT);
    expect(brief(verdicts)).toContain(verdict);
    expect(complaints(verdicts)).toEqual([]);
  });

  test("whose weights are all zero are passed on as a thing to watch", () => {
    const [verdict] = judgeRecords({ value: [{ ...www, weight: 0, setIdentifier: "a" }] }, aPlan(), AT);
    expect(verdict).toMatchObject({
      verdict: "pass",
      sentence: expect.stringContaining("which means equal shares"),
    });
  });

  test("aren't needed where the plan has no public host", () => {
    const verdicts = judgeRecords({ value: [apexNs] }, aPlan({ hosts: [] }), AT);
    expect(verdicts.map((v) => v.verdict)).toEqual(["pass", "pass", "pass"]);
  });

  test("of one host among several that has none is passed on as a thing to watch", () => {
    const [, verdict] = judgeRecords({ value: [www] }, hosts("www.live.example", "old.live.example"), AT);
    expect(verdict).toMatchObject({
      verdict: "pass",
      sentence: expect.stringContaining("old.live.example has no record"),
    });
  });
});

describe("external-dns", () => {
  const options = { zone: "live.example", zoneId: "Z1", zoneAssumed: false, at: AT };
  const judge = (args: readonly string[], over: Partial<typeof options> = {}) =>
    judgeExternalDns([{ workload: "Deployment dns/external-dns", arguments: args }], {
      ...options,
      ...over,
    })[0];

  test.each([
    ["pinned to the zone", ["--zone-id-filter=Z1"], {}, "pass", "pinned to Z1"],
    ["pinned to another id", ["--zone-id-filter=Z9"], {}, "pass", "isn't the zone's id Z1"],
    ["that writes elsewhere", ["--domain-filter=other.example"], {}, "pass", "not to live.example"],
    ["without a pin", ["--domain-filter=live.example"], {}, "fail", "isn't pinned"],
    ["without any filter", [], {}, "fail", "isn't pinned"],
    ["with an empty pin", ["--zone-id-filter="], {}, "fail", "isn't pinned"],
    [
      "without a pin in a zone that is assumed",
      [],
      { zoneAssumed: true },
      "pass",
      "before a real start pin it",
    ],
  ] as const)("%s", (_, args, over, verdict, sentence) => {
    expect(judge(args, over)).toMatchObject({ verdict, sentence: expect.stringContaining(sentence) });
  });

  test("that isn't there is a pass that says so, never an empty list", () => {
    expect(brief(judgeExternalDns([], options))).toEqual(["dns/external-dns: pass"]);
  });
});
