/** The contract of name servers on the wire, through the adapter: flags, referrals, negative answers, aliases, refusals. */

import { decode, encode } from "dns-packet";
import { describe, expect, it } from "vitest";
import { ask, negativeTtlSeconds } from "../../adapters/dns.ts";
import type { RecordSet } from "../../domain/effects.ts";
import {
  addressTo,
  aliasTo,
  HOST,
  makeDnsBench,
  SOURCE_IP,
  SOURCE_LB,
  TARGET_LB,
  upsert,
  ZONE,
} from "./dns-bench.ts";

const RECORDS: readonly RecordSet[] = [
  aliasTo(SOURCE_LB),
  addressTo("192.0.2.20", 300, `api.${ZONE}.`),
  { name: `docs.${ZONE}.`, type: "CNAME", ttlSeconds: 120, values: [`api.${ZONE}.`] },
  { name: `away.${ZONE}.`, type: "CNAME", ttlSeconds: 120, values: ["elsewhere.example."] },
  { name: `*.dev.${ZONE}.`, type: "A", ttlSeconds: 30, values: ["192.0.2.21"] },
  { name: `mail.${ZONE}.`, type: "MX", ttlSeconds: 300, values: ["10 mx.elsewhere.example."] },
  {
    name: `text.${ZONE}.`,
    type: "TXT",
    ttlSeconds: 300,
    values: ['"heritage=external-dns" "owner=\\"a\\""'],
  },
  { name: `_grpc._tcp.${ZONE}.`, type: "SRV", ttlSeconds: 300, values: ["1 2 443 api.example."] },
  { name: `${ZONE}.`, type: "CAA", ttlSeconds: 300, values: ['0 issue "amazon.com"'] },
  { name: `w.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.30"], setIdentifier: "a", weight: 3 },
  { name: `w.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.31"], setIdentifier: "b", weight: 1 },
  { name: `w.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.32"], setIdentifier: "c", weight: 0 },
  { name: `zero.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.40"], setIdentifier: "a", weight: 0 },
  { name: `zero.${ZONE}.`, type: "A", ttlSeconds: 60, values: ["192.0.2.41"], setIdentifier: "b", weight: 0 },
];

const world = () => {
  const { dns, clock } = makeDnsBench({ records: RECORDS });
  const askDns = (server: string, message: Uint8Array): Promise<Uint8Array> => {
    const answer = dns.answer(server, message);
    return answer ? Promise.resolve(answer) : Promise.reject(new Error("no answer"));
  };
  const child = dns.child.nameServers[0] as string;
  const parent = dns.parent.nameServers[0] as string;
  return { dns, clock, askDns, child, parent };
};

describe("an authoritative server", () => {
  it.each([
    [`api.${ZONE}`, "A", [["192.0.2.20", 300]]],
    [`API.${ZONE}.`, "A", [["192.0.2.20", 300]]],
    [
      HOST,
      "A",
      [
        [SOURCE_IP, 60],
        ["192.0.2.11", 60],
      ],
    ],
    [
      `docs.${ZONE}`,
      "A",
      [
        [`api.${ZONE}.`, 120],
        ["192.0.2.20", 300],
      ],
    ],
    [`docs.${ZONE}`, "CNAME", [[`api.${ZONE}.`, 120]]],
    [`away.${ZONE}`, "A", [["elsewhere.example.", 120]]],
    [`x.dev.${ZONE}`, "A", [["192.0.2.21", 30]]],
    [`mail.${ZONE}`, "MX", [["10 mx.elsewhere.example.", 300]]],
    [`text.${ZONE}`, "TXT", [['"heritage=external-dns" "owner="a""', 300]]],
    [`_grpc._tcp.${ZONE}`, "SRV", [["1 2 443 api.example.", 300]]],
    [ZONE, "CAA", [['0 issue "amazon.com"', 300]]],
  ] as const)("answers %s %s with AA and every TTL", async (name, type, expected) => {
    const { askDns, child } = world();
    const answer = await ask(askDns, child, name, type);
    expect(answer).toMatchObject({ rcode: "NOERROR", authoritative: true, authority: [] });
    expect(answer.answers.map((r) => [r.value, r.ttlSeconds])).toEqual(expected);
  });

  it("gives its own NS set with the TTL that child-centric resolvers believe, and its SOA", async () => {
    const { askDns, child, dns } = world();
    const ns = await ask(askDns, child, ZONE, "NS");
    expect(ns.authoritative).toBe(true);
    expect(ns.answers.map((r) => [r.value, r.ttlSeconds])).toEqual(
      dns.child.nameServers.map((s) => [`${s}.`, 172_800]),
    );
    const soa = await ask(askDns, child, ZONE, "SOA");
    expect(soa.answers[0]).toMatchObject({
      ttlSeconds: 900,
      value: expect.stringMatching(/ 1 7200 900 1209600 86400$/),
    });
  });

  it("of the parent refers to the child's servers, without AA, with the delegation's TTL", async () => {
    const { askDns, parent, dns } = world();
    for (const [name, type] of [
      [HOST, "A"],
      [ZONE, "NS"],
    ] as const) {
      const answer = await ask(askDns, parent, name, type);
      expect(answer).toMatchObject({ rcode: "NOERROR", authoritative: false, answers: [] });
      expect(answer.authority.map((r) => [r.type, r.value, r.ttlSeconds])).toEqual(
        dns.child.nameServers.map((s) => ["NS", `${s}.`, 172_800]),
      );
    }
  });

  it.each([
    [`nothing.${ZONE}`, "A", "NXDOMAIN"],
    [`api.${ZONE}`, "AAAA", "NOERROR"],
    [`dev.${ZONE}`, "A", "NOERROR"],
    [HOST, "AAAA", "NOERROR"],
  ] as const)("denies %s %s with %s and a SOA that says how long", async (name, type, rcode) => {
    const { askDns, child } = world();
    const answer = await ask(askDns, child, name, type);
    expect(answer).toMatchObject({ rcode, authoritative: true, answers: [] });
    expect(answer.authority.map((r) => r.type)).toEqual(["SOA"]);
    expect(negativeTtlSeconds(answer.authority[0] as (typeof answer.authority)[0])).toBe(900);
  });

  it("refuses names that it doesn't hold, and isn't there at all where there is no such server", async () => {
    const { askDns, child, parent } = world();
    expect(await ask(askDns, child, "elsewhere.example", "A")).toMatchObject({
      rcode: "REFUSED",
      authoritative: false,
    });
    expect(await ask(askDns, parent, "com", "NS")).toMatchObject({ rcode: "REFUSED" });
    await expect(ask(askDns, "ns-9.example", HOST, "A")).rejects.toMatchObject({ name: "AnswerLost" });
  });

  it("shares answers by weight, equal shares where all are zero, never one of zero weight beside others", async () => {
    const { askDns, child } = world();
    const count = async (name: string) => {
      const seen: Record<string, number> = {};
      for (let i = 0; i < 2_000; i += 1) {
        const { answers } = await ask(askDns, child, name, "A");
        expect(answers).toHaveLength(1);
        const value = answers[0]?.value ?? "";
        seen[value] = (seen[value] ?? 0) + 1;
      }
      return seen;
    };
    const weighted = await count(`w.${ZONE}`);
    expect(Object.keys(weighted).sort()).toEqual(["192.0.2.30", "192.0.2.31"]);
    expect((weighted["192.0.2.30"] ?? 0) / 2_000).toBeCloseTo(0.75, 1);
    const zero = await count(`zero.${ZONE}`);
    expect((zero["192.0.2.40"] ?? 0) / 2_000).toBeCloseTo(0.5, 1);
  });

  it("answers the old data until its own copy has the change", async () => {
    const { askDns, dns, clock } = world();
    const insyncAt = upsert(dns, dns.child.id, aliasTo(TARGET_LB));
    const addresses = async () =>
      Promise.all(
        dns.child.nameServers.map(async (s) => (await ask(askDns, s, HOST, "A")).answers[0]?.value),
      );
    expect(new Set(await addresses())).toEqual(new Set([SOURCE_IP]));
    const mixed: number[] = [];
    for (let at = clock.now(); at <= insyncAt; at += 500) {
      clock.advanceTo(at);
      mixed.push(new Set(await addresses()).size);
    }
    expect(mixed).toContain(2);
    clock.advanceTo(insyncAt);
    expect(new Set(await addresses())).toEqual(new Set(["198.51.100.10"]));
  });

  it("keeps the id and the question, and calls a message without one malformed", () => {
    const { dns, child } = world();
    const raw = (message: object) =>
      decode(Buffer.from(dns.answer(child, new Uint8Array(encode(message))) as Uint8Array));
    expect(raw({ type: "query", id: 4711, questions: [{ type: "A", name: HOST }] })).toMatchObject({
      id: 4711,
      type: "response",
    });
    expect((raw({ type: "query", id: 1, questions: [] }).flags ?? 0) & 0xf).toBe(1);
  });
});

describe("the adapter", () => {
  it("takes what is no message for no answer", async () => {
    const garbage = ask(async () => new Uint8Array([1, 2, 3]), "ns.example", HOST, "A");
    await expect(garbage).rejects.toMatchObject({ name: "AnswerLost" });
  });

  it("takes a truncated answer for none: the rest may say something else", async () => {
    const { dns, child } = world();
    const cut = async (server: string, message: Uint8Array) => {
      const answer = Buffer.from(dns.answer(server, message) as Uint8Array);
      answer.writeUInt16BE(answer.readUInt16BE(2) | (1 << 9), 2);
      return new Uint8Array(answer);
    };
    await expect(ask(cut, child, HOST, "A")).rejects.toMatchObject({
      name: "AnswerLost",
      message: expect.stringContaining("over TCP"),
    });
  });

  it("takes an answer to another question for none", async () => {
    const { dns, child } = world();
    const other = new Uint8Array(
      encode({ type: "query", id: 7, questions: [{ type: "A", name: `api.${ZONE}` }] }),
    );
    const stray = ask(async () => dns.answer(child, other) as Uint8Array, child, HOST, "A");
    await expect(stray).rejects.toMatchObject({ name: "AnswerLost" });
  });
});
