/** Break-glass on the source goes on while we move: what it changed is set on the target too, field by field and on record. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { canonicalLine, sha256 } from "../domain/canonical.ts";
import { refOf } from "../domain/kube.ts";
import { maskObjects } from "../domain/masking.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { type Drifted, driftOf, isCarried } from "./drift.ts";
import { withJournal } from "./effect.ts";
import { setField } from "./objects.ts";
import { step } from "./step.ts";

export const carryDrift = step({
  name: "carry-drift",
  does: "Sets each field that changed on the source since the snapshot on the target's object; what holds a secret is left to a person, and holds.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: { source: ["list planned"], target: ["list planned", "get planned", "patch planned"] },
  }),
  run: async (input, context) => {
    const { drifted } = await driftOf(context, input.run);
    // What is on both sides is no longer listed: each batch starts at the beginning of what is left.
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "carry-drift", operation: "carry-drift" },
      drifted.filter((d) => !isCarried(d)).flatMap(carrying),
    );
  },
});

const carrying = ({ source, target, fields, secret }: Drifted): readonly Named[] => {
  if (!source || !target || secret) return [];
  const [masked] = maskObjects([source]);
  // Inside of a list only the whole list can be set: several fields may mean one path.
  const paths = new Map(fields.map((d) => [d.path.join("\n"), d.path]));
  return [...paths.values()].flatMap((path): readonly Named[] => {
    const after = fieldOf(source, path);
    if (canonicalLine(fieldOf(masked, path)) !== canonicalLine(after)) return [];
    return [
      {
        // A second change of the same field is another move.
        move: `${slug(source.kind, source.metadata.namespace, source.metadata.name, ...path)}.${sha256(canonicalLine(after)).slice(0, 12)}`,
        effect: setField("target", refOf(source), path, fieldOf(target, path), after),
      },
    ];
  });
};
