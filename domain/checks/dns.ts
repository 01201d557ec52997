/** Preflight's judgement of the names: who controls the zone and its parent, what every authoritative server says, and what resolvers will keep for how long. */

import { undotted } from "../dns-names.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import { counted, judging, type Observed, seen, some } from "./judging.ts";

/** A hosted zone of our account. Names end in a dot. */
export type ZoneSeen = {
  readonly id: string;
  readonly isPrivate: boolean;
  readonly nameServers: readonly string[];
  /** Made by this migration itself, in an earlier attempt. */
  readonly isTarget: boolean;
};

/** What one of the parent's servers says about the zone. */
export type ReferralSeen = {
  readonly rcode: string;
  /** NS of the delegation, lower case, without the last dot. */
  readonly nameServers: readonly string[];
  /** The TTL of the delegation's NS; 0 where there is none. */
  readonly ttlSeconds: number;
  readonly dsRecords: number;
};

/** What one of the zone's own servers says at its apex. */
export type ApexSeen = {
  readonly rcode: string;
  readonly authoritative: boolean;
  readonly nsTtlSeconds: number;
  readonly soaTtlSeconds: number;
  /** How long a negative answer lives: min(SOA's TTL, MINIMUM). */
  readonly negativeTtlSeconds: number;
};

export type AnswerOf<T> = { readonly server: string; readonly answer: Observed<T> };

export type DelegationSeen = {
  readonly zones: Observed<readonly ZoneSeen[]>;
  readonly parents: Observed<readonly ZoneSeen[]>;
  readonly referrals: readonly AnswerOf<ReferralSeen>[];
  /** DS records for the zone in the parent zone, as Route 53 lists them. */
  readonly parentDs: Observed<number>;
  readonly apexes: readonly AnswerOf<ApexSeen>[];
};

/** Resolvers cap what they keep at a week (RFC 8767), and preflight waits out no more than that. */
export const TTL_SECONDS_MAX = 604_800;

const sorted = (names: readonly string[]): readonly string[] => names.map(undotted).sort(byCodeUnit);
const same = (a: readonly string[], b: readonly string[]): boolean => sorted(a).join() === sorted(b).join();

/** The zone of our account that the parent sends resolvers to. */
export const delegatedZone = (observed: DelegationSeen): ZoneSeen | undefined => {
  const named = observed.referrals.flatMap((r) =>
    "value" in r.answer ? [r.answer.value.nameServers] : [],
  )[0];
  if (named === undefined || !("value" in observed.zones)) return undefined;
  return observed.zones.value.find((z) => !z.isPrivate && !z.isTarget && same(z.nameServers, named));
};

type Names = { readonly zone: string; readonly parent: string; readonly at: string };

/** Every check of the delegation: an id, a subject, a verdict each. */
export const judgeDelegation = (observed: DelegationSeen, names: Names): readonly Verdict[] => [
  judgeZone(observed, names),
  judgeParent(observed, names),
  judgeReferral(observed, names),
  judgeReferralTtl(observed, names),
  judgeDs(observed, names),
  ...judgeApexes(observed, names),
];

/** dns/zone: the zone is public and ours. */
const judgeZone = ({ zones }: DelegationSeen, { zone, at }: Names): Verdict => {
  const say = judging(at)("dns/zone", zone);
  const source = "route53:ListHostedZonesByName";
  if (!("value" in zones)) return say.unanswered(zones.missing, source);
  const open = zones.value.filter((z) => !z.isPrivate && !z.isTarget);
  const evidence = [
    seen(
      "public hosted zones of this name in our account",
      open.length,
      "exactly 1",
      source,
      zones.value.length,
    ),
  ];
  if (open.length > 1)
    return say.fail(
      `Our account has ${open.length} public zones named ${zone} (${some(open.map((z) => z.id))}): who writes to the name picks among them by chance.`,
      "Delete the zones of that name that nothing is delegated to.",
      evidence,
    );
  if (open.length === 1)
    return say.pass(`${zone} is a public zone of our account (${some(open.map((z) => z.id))}).`, evidence);
  if (zones.value.length > 0)
    return say.fail(
      `${zone} is a private zone: a VPC can't hold two private zones of one name, so it can't be cut by delegation.`,
      "Move a private zone by its records, not by its delegation; this plan can't do that.",
      evidence,
    );
  return say.fail(
    `Our account has no hosted zone named ${zone}.`,
    "Correct dns.zone in repot.yaml, or run in the account that holds the zone.",
    evidence,
  );
};

