/** Calls a step again and again until it has nothing left to do: work that doesn't fit into one invocation. */

import { callAny, otherwise, REFAIL, stateMachine } from "./asl.ts";

/** Input: run, step (a function), subject. The step returns `next`: where to go on, or null. */
export const inBatches = stateMachine("in-batches", {
  Comment:
    "Each batch ends long before the function's timeout; a batch that is cut off starts again at its own beginning.",
  TimeoutSeconds: 86_400,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        step: "{% $states.input.step %}",
        subject: "{% $states.input.subject %}",
        from: 0,
        batches: 0,
      },
      Next: "Next batch",
    },
    "Next batch": callAny(
      "{% $step %}",
      { run: "{% $run %}", subject: "{% $subject %}", from: "{% $from %}" },
      {
        Assign: { from: "{% $states.result.Payload.next %}", batches: "{% $batches + 1 %}" },
        Next: "Anything left?",
        Catch: otherwise("Failed"),
      },
    ),
    "Anything left?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $from = null %}", Next: "All done" },
        { Condition: "{% $batches < 2000 %}", Next: "Next batch" },
      ],
      Default: "Too many",
    },
    "All done": { Type: "Succeed", Output: { batches: "{% $batches %}" } },
    "Too many": {
      Type: "Fail",
      Error: "TooManyBatches",
      Cause:
        "{% 'After 2,000 batches the step still has something to do for ' & $subject & '; something undoes its work.' %}",
    },
    Failed: REFAIL,
  },
});
