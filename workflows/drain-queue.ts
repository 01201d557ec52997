/** Waits until a queue is empty and stays so: nothing waits, nothing is in hand, nobody publishes, several looks in a row. */

import { askPerson, call, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

/**
 * Input: run, phase, subject (unique within the phase), queue (kind and names, as observe-drain takes it), poll, polls (looks in a row),
 * drainSecondsMax. Changes nothing, so there is nothing to undo. A queue that doesn't drain asks a person, naming what is in the way.
 */
export const drainQueue = stateMachine("drain-queue", {
  Comment:
    "One look proves nothing: a publisher may be between two messages. What isn't drained in time is a person's to decide.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        phase: "{% $states.input.phase %}",
        subject: "{% $states.input.subject %}",
        queue: "{% $states.input.queue %}",
        poll: "{% $states.input.poll %}",
        wanted: "{% $states.input.polls %}",
        secondsMax: "{% $states.input.drainSecondsMax %}",
        mark: null,
        looks: 0,
        inARow: 0,
      },
      Next: "Look at the queue",
    },
    "Look at the queue": call(
      "observe-drain",
      { run: "{% $run %}", queue: "{% $queue %}", mark: "{% $mark %}" },
      {
        Assign: {
          seen: RESULT,
          mark: "{% $states.result.Payload.mark %}",
          looks: "{% $looks + 1 %}",
          inARow: "{% $states.result.Payload.drained ? $inARow + 1 : 0 %}",
        },
        Next: "Drained?",
        Catch: otherwise("Failed"),
      },
    ),
    "Drained?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $inARow >= $wanted %}", Next: "Drained" },
        { Condition: "{% $looks * $poll < $secondsMax %}", Next: "Give it time" },
      ],
      Default: "Ask a person",
    },
    "Give it time": { Type: "Wait", Seconds: "{% $poll %}", Next: "Look at the queue" },
    "Ask a person": askPerson("{% $subject %}", {
      Assign: { looks: 0, inARow: 0 },
      Next: "Look at the queue",
      Catch: otherwise("Failed"),
    }),
    Drained: { Type: "Succeed", Output: { verdict: "pass" } },
    Failed: REFAIL,
  },
});
