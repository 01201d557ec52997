/** The nodes that came up stay: they are marked against consolidation until the cut is over, and the placeholders make way. */

import { isGoing } from "../domain/conditions.ts";
import { type KubeObject, refOf } from "../domain/kube.ts";
import { demandsOf, KEEP_NODE, placeholderOf } from "../domain/warmth.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { deleteObject, objectsOf, setFields } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { step } from "./step.ts";

export const keepWarm = step({
  name: "keep-warm",
  does: "Annotates every node of the target so that no autoscaler takes it away, then deletes the placeholder Deployments.",
  input: BatchInput,
  needs: withJournal({
    kubernetes: {
      target: ["list nodes", "get nodes", "patch nodes", "get deployments", "delete deployments"],
    },
  }),
  run: async (input, context) => {
    const target = kubernetesOf(context, "target");
    const nodes = await target.list({ apiVersion: "v1", kind: "Node" });
    const { workloads } = await planOf(context, input.run);
    const placeholders: KubeObject[] = [];
    for (const demand of demandsOf(workloads, await objectsOf(context, input.run))) {
      const found = await target.find(refOf(placeholderOf(input.run.migration, demand)));
      if (found && !isGoing(found)) placeholders.push(found);
    }
    // What is done is no longer listed: each batch starts at the beginning of what is left.
    return makeNamed(context, { ...input, from: 0 }, { step: "keep-warm", operation: "warm-target" }, [
      ...nodes.flatMap((node) => marked(node, "1", "true")),
      ...placeholders.map((object) => ({
        move: `2.${slug(object.metadata.name)}`,
        effect: deleteObject("target", object),
      })),
    ]);
  },
});

/** Brings a node's marks against consolidation to one value, in one step; nothing where they have it. */
export const marked = (node: KubeObject, stage: string, value: "true" | null): readonly Named[] => {
  const now = node.metadata.annotations ?? {};
  const other = KEEP_NODE.filter((annotation) => (now[annotation] ?? null) !== value);
  if (other.length === 0) return [];
  const all = (of: (annotation: string) => string | null) =>
    Object.fromEntries(other.map((annotation) => [annotation, of(annotation)]));
  return [
    {
      move: `${stage}.${slug(node.metadata.name)}`,
      effect: setFields(
        "target",
        refOf(node),
        ["metadata", "annotations"],
        all((annotation) => now[annotation] ?? null),
        all(() => value),
      ),
    },
  ];
};
