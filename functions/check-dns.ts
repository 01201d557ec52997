/** Preflight, DNS: asks Route 53 for the zone and its parent, and every authoritative server for what it really says. Changes nothing. */

import { ask, type DnsAnswer, negativeTtlSeconds } from "../adapters/dns.ts";
import { makeRoute53, type Route53 } from "../adapters/route53.ts";
import {
  type AnswerOf,
  type ApexSeen,
  type DelegationSeen,
  delegatedZone,
  judgeDelegation,
  type ReferralSeen,
  type ZoneSeen,
} from "../domain/checks/dns.ts";
import {
  type ExternalDnsSeen,
  judgeExternalDns,
  judgeRecords,
  type RecordsSeen,
} from "../domain/checks/dns-records.ts";
import { type Observed, objectsOf } from "../domain/checks/judging.ts";
import { fqdn } from "../domain/dns-names.ts";
import { Invalid, NotFound } from "../domain/errors.ts";
import { refOf, sentenceOf } from "../domain/kube.ts";
import type { Plan } from "../domain/plan.ts";
import { containersOf, templateOf, workloadKindOf } from "../domain/pods.ts";
import { asking, check, forEach, unique, wholePlanOf } from "./check.ts";
import type { Run } from "./run.ts";
import type { Context } from "./step.ts";
import { callerReferenceOf, RECORD_READS } from "./zones.ts";

export const checkDns = check({
  name: "check-dns",
  does: "Judges the zone, its parent, their TTLs, DS, records and external-dns, as Route 53 and every authoritative server have them.",
  needs: { route53: ["GetHostedZone", ...RECORD_READS], dns: ["ask"] },
  measure: async (run, context) => {
    const at = context.now().toISOString();
    const plan = await wholePlanOf(context, run);
    const { zone, parent } = plan.settings.dns;
    const route53 = makeRoute53(context.aws.route53);
    const observed = await observeDelegation(route53, context, run, zone, parent);
    const ours = delegatedZone(observed);
    const records = ours
      ? await recordsOf(route53, ours.id)
      : { missing: `Which zone of ours ${zone} is delegated to isn't known, so its records aren't either.` };
    return [
      ...judgeDelegation(observed, { zone, parent, at }),
      ...judgeRecords(records, plan, at),
      ...judgeExternalDns(externalDnsOf(plan), { zone, zoneId: ours?.id, zoneAssumed: isAssumed(plan), at }),
    ];
  },
});

const observeDelegation = async (
  route53: Route53,
  context: Context,
  run: Run,
  zone: string,
  parent: string,
): Promise<DelegationSeen> => {
  const zones = await zonesNamed(route53, run, zone);
  const parents = await zonesNamed(route53, run, parent);
  const parentServers =
    "value" in parents ? parents.value.filter((z) => !z.isPrivate).flatMap((z) => z.nameServers) : [];
  const referrals = await forEach(
    unique(parentServers),
    async (server): Promise<AnswerOf<ReferralSeen>> => ({
      server,
      answer: await asking(() => referralFrom(context, server, zone)),
    }),
  );
  const parentDs = await asking(() => dsListed(route53, parents, zone));
  const zoneServers = referrals.flatMap((r) => ("value" in r.answer ? r.answer.value.nameServers : []));
  const apexes = await forEach(
    unique(zoneServers),
    async (server): Promise<AnswerOf<ApexSeen>> => ({
      server,
      answer: await asking(() => apexFrom(context, server, zone)),
    }),
  );
  return { zones, parents, referrals, parentDs, apexes };
};

const zonesNamed = (route53: Route53, run: Run, name: string): Promise<Observed<readonly ZoneSeen[]>> =>
  asking(async () => {
    const found: ZoneSeen[] = [];
    for (const { id, isPrivate, callerReference } of await route53.zonesByName(name)) {
      // A private zone has no servers that could be asked.
      const nameServers = isPrivate ? [] : ((await route53.zone(id))?.nameServers ?? []);
      found.push({ id, isPrivate, nameServers, isTarget: callerReference === callerReferenceOf(run) });
    }
    return found;
  });

const dsListed = async (
  route53: Route53,
  parents: Observed<readonly ZoneSeen[]>,
  zone: string,
): Promise<number> => {
  const open = "value" in parents ? parents.value.filter((z) => !z.isPrivate) : [];
  if (open.length === 0)
    throw new NotFound(`The parent of ${zone} isn't ours, so its DS records can't be listed.`);
  let listed = 0;
  for (const { id } of open) listed += (await route53.recordsOf(id, zone, "DS")).length;
  return listed;
};

/** The records of a name in an answer, wherever the server put them: a referral has them in the authority section. */
const of = (answer: DnsAnswer, name: string, type: string) =>
  [...answer.answers, ...answer.authority].filter((r) => r.type === type && r.name === fqdn(name));

const referralFrom = async (context: Context, server: string, zone: string): Promise<ReferralSeen> => {
  const referral = await ask(context.askDns, server, zone, "NS");
  const ds = await ask(context.askDns, server, zone, "DS");
  const names = of(referral, zone, "NS");
  return {
    rcode: referral.rcode,
    nameServers: names.map((r) => r.value.replace(/\.$/, "")),
    ttlSeconds: Math.max(0, ...names.map((r) => r.ttlSeconds)),
    dsRecords: of(ds, zone, "DS").length,
  };
};

const apexFrom = async (context: Context, server: string, zone: string): Promise<ApexSeen> => {
  const ns = await ask(context.askDns, server, zone, "NS");
  const soa = of(await ask(context.askDns, server, zone, "SOA"), zone, "SOA")[0];
  const names = of(ns, zone, "NS");
  return {
    rcode: ns.rcode,
    authoritative: ns.authoritative && names.length > 0 && soa !== undefined,
    nsTtlSeconds: Math.max(0, ...names.map((r) => r.ttlSeconds)),
    soaTtlSeconds: soa?.ttlSeconds ?? 0,
    negativeTtlSeconds: soa ? negativeTtlSeconds(soa) : 0,
  };
};

/** Records whose routing can't be carried over are a finding about the zone, not a failure of the check. */
const recordsOf = async (route53: Route53, zoneId: string): Promise<RecordsSeen> => {
  try {
    return await asking(() => route53.listRecords(zoneId));
  } catch (error) {
    if (error instanceof Invalid) return { refused: error.message };
    throw error;
  }
};

/** Every workload that runs external-dns, by its image's last name, with its arguments. */
const externalDnsOf = (plan: Plan): readonly ExternalDnsSeen[] =>
  objectsOf(plan).flatMap((object) => {
    const kind = workloadKindOf(object);
    if (!kind) return [];
    return containersOf(templateOf(object, kind).spec)
      .filter(({ container }) => /(^|\/)external-dns(:|@|$)/.test(container.image ?? ""))
      .map(({ container }) => ({
        workload: sentenceOf(refOf(object)),
        arguments: [...(container.command ?? []), ...(container.args ?? [])],
      }));
  });

const isAssumed = (plan: Plan): boolean => plan.assumptions.some((a) => a.startsWith("The zone is "));
