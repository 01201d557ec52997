/** Says how long resolvers may still hold what they had before the cut. Changes nothing. */

import * as z from "zod";
import { makeRoute53 } from "../adapters/route53.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { RECORD_READS, recordOf, zonesOf } from "./zones.ts";

/** Resolvers fetch early and late; connections that began with the last old answer get a moment. */
const MARGIN_SECONDS = 30;

export const measureTtls = step({
  name: "measure-ttls",
  does: "Reads the TTLs that are in force now: of the delegation, of the apex, of the longest record.",
  input: z.object({ run: RunSchema }),
  needs: { s3: ["GetObject"], route53: RECORD_READS },
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const route53 = makeRoute53(context.aws.route53);
    const zones = await zonesOf(context, run, plan);
    const atParent = await recordOf(route53, zones.parent.id, plan.settings.dns.zone, "NS");
    const records = await route53.listRecords(zones.old.id);
    const apex = records.filter((r) => r.type === "NS").map((r) => r.ttlSeconds ?? 0);
    // An alias to a load balancer is answered with 60 seconds (Route 53 developer guide).
    const hosts = records.filter((r) => r.type !== "NS" && r.type !== "SOA").map((r) => r.ttlSeconds ?? 60);
    return {
      waitSeconds: Math.max(atParent.ttlSeconds ?? 0, ...apex) + Math.max(0, ...hosts) + MARGIN_SECONDS,
      recordWaitSeconds: Math.max(0, ...hosts) + MARGIN_SECONDS,
    };
  },
});
