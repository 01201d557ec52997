/** Questions to name servers on the wire (RFC 1035), and their answers with every TTL: what Node's own resolver doesn't tell. */

import { type Answer, decode, encode, type RecordType } from "dns-packet";
import { fqdn, undotted } from "../domain/dns-names.ts";
import { AnswerLost } from "../domain/errors.ts";

/** Carries one encoded message to one server and brings its answer; rejects where none came. */
export type AskDns = (server: string, message: Uint8Array) => Promise<Uint8Array>;

export type DnsRecord = {
  /** Lower case, with the last dot. */
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  /** As Route 53 writes a value: an address, a name with its last dot, `10 mail.example.`, a quoted text. */
  readonly value: string;
};

export type DnsAnswer = {
  /** NOERROR, NXDOMAIN, REFUSED, SERVFAIL … */
  readonly rcode: string;
  /** The AA flag: the server speaks for the zone itself; false in referrals. */
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  /** NS of a referral, or the SOA of a negative answer. */
  readonly authority: readonly DnsRecord[];
};

const AUTHORITATIVE = 1 << 10;
const TRUNCATED = 1 << 9;
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** A query's id. From the question, not by chance: the answer is checked against the question as well. */
const idOf = (text: string): number => {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) & 0xffff;
  return hash;
};

const quoted = (data: unknown): string =>
  (Array.isArray(data) ? data : [data])
    .map((part) => `"${Buffer.isBuffer(part) ? part.toString("utf8") : String(part)}"`)
    .join(" ");

const textOf = (answer: Answer): string => {
  switch (answer.type) {
    case "A":
    case "AAAA":
      return answer.data;
    case "CNAME":
    case "NS":
    case "PTR":
      return fqdn(answer.data);
    case "MX":
      return `${answer.data.preference ?? 0} ${fqdn(answer.data.exchange)}`;
    case "SRV":
      return `${answer.data.priority ?? 0} ${answer.data.weight ?? 0} ${answer.data.port} ${fqdn(answer.data.target)}`;
    case "CAA":
      return `${answer.data.flags ?? 0} ${answer.data.tag} "${answer.data.value}"`;
    case "TXT":
      return quoted(answer.data);
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = answer.data;
      return [fqdn(mname), fqdn(rname), serial, refresh, retry, expire, minimum].join(" ");
    }
    case "DS": {
      const { keyTag, algorithm, digestType, digest } = answer.data;
      return `${keyTag} ${algorithm} ${digestType} ${digest.toString("hex")}`;
    }
    default:
      return "data" in answer && Buffer.isBuffer(answer.data) ? answer.data.toString("hex") : "";
  }
};

const recordOf = (answer: Answer): DnsRecord => ({
  name: fqdn(answer.name),
  type: answer.type,
  ttlSeconds: "ttl" in answer ? (answer.ttl ?? 0) : 0,
  value: textOf(answer),
});

const decoded = (bytes: Uint8Array, server: string) => {
  try {
    return decode(Buffer.from(bytes));
  } catch (cause) {
    throw new AnswerLost(`${server} answered with what is no DNS message.`, { cause });
  }
};

/**
 * One question to one server; recursion isn't asked for.
 * @throws AnswerLost where no answer came, or none to this question.
 */
export const ask = async (
  askDns: AskDns,
  server: string,
  name: string,
  type: RecordType,
): Promise<DnsAnswer> => {
  const question = { name: undotted(name), type };
  const id = idOf(`${server} ${question.name} ${type}`);
  const message = new Uint8Array(encode({ type: "query", id, questions: [question] }));
  const bytes = await askDns(server, message).catch((cause: unknown) => {
    throw new AnswerLost(`${server} didn't answer for ${type} ${question.name}.`, { cause });
  });
  const answer = decoded(bytes, server);
  const asked = answer.questions?.[0];
  const flags = answer.flags ?? 0;
  if (answer.id !== id || asked?.type !== type || fqdn(asked.name) !== fqdn(name))
    throw new AnswerLost(`${server} answered another question than ${type} ${question.name}.`);
  if ((flags & TRUNCATED) !== 0)
    throw new AnswerLost(
      `${server} cut its answer for ${type} ${question.name} short: it has to be asked over TCP.`,
    );
  return {
    rcode: RCODES[flags & 0xf] ?? `RCODE${flags & 0xf}`,
    authoritative: (flags & AUTHORITATIVE) !== 0,
    answers: (answer.answers ?? []).map(recordOf),
    authority: (answer.authorities ?? []).filter((a) => a.type !== "OPT").map(recordOf),
  };
};

/** The MINIMUM field of a SOA value: with the SOA's own TTL, how long a negative answer lives. */
export const negativeTtlSeconds = (soa: DnsRecord): number =>
  Math.min(soa.ttlSeconds, Number(soa.value.split(" ").at(-1) ?? 0));