/** dns/parent: we control the zone that delegates. */
const judgeParent = ({ parents }: DelegationSeen, { zone, parent, at }: Names): Verdict => {
  const say = judging(at)("dns/parent", parent);
  const source = "route53:ListHostedZonesByName";
  if (!("value" in parents)) return say.unanswered(parents.missing, source);
  const open = parents.value.filter((z) => !z.isPrivate);
  const evidence = [
    seen(
      "public hosted zones of the parent's name in our account",
      open.length,
      "exactly 1",
      source,
      parents.value.length,
    ),
  ];
  if (open.length === 1) return say.pass(`We control ${parent}, which delegates ${zone}.`, evidence);
  if (open.length === 0)
    return say.fail(
      `${parent} isn't a public zone of our account, so we can't change where it delegates ${zone} to, nor how long resolvers believe it.`,
      "Get the parent zone into this account, correct dns.parent, or cut by records; this plan can't do the last.",
      evidence,
    );
  return say.fail(
    `Our account has ${open.length} public zones named ${parent}, and nobody can tell which of them is asked.`,
    "Delete the zones of that name that nothing is delegated to.",
    evidence,
  );
};

/** What all servers agree on, or why there is nothing. */
const agreed = <T>(answers: readonly AnswerOf<T>[], of: (value: T) => string): Observed<T> => {
  const silent = answers.flatMap((a) => ("missing" in a.answer ? [a.answer.missing] : []));
  if (silent[0] !== undefined) return { missing: silent[0] };
  const values = answers.flatMap((a) => ("value" in a.answer ? [a.answer.value] : []));
  const first = values[0];
  if (first === undefined) return { missing: "No authoritative server is known that could be asked." };
  return values.every((v) => of(v) === of(first))
    ? { value: first }
    : { missing: "The authoritative servers don't answer alike yet; a change is under way." };
};

/** dns/delegation: the parent sends resolvers to a zone of ours. */
const judgeReferral = (observed: DelegationSeen, { zone, parent, at }: Names): Verdict => {
  const say = judging(at)("dns/delegation", zone);
  const source = `NS ${zone} asked from ${counted(observed.referrals.length, "server")} of ${parent}`;
  const referral = agreed(observed.referrals, (r) => sorted(r.nameServers).join());
  if (!("value" in referral)) return say.unanswered(referral.missing, source);
  const { nameServers, rcode } = referral.value;
  const evidence = [
    seen(
      "name servers that the parent names",
      sorted(nameServers).join(", "),
      "those of our zone",
      source,
      observed.referrals.length,
    ),
  ];
  if (nameServers.length === 0)
    return say.fail(
      `${parent} doesn't delegate ${zone} (${rcode}): the zone isn't cut off from its parent, so there is no delegation to move.`,
      "Give the zone a delegation of its own first, or correct dns.zone and dns.parent.",
      evidence,
    );
  const ours = delegatedZone(observed);
  if (ours) return say.pass(`${parent} delegates ${zone} to our zone ${ours.id}.`, evidence);
  return say.fail(
    `${parent} delegates ${zone} to ${some(sorted(nameServers))}, which are not the servers of any zone of ours: somebody else answers for it.`,
    "Find out who holds the delegated zone; run in that account, or move the delegation to ours first.",
    evidence,
  );
};

/** dns/parent-ttl: how long resolvers believe the delegation. */
const judgeReferralTtl = (observed: DelegationSeen, { zone, parent, at }: Names): Verdict => {
  const say = judging(at)("dns/parent-ttl", zone);
  const source = `NS ${zone} asked from ${counted(observed.referrals.length, "server")} of ${parent}`;
  const referral = agreed(observed.referrals, (r) => String(r.ttlSeconds));
  if (!("value" in referral)) return say.unanswered(referral.missing, source);
  return judgeTtl(say, "The delegation's NS", referral.value.ttlSeconds, source, observed.referrals.length);
};

