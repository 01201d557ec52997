/** What stays on the source is reached from the target; what will be handed over gets its balancer on the target early. */

import { operationOf } from "../domain/operations.ts";
import { BatchInput, workOff } from "./batch.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { balancerEffect, LINK_RIGHTS, pointingEffects } from "./links.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

export const linkServices = step({
  name: "link-services",
  does: "For each link of the plan, creates the load balancer where the pods are; points the target's Services at those of the source.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { source: LINK_RIGHTS.slice(0, 2), target: LINK_RIGHTS } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    return workOff(context, plan.links ?? [], input.from, async (link) => {
      const at = { step: "link-services", operation: operationOf(plan, "link-service", link.service) };
      const balancer = await balancerEffect(context, input.run, link);
      const outcomes = [await makeEffect(context, input.run, { ...at, move: balancer.move }, balancer.effect)];
      // The source's own Services turn only when their pods have gone: see link-service.
      if (link.on === "source") return outcomes;
      for (const { move, effect } of await pointingEffects(context, link))
        outcomes.push(await makeEffect(context, input.run, { ...at, move }, effect));
      return outcomes;
    });
  },
});
