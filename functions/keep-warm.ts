/** The nodes that came up stay: they are marked against consolidation until the cut is over, and the placeholders make way. */

import { isGoing } from "../domain/conditions.ts";
import { type KubeObject, refOf } from "../domain/kube.ts";
import { demandsOf, KEEP_NODE, placeholderOf } from "../domain/warmth.ts";
import { BatchInput, makeNamed, type Named, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { deleteObject, objectsOf, setField } from "./objects.ts";
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
      ...nodes.flatMap((node) =>
        KEEP_NODE.filter((a) => node.metadata.annotations?.[a] !== "true").map((a) => mark(node, a)),
      ),
      ...placeholders.map((object) => ({
        move: `2.${slug(object.metadata.name)}`,
        effect: deleteObject("target", object),
      })),
    ]);
  },
});

const mark = (node: KubeObject, annotation: string): Named => ({
  move: `1.${slug(node.metadata.name, annotation)}`,
  effect: setField(
    "target",
    refOf(node),
    ["metadata", "annotations", annotation],
    node.metadata.annotations?.[annotation] ?? null,
    "true",
  ),
});
