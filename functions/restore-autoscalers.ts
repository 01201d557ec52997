/** The move is over: autoscalers of the target get the ranges back that the source's had before they were floored. */

import { fieldOf } from "../adapters/effects/fields.ts";
import type { Journal } from "../adapters/journal.ts";
import { keys } from "../domain/journal.ts";
import { type Json, type Ref, sentenceOf } from "../domain/kube.ts";
import { operationOf, operationsOf } from "../domain/operations.ts";
import type { Plan } from "../domain/plan.ts";
import { BatchInput, slug, workOff } from "./batch.ts";
import { forward, journalOf, withJournal } from "./effect.ts";
import { AUTOSCALERS } from "./floor-autoscalers.ts";
import { orUnknown, setField } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { step } from "./step.ts";

const RIGHTS = AUTOSCALERS.flatMap((r) => [`get ${r}`, `patch ${r}`]);

export const restoreAutoscalers = step({
  name: "restore-autoscalers",
  does: "Sets each field that floor-autoscalers wrote, on the target's copy, to the value that its journal entry has from before.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { target: RIGHTS } }),
  run: async (input, context) => {
    const plan = await planOf(context, input.run);
    const target = kubernetesOf(context, "target");
    const journal = journalOf(context);
    const floored = await changedKeys(journal, input.run.migration, plan);
    const at = { step: "restore-autoscalers", operation: operationOf(plan, "restore-autoscalers") };
    const make = forward(context, input.run, at.step);
    return workOff(context, floored, input.from, async (key) => {
      const effect = (await journal.find(key))?.effect;
      if (effect?.kind !== "set-field") return [];
      const ref = effect.object as Ref;
      const live = await orUnknown(() => target.find(ref));
      if (!live) {
        context.log.warn("An autoscaler of the source has no copy on the target.", {
          autoscaler: sentenceOf(ref),
        });
        return [];
      }
      const move = slug(ref.kind, ref.namespace, ref.name, ...effect.path);
      return [
        await make(
          { ...at, move },
          setField("target", ref, effect.path, fieldOf(live, effect.path), effect.before as Json),
        ),
      ];
    });
  },
});

/**
 * The entries of what floor-autoscalers wrote, and where the first pin of each queue worker on the target stands if there was anything to pin:
 * it knows what stood there before. The journal of a whole migration has tens of thousands of entries; none of the others is looked at.
 */
const changedKeys = async (
  journal: Journal,
  migration: string,
  plan: Pick<Plan, "operations">,
): Promise<readonly string[]> => [
  ...(await journal.forwardKeys(migration, operationOf(plan, "floor-autoscalers"))),
  ...operationsOf(plan, "shift-workers").map((operation) =>
    keys.entry({ migration, operation, move: "000-0-target.0-pin", direction: "forward" }),
  ),
];
