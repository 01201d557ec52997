/**
 * What could not be copied back serves where its data are: it starts on the target again, and the source's callers are led there. A change of the
 * way back: past the fence, and undone by nobody but a person.
 */

import * as z from "zod";
import { copyMove, MOVES } from "../domain/volume-copy.ts";
import { makeUndoEffect, withJournal } from "./effect.ts";
import { LINK_RIGHTS, pointingEffects } from "./links.ts";
import { ItemSchema, kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { refOfItem, statusOf } from "./workload.ts";

export const resumeOnTarget = step({
  name: "resume-on-target",
  does: "Gives a copied workload its pods on the target again, and points the source's Services of it there, as they were before its way back was tried.",
  input: z.object({ run: RunSchema, item: ItemSchema, attempt: z.number().int().nonnegative() }),
  needs: withJournal({
    kubernetes: {
      source: ["get services", "patch services"],
      target: [
        LINK_RIGHTS[0],
        "get deployments",
        "get statefulsets",
        "patch deployments/scale",
        "patch statefulsets/scale",
      ],
    },
  }),
  run: async ({ run, item, attempt }, context) => {
    const move = copyMove(`back-9-${MOVES.start}`, attempt);
    const at = { step: "resume-on-target", operation: item.operations.move ?? "" };
    const workload = await kubernetesOf(context, "target").get(refOfItem(item));
    await makeUndoEffect(
      context,
      run,
      { ...at, move },
      {
        kind: "set-field",
        cluster: "target",
        object: refOfItem(item),
        path: ["spec", "replicas"],
        before: statusOf(workload).wanted,
        after: item.replicas,
      },
    );
    const links = ((await planOf(context, run)).links ?? []).filter(
      (l) => l.on === "source" && l.workload === `${item.namespace}/${item.name}`,
    );
    for (const link of links)
      for (const pointing of await pointingEffects(context, link))
        await makeUndoEffect(
          context,
          run,
          { ...at, move: `${move}.${link.service.replace("/", ".")}-${pointing.move}` },
          pointing.effect,
        );
    return { resumed: `${item.namespace}/${item.name}`, linked: links.map((l) => l.service) };
  },
});