const judgeTtl = (
  say: ReturnType<ReturnType<typeof judging>>,
  what: string,
  ttlSeconds: number,
  source: string,
  samples: number,
): Verdict => {
  const evidence = [
    seen(`TTL of ${what}, seconds`, ttlSeconds, `at most ${TTL_SECONDS_MAX} s`, source, samples),
  ];
  return ttlSeconds <= TTL_SECONDS_MAX
    ? say.pass(
        `${what} lives ${ttlSeconds} s; once it is lowered, that long has to be waited out before the cut.`,
        evidence,
      )
    : say.fail(
        `${what} lives ${ttlSeconds} s: longer than the week that preflight waits at most.`,
        `Lower it by hand to at most ${TTL_SECONDS_MAX} s, wait the old TTL, then run preflight again.`,
        evidence,
      );
};

/** dns/ds: DNSSEC at the parent pins the zone's keys. */
const judgeDs = (observed: DelegationSeen, { zone, parent, at }: Names): Verdict => {
  const say = judging(at)("dns/ds", zone);
  const source = `DS ${zone} asked from ${counted(observed.referrals.length, "server")} of ${parent}, and route53:ListResourceRecordSets`;
  const referral = agreed(observed.referrals, (r) => String(r.dsRecords > 0));
  if (!("value" in referral)) return say.unanswered(referral.missing, source);
  if (!("value" in observed.parentDs)) return say.unanswered(observed.parentDs.missing, source);
  const dsRecords = Math.max(referral.value.dsRecords, observed.parentDs.value);
  const evidence = [seen("DS records at the parent", dsRecords, "0", source, observed.referrals.length + 1)];
  return dsRecords === 0
    ? say.pass(
        `${parent} has no DS for ${zone}: resolvers don't ask the new zone for the old one's keys.`,
        evidence,
      )
    : say.fail(
        `${parent} has ${counted(dsRecords, "DS record")} for ${zone}: to validating resolvers, answers of a new zone with other keys are forged.`,
        "Remove the DS, wait its TTL and the parent's, then run preflight again; sign the new zone after the migration.",
        evidence,
      );
};

/** dns/authoritative, dns/apex-ttl and dns/soa: what the zone's own servers say of it. */
const judgeApexes = ({ apexes }: DelegationSeen, { zone, at }: Names): readonly Verdict[] => {
  const source = `NS and SOA ${zone} asked from ${counted(apexes.length, "server")} of the zone`;
  const say = (id: string) => judging(at)(id, zone);
  const apex = agreed(apexes, (a) =>
    [a.authoritative, a.nsTtlSeconds, a.soaTtlSeconds, a.negativeTtlSeconds].join(),
  );
  const lame = apexes.filter(
    (a) => "value" in a.answer && !(a.answer.value.authoritative && a.answer.value.rcode === "NOERROR"),
  );
  if (lame.length > 0)
    return [
      say("dns/authoritative").fail(
        `${some(lame.map((l) => l.server))} ${lame.length === 1 ? "doesn't" : "don't"} answer for ${zone} although the delegation names ${lame.length === 1 ? "it" : "them"}.`,
        "Correct the delegation's NS so that it names only servers of the zone.",
        [seen("servers without an authoritative answer", lame.length, "0", source, apexes.length)],
      ),
    ];
  if (!("value" in apex))
    return ["dns/authoritative", "dns/apex-ttl", "dns/soa"].map((id) =>
      say(id).unanswered(apex.missing, source),
    );
  const { nsTtlSeconds, soaTtlSeconds, negativeTtlSeconds } = apex.value;
  return [
    say("dns/authoritative").pass(
      `Every server answers for ${zone} with authority (${counted(apexes.length, "server")}).`,
      [seen("servers with an authoritative answer", apexes.length, "all", source, apexes.length)],
    ),
    judgeTtl(say("dns/apex-ttl"), "The zone's own NS", nsTtlSeconds, source, apexes.length),
    judgeTtl(
      say("dns/soa"),
      `The SOA (negative answers live ${negativeTtlSeconds} s)`,
      soaTtlSeconds,
      source,
      apexes.length,
    ),
  ];
};
