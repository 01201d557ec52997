/** Nodes ahead of demand: placeholders of the plan's own shapes make the target's node pools grow before anything needs them. */

import { demandsOf, placeholderOf } from "../domain/warmth.ts";
import { BatchInput, createdTogether, makeNamed } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { objectsOf } from "./objects.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

export const warmTarget = step({
  name: "warm-target",
  does: "Creates placeholder Deployments on the target, one for each shape of pod that the plan brings there in full.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { target: ["get deployments", "create deployments"] } }),
  run: async (input, context) => {
    const { workloads } = await planOf(context, input.run);
    const demands = demandsOf(workloads, await objectsOf(context, input.run));
    return makeNamed(
      context,
      input,
      { step: "warm-target", operation: "warm-target" },
      createdTogether(
        "target",
        "0",
        demands.map((demand) => placeholderOf(input.run.migration, demand)),
      ),
    );
  },
});
