/** The move is over: autoscalers of the target get the ranges back that the source's had before they were floored. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { type Json, type Ref, sentenceOf } from "../domain/kube.ts";
import { operationOf } from "../domain/operations.ts";
import { BatchInput, slug, workOff } from "./batch.ts";
import { journalOf, makeEffect, withJournal } from "./effect.ts";
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
    const floored = (await journal.forwardKeys(input.run.migration)).filter(
      (key) =>
        key.includes(`/${operationOf(plan, "floor-autoscalers")}/`) ||
        // What pinned the target's workers first knows what stood there before.
        /-shift-workers:[^/]*\/[^/]*\/forward-000-0-target\.0-pin\.json$/.test(key),
    );
    const at = { step: "restore-autoscalers", operation: operationOf(plan, "restore-autoscalers") };
    return workOff(context, floored, input.from, async (key) => {
      const { effect } = await journal.read(key);
      if (effect.kind !== "set-field") return [];
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
        await makeEffect(
          context,
          input.run,
          { ...at, move },
          setField("target", ref, effect.path, fieldOf(live, effect.path), effect.before as Json),
        ),
      ];
    });
  },
});
