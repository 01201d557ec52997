/** Asks every authoritative server whether the lowered TTLs are what it answers with. Changes nothing. */

import type { RecordType } from "dns-packet";
import { ask, type DnsRecord } from "../adapters/dns.ts";
import { AnswerLost } from "../domain/errors.ts";
import type { Verdict } from "../domain/gates.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";
import { askInSlices, SLICES } from "./slices.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

/** An alias to a load balancer is answered with this, whatever anybody wants (Route 53 developer guide). */
const ALIAS_TTL_SECONDS = 60;

export const observeTtls = gate({
  name: "observe-ttls",
  does: "Asks the parent's servers for the delegation, and the zone's own for its apex and hosts.",
  needs: { route53: SERVER_READS, dns: ["ask"], s3: SLICES },
  measure: async ({ run, watcher }, context) => {
    const plan = await planOf(context, run);
    const { zone, loweredTtlSeconds } = plan.settings.dns;
    const zones = await zonesOf(context, run, plan);
    const questions: readonly (readonly [server: string, name: string, type: "NS" | "A", most: number])[] = [
      ...(await serversOf(context, zones.parent)).map(
        (server) => [server, zone, "NS", loweredTtlSeconds] as const,
      ),
      ...(await serversOf(context, zones.old)).flatMap((server) => [
        [server, zone, "NS", loweredTtlSeconds] as const,
        ...hostsOf(plan).map(
          (host) => [server, host, "A", Math.max(loweredTtlSeconds, ALIAS_TTL_SECONDS)] as const,
        ),
      ]),
    ];
    return askInSlices(
      context,
      run,
      `observe-ttls-${watcher}`,
      questions,
      async ([server, name, type, most]) => [await ttlAt(context, server, name, type, most)],
    );
  },
});

const ttlAt = async (
  context: Context,
  server: string,
  name: string,
  type: "NS" | "A",
  ttlSecondsMax: number,
): Promise<Verdict> => {
  const records = await recordsAt(context, server, name, type);
  const ttl = Math.max(...records.map((r) => r.ttlSeconds));
  return judge(context, records.length === 0 ? undefined : ttl <= ttlSecondsMax, {
    check: "dns/lowered-ttl",
    subject: `${type} ${name}`,
    sentence:
      records.length === 0
        ? `${server} did not answer for ${type} ${name}.`
        : `${server} answers for ${type} ${name} with a TTL of ${ttl} s.`,
    remedy: `Wait until Route 53 is in sync, or set the TTL of ${type} ${name} to ${ttlSecondsMax} s.`,
    value: records.length === 0 ? null : ttl,
    threshold: `at most ${ttlSecondsMax} s`,
    samples: records.length,
    source: `${type} ${name} @${server}`,
  });
};

/** The records of a name at one server: its answer, or the referral that a parent gives for a delegation; none where no answer came. */
export const recordsAt = async (
  context: Context,
  server: string,
  name: string,
  type: RecordType,
): Promise<readonly DnsRecord[]> => {
  try {
    const answer = await ask(context.askDns, server, name, type);
    const own = answer.answers.filter((r) => r.type === type);
    return own.length > 0 ? own : answer.authority.filter((r) => r.type === type);
  } catch (error) {
    if (error instanceof AnswerLost) return [];
    throw error;
  }
};
