/** The end-to-end suite starts: a Job for each public host, on the target, against the zone that nobody is sent to yet. */

import { suiteOf } from "../domain/e2e.ts";
import { BatchInput, createdTogether, makeNamed } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const runE2eSuite = step({
  name: "run-e2e-suite",
  does: "Creates one Job for each public host; each asks the new zone's servers and then the target's load balancer, by the real Host.",
  input: BatchInput,
  needs: withJournal({ route53: SERVER_READS, kubernetes: { target: ["get jobs", "create jobs"] } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    const nameServers = await serversOf(context, freshOf(await zonesOf(context, input.run, plan)));
    return makeNamed(
      context,
      input,
      { step: "run-e2e-suite", operation: "run-e2e-suite" },
      createdTogether("target", "0", suiteOf(input.run.migration, hostsOf(plan), nameServers)),
    );
  },
});
