/** The target comes up beside the source: cluster, undelegated zone, bundle, warm capacity; then it is proved from end to end. */

import { call, child, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. Undo: what we created is deleted, only that. */
export const buildTarget = stateMachine("build-target", {
  Comment: "The EKS cluster in the same VPC, behind the same egress addresses, with a zone that nobody is sent to yet.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}" },
      Next: "Ensure the cluster",
    },
    "Ensure the cluster": call("ensure-cluster", { run: "{% $run %}" }, { Next: "Is the cluster active?", Catch: otherwise("Failed") }),
    "Is the cluster active?": watch("observe-cluster", "build-target", "platform", { Next: "Install the bundle", Catch: otherwise("Failed") }),
    "Install the bundle": call("install-bundle", { run: "{% $run %}" }, { Next: "Does the bundle run?", Catch: otherwise("Failed") }),
    "Does the bundle run?": watch("observe-bundle", "build-target", "platform", { Next: "Create the zone", Catch: otherwise("Failed") }),
    "Create the zone": call("create-zone", { run: "{% $run %}" }, { Next: "Warm the target", Catch: otherwise("Failed") }),
    "Warm the target": call("warm-target", { run: "{% $run %}" }, { Next: "Is it warm?", Catch: otherwise("Failed") }),
    "Is it warm?": watch("observe-warmth", "build-target", "platform", { Next: "Run the end-to-end suite", Catch: otherwise("Failed") }),
    "Run the end-to-end suite": call(
      "run-e2e-suite",
      { run: "{% $run %}" },
      { Assign: { suite: RESULT }, Next: "Did the suite pass?", Catch: otherwise("Failed") },
    ),
    "Did the suite pass?": watch("observe-suite", "build-target", "platform", { Next: "Remove the suite's traces", Catch: otherwise("Failed") }),
    "Remove the suite's traces": call("clean-e2e-suite", { run: "{% $run %}" }, { Next: "Built", Catch: otherwise("Failed") }),
    Built: { Type: "Succeed", Output: { phase: "build-target" } },
    Failed: REFAIL,
  },
});
