/** Asks people a question and waits for the answer; an answer that doesn't come in time is recorded as such, so that a late one counts for nothing. */

import { call, otherwise, REFAIL, RESULT, stateMachine, transient } from "./asl.ts";

/** Input: run, question {id, kind, phase, sentence, choices, quorum}. Output: {decision, by}. Fails with ApprovalDenied, ApprovalExpired, or RolledBackByPerson where an approval (not a hold) was answered so. */
export const askApproval = stateMachine("ask-approval", {
  Comment: "Record first, then the message, then the wait for a token. Deny and roll back need no quorum.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", question: "{% $states.input.question %}" },
      Next: "How long may it take?",
    },
    "How long may it take?": call(
      "prepare-question",
      { run: "{% $run %}", question: "{% $question %}" },
      { Assign: { prepared: RESULT }, Next: "Ask", Catch: otherwise("Failed") },
    ),
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: {
        FunctionName: "${ask-people}",
        Payload: {
          run: "{% $run %}",
          question: "{% $question %}",
          token: "{% $states.context.Task.Token %}",
        },
      },
      TimeoutSeconds: "{% $prepared.expiresAfterSeconds %}",
      Assign: { answer: "{% $states.result %}" },
      Next: "What was decided?",
      // A time-out here is people's, not the platform's: it is caught below.
      Retry: [
        { ...transient, ErrorEquals: transient.ErrorEquals.filter((error) => error !== "States.Timeout") },
      ],
      // Asked a second time after somebody had answered the first: what stands on record is read, as it is after a time-out.
      Catch: [
        { ErrorEquals: ["States.Timeout", "AlreadyDecided"], Next: "Too late" },
        ...otherwise("Failed"),
      ],
    },
    "Too late": call(
      "expire-question",
      { run: "{% $run %}", question: "{% $question %}" },
      { Assign: { answer: RESULT }, Next: "What was decided?", Catch: otherwise("Failed") },
    ),
    "What was decided?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $answer.decision = 'denied' %}", Next: "Denied" },
        { Condition: "{% $answer.decision = 'expired' %}", Next: "Expired" },
        {
          Condition: "{% $answer.decision = 'roll-back' and $question.kind = 'approval' %}",
          Next: "Roll back",
        },
      ],
      Default: "Decided",
    },
    Decided: { Type: "Succeed", Output: "{% $answer %}" },
    Denied: { Type: "Fail", Error: "ApprovalDenied", Cause: "{% $question.sentence %}" },
    "Roll back": { Type: "Fail", Error: "RolledBackByPerson", Cause: "{% $question.sentence %}" },
    Expired: { Type: "Fail", Error: "ApprovalExpired", Cause: "{% $question.sentence %}" },
    Failed: REFAIL,
  },
});
