/** Probes on both clusters try every destination every few minutes, until the thaw. */

import { probesOf } from "../domain/egress-probes.ts";
import type { Side } from "../domain/phases.ts";
import { BatchInput, createdTogether, makeNamed } from "./batch.ts";
import { destinationsOf } from "./destinations.ts";
import { withJournal } from "./effect.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

const SIDES: readonly Side[] = ["source", "target"];
const RIGHTS = ["get cronjobs", "create cronjobs"];

export const installProbes = step({
  name: "install-probes",
  does: "Creates CronJobs on both clusters that open a TCP connection to each destination of the source.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: RIGHTS, target: RIGHTS } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    const destinations = await destinationsOf(context, input.run, plan);
    return makeNamed(
      context,
      input,
      { step: "install-probes", operation: "install-probes" },
      SIDES.flatMap((side) =>
        createdTogether(
          side,
          side,
          probesOf(input.run.migration, destinations, plan.settings.network.egressEcho),
        ),
      ),
    );
  },
});
