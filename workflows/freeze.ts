/** The first moment that a developer could notice: pipelines stop centrally, the clusters refuse changes, and a snapshot is taken. */

import { call, each, otherwise, REFAIL, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. Undo: everything resumes exactly as it was. */
export const freeze = stateMachine("freeze", {
  Comment: "Pipelines off first, then the admission policy, proved by a dry run that it has to refuse; autoscalers may grow, not shrink.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}" },
      Next: "Pause the pipelines",
    },
    "Pause the pipelines": each("pause-pipelines", "pipelines", { Next: "Install the freeze", Catch: otherwise("Failed") }),
    "Install the freeze": each("install-freeze-policy", "policy", { Next: "Is it refused?", Catch: otherwise("Failed") }),
    "Is it refused?": watch("prove-freeze", "freeze", "platform", { Next: "Floor the autoscalers", Catch: otherwise("Failed") }),
    "Floor the autoscalers": each("floor-autoscalers", "autoscalers", { Next: "Take the snapshot", Catch: otherwise("Failed") }),
    "Take the snapshot": call("take-snapshot", { run: "{% $run %}", name: "freeze" }, { Next: "Is the snapshot whole?", Catch: otherwise("Failed") }),
    "Is the snapshot whole?": watch("observe-snapshot", "freeze", "freeze", { Next: "Frozen", Catch: otherwise("Failed") }),
    Frozen: { Type: "Succeed", Output: { phase: "freeze" } },
    Failed: REFAIL,
  },
});
