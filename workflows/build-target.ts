/** The target comes up beside the source: cluster, undelegated zone, bundle, warm capacity. Its hosts are proved once the workloads are there. */

import { call, each, otherwise, REFAIL, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. Undo: what we created is deleted, only that. */
export const buildTarget = stateMachine("build-target", {
  Comment:
    "The EKS cluster in the same VPC, behind the same egress addresses, with a zone that nobody is sent to yet, and a way to everybody whom the source talks to.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}" },
      Next: "Ensure the cluster",
    },
    "Ensure the cluster": call(
      "ensure-cluster",
      { run: "{% $run %}" },
      { Next: "Is the cluster active?", Catch: otherwise("Failed") },
    ),
    "Is the cluster active?": watch("observe-cluster", "build-target", "platform", {
      Next: "Whom does the source talk to?",
      Catch: otherwise("Failed"),
    }),
    "Whom does the source talk to?": watch("find-destinations", "build-target", "platform", {
      Next: "Create the zone",
      Catch: otherwise("Failed"),
    }),
    "Create the zone": each("create-zone", "zone", {
      Next: "Install the bundle",
      Catch: otherwise("Failed"),
    }),
    "Install the bundle": each("install-bundle", "bundle", {
      Next: "Does the bundle run?",
      Catch: otherwise("Failed"),
    }),
    "Does the bundle run?": watch("observe-bundle", "build-target", "platform", {
      after: 60,
      Next: "Try whom it talks to",
      Catch: otherwise("Failed"),
    }),
    "Try whom it talks to": each("install-probes", "egress", {
      Next: "Warm the target",
      Catch: otherwise("Failed"),
    }),
    "Warm the target": each("warm-target", "nodes", { Next: "Is it warm?", Catch: otherwise("Failed") }),
    "Is it warm?": watch("observe-warmth", "build-target", "platform", {
      Next: "Keep it warm",
      Catch: otherwise("Failed"),
    }),
    "Keep it warm": each("keep-warm", "nodes", {
      Next: "Does the target reach them too?",
      Catch: otherwise("Failed"),
    }),
    "Does the target reach them too?": watch("observe-egress", "build-target", "platform", {
      // Records come ten minutes late: before, nothing can be known of the target.
      after: 600,
      Next: "What does our own load get?",
      Catch: otherwise("Failed"),
    }),
    "What does our own load get?": watch("observe-load", "build-target", "before", {
      Next: "Built",
      Catch: otherwise("Failed"),
    }),
    Built: { Type: "Succeed", Output: { phase: "build-target" } },
    Failed: REFAIL,
  },
});
