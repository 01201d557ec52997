/** An exclusive workload was handed over: the source's Services of that name lead to the target, as long as the source still has callers. */

import * as z from "zod";
import { operationOf } from "../domain/operations.ts";
import { forward, withJournal } from "./effect.ts";
import { LINK_RIGHTS, pointingEffects } from "./links.ts";
import { ItemSchema, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const linkService = step({
  name: "link-service",
  does: "Points the source's Services of one handed-over workload at the target's load balancer; nothing where nobody calls it.",
  input: z.object({ run: RunSchema, item: ItemSchema }),
  needs: withJournal({
    kubernetes: { source: ["get services", "patch services"], target: LINK_RIGHTS.slice(0, 1) },
  }),
  run: async ({ run, item }, context) => {
    const plan = await planOf(context, run);
    const links = (plan.links ?? []).filter(
      (l) => l.on === "source" && l.workload === `${item.namespace}/${item.name}`,
    );
    const make = forward(context, run, "link-service");
    for (const link of links) {
      const at = { step: "link-service", operation: operationOf(plan, "link-service", link.service) };
      for (const { move, effect } of await pointingEffects(context, link))
        await make({ ...at, move }, effect);
    }
    return { linked: links.map((l) => l.service) };
  },
});
