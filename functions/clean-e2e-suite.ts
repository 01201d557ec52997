/** The end-to-end suite leaves nothing behind. */

import { isGoing } from "../domain/conditions.ts";
import { suiteOf } from "../domain/e2e.ts";
import { refOf } from "../domain/kube.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { deleteObject } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { step } from "./step.ts";
import { freshOf, hostsOf, SERVER_READS, serversOf, zonesOf } from "./zones.ts";

export const cleanE2eSuite = step({
  name: "clean-e2e-suite",
  does: "Deletes the suite's Jobs on the target.",
  input: BatchInput,
  needs: withJournal({ route53: SERVER_READS, kubernetes: { target: ["get jobs", "delete jobs"] } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    const target = kubernetesOf(context, "target");
    const left: Named[] = [];
    const nameServers = await serversOf(context, freshOf(await zonesOf(context, input.run, plan)));
    for (const job of suiteOf(input.run.migration, hostsOf(plan), nameServers)) {
      const found = await target.find(refOf(job));
      if (found && !isGoing(found))
        left.push({ move: `9.${slug(job.metadata.name)}`, effect: deleteObject("target", job, found) });
    }
    // What is gone is no longer listed: each batch starts at the beginning of what is left.
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "clean-e2e-suite", operation: "run-e2e-suite" },
      left,
    );
  },
});
