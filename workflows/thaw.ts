/** Traffic is stable on the target: autoscalers get their own ranges back, and pipelines run again, aimed at it. */

import { call, each, otherwise, REFAIL, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. The source stays refused, with a sentence that says where things are now. */
export const thaw = stateMachine("thaw", {
  Comment:
    "The freeze ends only after the target has carried everything for a while; pipelines come last, when nothing refuses them any more.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}" },
      Next: "Is traffic stable?",
    },
    "Is traffic stable?": watch("compare-platform", "thaw", "stable", {
      Next: "What does our own load get?",
      Catch: otherwise("Failed"),
    }),
    "What does our own load get?": watch("observe-load", "thaw", "after", {
      Next: "Give autoscalers back",
      Catch: otherwise("Failed"),
    }),
    "Give autoscalers back": each("restore-autoscalers", "autoscalers", {
      Next: "Let nodes go",
      Catch: otherwise("Failed"),
    }),
    "Let nodes go": each("release-warmth", "nodes", {
      Next: "Stop the source's load",
      Catch: otherwise("Failed"),
    }),
    "Stop the source's load": call(
      "stop-load",
      { run: "{% $run %}" },
      { Next: "Lift the freeze", Catch: otherwise("Failed") },
    ),
    "Lift the freeze": call(
      "lift-freeze",
      { run: "{% $run %}" },
      { Next: "Resume the pipelines", Catch: otherwise("Failed") },
    ),
    "Resume the pipelines": each("resume-pipelines", "pipelines", {
      Next: "Thawed",
      Catch: otherwise("Failed"),
    }),
    Thawed: { Type: "Succeed", Output: { phase: "thaw" } },
    Failed: REFAIL,
  },
});
