/** Authoritative answers as bytes (RFC 1035): flags, referrals, negative answers, aliases answered as addresses. */

import { type Answer, decode, encode, type Question } from "dns-packet";
import type { RecordSet } from "../../../domain/effects.ts";
import type { Random } from "../../random.ts";
import { type Choice, type Found, lookUp, negativeTtlSeconds, soaIn, soaOf } from "./lookup.ts";
import { fqdn, isUnder } from "./names.ts";
import type { Zones } from "./zones.ts";

/** An alias to a load balancer is answered with its addresses for this long, whatever anybody sets. */
export const ALIAS_TTL_SECONDS = 60;

const AUTHORITATIVE = 1 << 10;
const RCODE = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
const CHAIN_MAX = 8;

type Reply = {
  readonly rcode: keyof typeof RCODE;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
};

const REFUSED: Reply = { rcode: "REFUSED", authoritative: false, answers: [], authorities: [] };

const undotted = (name: string): string => name.replace(/\.$/, "");
const unquoted = (value: string): string[] =>
  [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => (m[1] ?? "").replace(/\\(.)/g, "$1"));

/** One value of a record set as the wire has it. @throws for types that the rehearsal doesn't carry on the wire. */
const answerOf = (name: string, type: string, ttl: number, value: string): Answer => {
  const base = { name: undotted(name), ttl, class: "IN" as const };
  const [first = "", second = "", third = "", fourth = ""] = value.split(/\s+/);
  switch (type) {
    case "A":
    case "AAAA":
      return { ...base, type, data: value };
    case "NS":
    case "CNAME":
    case "PTR":
      return { ...base, type, data: undotted(value) };
    case "TXT":
      return { ...base, type, data: unquoted(value) };
    case "MX":
      return { ...base, type, data: { preference: Number(first), exchange: undotted(second) } };
    case "SRV":
      return {
        ...base,
        type,
        data: {
          priority: Number(first),
          weight: Number(second),
          port: Number(third),
          target: undotted(fourth),
        },
      };
    case "CAA": {
      const tag = second as "issue" | "issuewild" | "iodef";
      return { ...base, type, data: { flags: Number(first), tag, value: unquoted(value)[0] ?? "" } };
    }
    case "DS": {
      const digest = Buffer.from(fourth, "hex");
      return {
        ...base,
        type,
        data: { keyTag: Number(first), algorithm: Number(second), digestType: Number(third), digest },
      };
    }
    default:
      throw new Error(`The rehearsal doesn't carry ${type} records on the wire (${name}).`);
  }
};

const soaAnswer = (soa: RecordSet, ttl: number): Answer => {
  const { mname, rname, ...numbers } = soaOf(soa);
  const data = { mname: undotted(mname), rname: undotted(rname), ...numbers };
  return { name: undotted(soa.name), type: "SOA", ttl, class: "IN", data };
};

/** The types of dns-packet leave it out. */
const opcodeOf = (query: object): string => ("opcode" in query ? String(query.opcode) : "QUERY");

export type WireOptions = {
  readonly zones: Zones;
  readonly random: Random;
  /** The addresses of a load balancer by its DNS name; none where it is gone. */
  readonly addressesOf: (dnsName: string) => readonly string[];
};

const negative = (found: Extract<Found, { readonly soa: RecordSet }>, before: readonly Answer[]): Reply => ({
  rcode: found.kind === "nxdomain" ? "NXDOMAIN" : "NOERROR",
  authoritative: true,
  answers: before,
  authorities: [soaAnswer(found.soa, negativeTtlSeconds(found.soa))],
});

const said = (
  answers: readonly Answer[],
  authorities: readonly Answer[] = [],
  authoritative = true,
): Reply => ({
  rcode: "NOERROR",
  authoritative,
  answers,
  authorities,
});

/** The servers' voice: one question to one server, one reply. */
class Voice {
  readonly #options: WireOptions;
  readonly #random: Random;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#random = options.random.fork("weighted-answers");
  }

  /** Follows CNAMEs as far as this server's zone goes. */
  reply(server: string, question: Question): Reply {
    const answers: Answer[] = [];
    let name = fqdn(question.name);
    for (let hop = 0; hop < CHAIN_MAX; hop += 1) {
      const view = this.#options.zones.view(server, name);
      if (!view) return hop === 0 ? REFUSED : said(answers);
      const found = lookUp(view, name, question.type);
      if (found.kind === "no-data" || found.kind === "nxdomain") return negative(found, answers);
      if (found.kind === "referral") return said(answers, this.#answersOf(found.ns.name, found.ns), hop > 0);
      const set = this.#pick(found.choices);
      const at = answers.length;
      answers.push(...this.#answersOf(name, set));
      // An alias to a balancer without addresses: the name is there, the type isn't.
      if (answers.length === at) return negative({ kind: "no-data", soa: soaIn(view) }, answers);
      const next = fqdn(set.values?.[0] ?? "");
      if (found.kind === "sets" || !isUnder(next, view.zone.name)) return said(answers);
      name = next;
    }
    return said(answers);
  }

  /** One of several weighted sets, by weight. */
  #pick(choices: readonly Choice[]): RecordSet {
    let left = choices.length > 1 ? this.#random.next() : 0;
    const chosen = choices.find((choice) => {
      left -= choice.share;
      return left < 0;
    });
    return (chosen ?? (choices.at(-1) as Choice)).set;
  }

  #answersOf(name: string, set: RecordSet): readonly Answer[] {
    if (set.type === "SOA") return [soaAnswer(set, set.ttlSeconds ?? 0)];
    if (!set.alias)
      return (set.values ?? []).map((value) => answerOf(name, set.type, set.ttlSeconds ?? 0, value));
    const addresses = set.type === "A" ? this.#options.addressesOf(fqdn(set.alias.dnsName)) : [];
    return addresses.map((address) => answerOf(name, set.type, ALIAS_TTL_SECONDS, address));
  }
}

const FORMERR: Reply = { ...REFUSED, rcode: "FORMERR" };
const NOTIMP: Reply = { ...REFUSED, rcode: "NOTIMP" };
const RECURSION_DESIRED = 1 << 8;

/** Answers one message as one server would; undefined where there is no such server. */
export const makeAnswer = (
  options: WireOptions,
): ((server: string, message: Uint8Array) => Uint8Array | undefined) => {
  const voice = new Voice(options);
  return (server, message) => {
    if (!options.zones.isServer(server)) return undefined;
    const query = decode(Buffer.from(message));
    const [question, ...more] = query.questions ?? [];
    const known = opcodeOf(query) === "QUERY";
    const { rcode, authoritative, answers, authorities } =
      !question || more.length > 0 ? FORMERR : known ? voice.reply(server, question) : NOTIMP;
    const flags =
      (authoritative ? AUTHORITATIVE : 0) | ((query.flags ?? 0) & RECURSION_DESIRED) | RCODE[rcode];
    return new Uint8Array(
      encode({
        type: "response",
        id: query.id ?? 0,
        flags,
        questions: query.questions ?? [],
        answers: [...answers],
        authorities: [...authorities],
      }),
    );
  };
};
