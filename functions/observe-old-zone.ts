/** Asks every server of the old zone whether it leads to where the new zone leads. Changes nothing. */

import { overall, type Verdict } from "../domain/gates.ts";
import { byCodeUnit } from "../domain/kube.ts";
import { gate } from "./gate.ts";
import { recordsAt } from "./observe-ttls.ts";
import { planOf } from "./run.ts";
import { askInSlices, SLICES } from "./slices.ts";
import type { Context } from "./step.ts";
import { judge, whereNoHosts } from "./verdicts.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const observeOldZone = gate({
  name: "observe-old-zone",
  does: "Compares, host by host, the addresses that old and new servers answer with.",
  needs: { route53: SERVER_READS, dns: ["ask"], s3: SLICES },
  measure: async ({ run, watcher }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "dns/old-zone");
    if (idle) return idle;
    const zones = await zonesOf(context, run, plan);
    const [fresh = ""] = await serversOf(context, freshOf(zones));
    const servers = await serversOf(context, zones.old);
    return askInSlices(context, run, `observe-old-zone-${watcher}`, hostsOf(plan), async (host) => {
      const wanted = addresses(await recordsAt(context, fresh, host, "A"));
      const verdicts: Verdict[] = [];
      for (const server of servers) {
        const found = addresses(await recordsAt(context, server, host, "A"));
        verdicts.push(arrival(context, server, host, wanted, found));
        // One that is late holds: the others of the host are asked once it is there.
        if (overall(verdicts) !== "pass") return verdicts;
      }
      return verdicts;
    });
  },
});

const arrival = (context: Context, server: string, host: string, wanted: string, found: string): Verdict => {
  const arrived = wanted !== "" && found === wanted;
  return judge(context, arrived ? true : undefined, {
    check: "dns/old-zone",
    subject: host,
    sentence: arrived
      ? `${server} leads ${host} to the target.`
      : `${server} still leads ${host} to ${found || "nowhere"}.`,
    remedy: "Wait until Route 53 is in sync; then compare the host's record in both zones.",
    value: found,
    threshold: wanted,
    samples: found === "" ? 0 : 1,
    source: `A ${host} @${server}`,
  });
};

const addresses = (records: readonly { readonly value: string }[]): string =>
  records
    .map((r) => r.value)
    .sort(byCodeUnit)
    .join(" ");
