/** Asks the parent's and the old zone's servers whom they delegate to, and the new ones whether they speak for every host. Changes nothing. */

import { ask } from "../adapters/dns.ts";
import { fqdn } from "../domain/dns-names.ts";
import { AnswerLost } from "../domain/errors.ts";
import { overall, type Verdict } from "../domain/gates.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { recordsAt } from "./observe-ttls.ts";
import { planOf } from "./run.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const observeDelegation = gate({
  name: "observe-delegation",
  does: "Every server of the parent and of the old zone names the new servers; every new server answers authoritatively for every host.",
  needs: { route53: SERVER_READS, dns: ["ask"] },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const zones = await zonesOf(context, run, plan);
    const servers = await serversOf(context, freshOf(zones));
    const wanted = servers.map(fqdn).sort(byCodeUnit);
    const delegations: Verdict[] = [];
    // While the servers of one zone are late, nothing that the others say lets the run go on: they are asked once those are there.
    for (const zone of [zones.parent, zones.old]) {
      delegations.push(
        ...(await forEach(await serversOf(context, zone), (server) =>
          delegatesTo(context, server, plan.settings.dns.zone, wanted),
        )),
      );
      if (overall(delegations) !== "pass") return delegations;
    }
    const questions = servers.flatMap((server) => hostsOf(plan).map((host) => ({ server, host })));
    const answers = await forEach(questions, ({ server, host }) => answersFor(context, server, host));
    return [...delegations, ...answers];
  },
});

/** A server that still has the old set is not wrong yet, only late: unknown, and asked again. */
const delegatesTo = async (
  context: Context,
  server: string,
  zone: string,
  wanted: readonly string[],
): Promise<Verdict> => {
  const found = (await recordsAt(context, server, zone, "NS")).map((r) => r.value).sort(byCodeUnit);
  const arrived = found.join() === wanted.join();
  return judge(context, arrived ? true : undefined, {
    check: "dns/delegation",
    subject: zone,
    sentence: arrived
      ? `${server} delegates ${zone} to the new servers.`
      : `${server} still answers NS ${zone} with ${found.join(", ") || "nothing"}.`,
    remedy:
      "Wait until Route 53 is in sync; then look at the NS record set at the parent and at the old zone's apex.",
    value: found.join(" "),
    threshold: wanted.join(" "),
    samples: found.length,
    source: `NS ${zone} @${server}`,
  });
};

const answersFor = async (context: Context, server: string, host: string): Promise<Verdict> => {
  const answer = await ask(context.askDns, server, host, "A").catch((error: unknown) => {
    if (error instanceof AnswerLost) return undefined;
    throw error;
  });
  const passes = answer ? answer.authoritative && answer.answers.length > 0 : undefined;
  return judge(context, passes, {
    check: "dns/new-zone",
    subject: host,
    sentence: answer
      ? `${server} answers ${answer.rcode} with ${answer.answers.length} records for ${host}.`
      : `${server} did not answer for ${host}.`,
    remedy: `Create the record of ${host} in the new zone.`,
    value: answer?.answers.length ?? null,
    threshold: "an authoritative answer with a record",
    samples: answer ? 1 : 0,
    source: `A ${host} @${server}`,
  });
};
