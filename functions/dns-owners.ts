/** Whose the records of external-dns are, in the old zone and in the new one. */

import { type ControllerContainer, identityOf } from "../domain/controllers.ts";
import { nameOf } from "../domain/plan.ts";
import { at } from "../domain/pods.ts";
import type { NewOwner } from "../domain/zone-copy.ts";
import { objectsOf } from "./objects.ts";
import type { Run, SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

/** The owner ids of the platform's external-dns, and what the target's are called. */
export const ownersOf = async (context: Context, run: Run, plan: SlimPlan): Promise<readonly NewOwner[]> => {
  const running = plan.workloads.filter((w) => w.controller?.product === "external-dns");
  if (running.length === 0) return [];
  const names = new Set(running.map((w) => `${w.kind} ${nameOf(w)}`));
  return (await objectsOf(context, run))
    .filter((o) => names.has(`${o.kind} ${o.metadata.namespace}/${o.metadata.name}`))
    .flatMap((o) => {
      const containers = (at(o, "spec", "template", "spec", "containers") ??
        []) as readonly ControllerContainer[];
      const from = identityOf("external-dns", containers);
      return from === undefined ? [] : [{ from, to: plan.settings.target.name }];
    });
};
