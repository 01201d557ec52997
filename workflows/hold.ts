/** Something is not as it has to be: nothing moves until a person chose to try again or to roll back. */

import { call, child, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

/** Input: run, phase, subject, sentence. Succeeds for "try again"; fails with HeldTooLong, RolledBackByPerson or ApprovalExpired. */
export const hold = stateMachine("hold", {
  Comment:
    "Pauses, tells people what was found, and lets them choose: retry or roll back. Retries are bounded.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        phase: "{% $states.input.phase %}",
        subject: "{% $states.input.subject %}",
        sentence: "{% $states.input.sentence %}",
      },
      Next: "Count the holds",
    },
    "Count the holds": call(
      "count-hold",
      {
        run: "{% $run %}",
        phase: "{% $phase %}",
        subject: "{% $subject %}",
        sentence: "{% $sentence %}",
        holder: "{% $states.context.Execution.Name %}",
      },
      { Assign: { counted: RESULT }, Next: "May it be tried again?", Catch: otherwise("Failed") },
    ),
    "May it be tried again?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $counted.mayRetry %}", Next: "Ask a person" }],
      Default: "Held too long",
    },
    "Ask a person": child(
      "ask-approval",
      {
        run: "{% $run %}",
        question: {
          id: "{% $counted.question %}",
          kind: "hold",
          phase: "{% $phase %}",
          sentence: "{% $sentence %}",
          choices: ["retry", "roll-back"],
          quorum: 1,
        },
      },
      {
        TimeoutSeconds: 1_209_600,
        Assign: { choice: "{% $states.result.Output.decision %}" },
        Next: "What was chosen?",
        Catch: otherwise("Failed"),
      },
    ),
    "What was chosen?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $choice = 'retry' %}", Next: "Try again" }],
      Default: "Roll back",
    },
    "Try again": { Type: "Succeed", Output: { choice: "retry" } },
    "Roll back": { Type: "Fail", Error: "RolledBackByPerson", Cause: "{% $sentence %}" },
    "Held too long": { Type: "Fail", Error: "HeldTooLong", Cause: "{% $sentence %}" },
    Failed: REFAIL,
  },
});
