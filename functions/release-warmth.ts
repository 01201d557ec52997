/** The cut is over: autoscalers of nodes may consolidate the target again. */

import { BatchInput, makeNamed } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { marked } from "./keep-warm.ts";
import { kubernetesOf } from "./run.ts";
import { step } from "./step.ts";

export const releaseWarmth = step({
  name: "release-warmth",
  does: "Takes the marks against consolidation off the target's nodes.",
  input: BatchInput,
  needs: withJournal({ kubernetes: { target: ["list nodes", "get nodes", "patch nodes"] } }),
  run: async (input, context) => {
    const nodes = await kubernetesOf(context, "target").list({ apiVersion: "v1", kind: "Node" });
    // What is done is no longer listed: each batch starts at the beginning of what is left.
    return makeNamed(
      context,
      { ...input, from: 0 },
      { step: "release-warmth", operation: "restore-autoscalers" },
      nodes.flatMap((node) => marked(node, "9", null)),
    );
  },
});
