/** Nodes ahead of demand: placeholders of the plan's own shapes make the target's node pools grow before anything needs them. */

import { demandsOf, placeholderOf } from "../domain/warmth.ts";
import { BatchInput, makeNamed, place } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { createObject, objectsOf } from "./objects.ts";
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
      demands.map((demand, index) => ({
        move: `0.${place(index)}`,
        effect: createObject("target", placeholderOf(input.run.migration, demand)),
      })),
    );
  },
});
