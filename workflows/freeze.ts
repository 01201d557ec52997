/** The first moment that a developer could notice: pipelines stop centrally, the clusters refuse changes, and a snapshot is taken. */

import { call, each, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. Undo: everything resumes exactly as it was. */
export const freeze = stateMachine("freeze", {
  Comment:
    "Pipelines off first, then the admission policy, proved by a dry run that it has to refuse; autoscalers may grow, not shrink.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}", windowChecks: 0 },
      Next: "Is the window open?",
    },
    "Is the window open?": call(
      "check-window",
      { run: "{% $run %}", step: "freeze" },
      {
        Assign: { window: RESULT, windowChecks: "{% $windowChecks + 1 %}" },
        Next: "May it begin?",
        Catch: otherwise("Failed"),
      },
    ),
    "May it begin?": {
      Type: "Choice",
      Comment:
        "Freeze, move, cut and thaw are hours of one day: a freeze that waited for the window would last until it opens.",
      Choices: [
        { Condition: "{% $window.verdict = 'pass' %}", Next: "Pause the pipelines" },
        {
          Condition: "{% $windowChecks < 10 and $window.waitSeconds <= 1209600 %}",
          Next: "Wait for the window",
        },
      ],
      Default: "No window",
    },
    "Wait for the window": {
      Type: "Wait",
      Seconds: "{% $window.waitSeconds %}",
      Next: "Is the window open?",
    },
    "Pause the pipelines": each("pause-pipelines", "pipelines", {
      Next: "Install the freeze",
      Catch: otherwise("Failed"),
    }),
    "Install the freeze": each("install-freeze-policy", "policy", {
      Next: "Is it refused?",
      Catch: otherwise("Failed"),
    }),
    "Is it refused?": watch("prove-freeze", "freeze", "platform", {
      Next: "Floor the autoscalers",
      Catch: otherwise("Failed"),
    }),
    "Floor the autoscalers": each("floor-autoscalers", "autoscalers", {
      Next: "Take the snapshot",
      Catch: otherwise("Failed"),
    }),
    "Take the snapshot": call(
      "take-snapshot",
      { run: "{% $run %}", name: "freeze" },
      { Next: "Is the snapshot whole?", Catch: otherwise("Failed") },
    ),
    "Is the snapshot whole?": watch("observe-snapshot", "freeze", "freeze", {
      after: 30,
      Next: "Frozen",
      Catch: otherwise("Failed"),
    }),
    "No window": { Type: "Fail", Error: "NoWindow", Cause: "{% $window.sentence %}" },
    Frozen: { Type: "Succeed", Output: { phase: "freeze" } },
    Failed: REFAIL,
  },
});
