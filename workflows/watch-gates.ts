/** Asks a gate again and again until it passes; what stays unknown or failing holds, and then a person chooses. */

import { askPerson, callAny, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

const INPUT = {
  run: "{% $states.input.run %}",
  phase: "{% $states.input.phase %}",
  gate: "{% $states.input.gate %}",
  subject: "{% $states.input.subject %}",
  item: "{% $states.input.item %}",
  pause: "{% $states.input.after %}",
  asked: 0,
  bound: 0,
};

/**
 * Input: run, phase, gate (a function), subject, item (a workload, or null), after (seconds before which what it looks for can't be there).
 * Succeeds only on a pass; unknown never becomes one.
 */
export const watchGates = stateMachine("watch-gates", {
  Comment: "Three-valued: pass goes on, fail and unknown are asked again until their bound, then a person.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Choice",
      Choices: [{ Condition: "{% $states.input.after > 0 %}", Next: "Give it time", Assign: INPUT }],
      Default: "Measure",
      Assign: INPUT,
    },
    Measure: callAny(
      "{% $gate %}",
      {
        run: "{% $run %}",
        phase: "{% $phase %}",
        subject: "{% $subject %}",
        item: "{% $item %}",
        asked: "{% $asked %}",
        watcher: "{% $states.context.Execution.Name %}",
      },
      { Assign: { seen: RESULT, asked: "{% $asked + 1 %}" }, Next: "Passed?", Catch: otherwise("Failed") },
    ),
    "Passed?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Passed" },
        {
          Condition: "{% $asked < $bound + $seen.askedMax %}",
          Next: "Give it time",
          Assign: { pause: "{% $seen.pollSeconds %}" },
        },
      ],
      Default: "Ask a person",
    },
    "Give it time": { Type: "Wait", Seconds: "{% $pause %}", Next: "Measure" },
    "Ask a person": askPerson("{% $subject %}", {
      Assign: { bound: "{% $asked %}" },
      Next: "Measure",
      Catch: otherwise("Failed"),
    }),
    Passed: { Type: "Succeed", Output: { verdict: "pass" } },
    Failed: REFAIL,
  },
});
