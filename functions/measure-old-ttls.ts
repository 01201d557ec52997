/** Says how long resolvers may still hold what they had before the TTLs were lowered. Changes nothing. */

import * as z from "zod";
import { planOf, RunSchema } from "./run.ts";
import { startOf } from "./start.ts";
import { step } from "./step.ts";

/** What a change may take to reach every authoritative server, beside the TTL itself. */
const PROPAGATION_SECONDS = 120;

export const measureOldTtls = step({
  name: "measure-old-ttls",
  does: "Reads the TTLs that were in force at the start: the longest of the delegation's, the apex's and the records'.",
  input: z.object({ run: RunSchema }),
  needs: { s3: ["GetObject"] },
  run: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const { delegation, records } = await startOf(context, run);
    const oldest = Math.max(
      plan.settings.dns.loweredTtlSeconds,
      ...[delegation, ...records].map((r) => r.ttlSeconds ?? 0),
    );
    return { waitSeconds: oldest + PROPAGATION_SECONDS };
  },
});
