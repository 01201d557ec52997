/** Links between the clusters: first the load balancers where the pods are, then the target's Services that lead to what stays on the source. */

import * as z from "zod";
import { operationOf } from "../domain/operations.ts";
import { BatchInput, workOff } from "./batch.ts";
import { forward, withJournal } from "./effect.ts";
import { balancerEffect, LINK_RIGHTS, pointingEffects } from "./links.ts";
import { planOf } from "./run.ts";
import { step } from "./step.ts";

export const linkServices = step({
  name: "link-services",
  does: "For each link of the plan: creates its load balancer, or (once those have names) points the target's Service at the source's.",
  input: BatchInput.extend({ subject: z.enum(["balancers", "services"]) }),
  needs: withJournal({ kubernetes: { source: LINK_RIGHTS.slice(0, 2), target: LINK_RIGHTS } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    // The source's own Services turn only when their pods have gone: see link-service.
    const links = (plan.links ?? []).filter((link) => input.subject === "balancers" || link.on === "target");
    const make = forward(context, input.run, "link-services");
    return workOff(context, links, input.from, async (link) => {
      const at = { step: "link-services", operation: operationOf(plan, "link-service", link.service) };
      const effects =
        input.subject === "balancers"
          ? [await balancerEffect(context, input.run, link)]
          : await pointingEffects(context, link);
      const outcomes = [];
      for (const { move, effect } of effects) outcomes.push(await make({ ...at, move }, effect));
      return outcomes;
    });
  },
});
