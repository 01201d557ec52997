/** Webhooks and aggregated APIs come to the target once the wave that holds their backends has been moved. */

import { asNew } from "../adapters/effects/objects.ts";
import { ours } from "../domain/bundle.ts";
import { BatchInput, makeNamed, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { dueHooks } from "./hooks.ts";
import { createObject } from "./objects.ts";
import { step } from "./step.ts";

export const restoreHooks = step({
  name: "restore-hooks",
  does: "Creates on the target each webhook configuration and aggregated API of the source whose backends have been moved.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: { source: ["list planned"], target: ["list planned", "get planned", "create planned"] },
  }),
  run: async (input, context) => {
    const due = await dueHooks(context, input.run, Number(input.subject));
    // What is there is no longer missing: each batch starts at the beginning of what is left.
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "restore-hooks", operation: "restore-hooks" },
      due
        .filter((hook) => hook.target === undefined)
        .map(({ source }) => ({
          move: slug(source.kind, source.metadata.name),
          effect: createObject("target", ours(input.run.migration, asNew(source))),
        })),
    );
  },
});
