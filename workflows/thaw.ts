/** Traffic is stable on the target: pipelines run again, aimed at it, and autoscalers get their own ranges back. */

import { call, otherwise, REFAIL, stateMachine, watch } from "./asl.ts";

/** Input: run, poll. The source stays refused, with a sentence that says where things are now. */
export const thaw = stateMachine("thaw", {
  Comment: "The freeze ends only after the target has carried everything for a while.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}" },
      Next: "Is traffic stable?",
    },
    "Is traffic stable?": child(
      "watch-gates",
      { run: "{% $run %}", phase: "thaw", gate: "stable", subject: "platform" },
      { TimeoutSeconds: 86_400, Next: "Give autoscalers back", Catch: otherwise("Failed") },
    ),
    "Give autoscalers back": call("restore-autoscalers", { run: "{% $run %}" }, { Next: "Lift the freeze", Catch: otherwise("Failed") }),
    "Lift the freeze": call("lift-freeze", { run: "{% $run %}" }, { Next: "Resume the pipelines", Catch: otherwise("Failed") }),
    "Resume the pipelines": call("resume-pipelines", { run: "{% $run %}" }, { Next: "Thawed", Catch: otherwise("Failed") }),
    Thawed: { Type: "Succeed", Output: { phase: "thaw" } },
    Failed: REFAIL,
  },
});
