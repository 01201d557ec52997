/** Brings one workload on one side to a number of pods and waits until it stands: ready, or gone where the number is zero. */

import { askPerson, begin, call, inTime, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

/** Input: run, phase, item, side, replicas, operation, move, poll. Undo: the old number, from the journal. */
export const scale = stateMachine("scale", {
  Comment: "One workload on one side gets another number of pods; a deadline that passes asks a person.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        phase: "{% $states.input.phase %}",
        item: "{% $states.input.item %}",
        side: "{% $states.input.side %}",
        replicas: "{% $states.input.replicas %}",
        operation: "{% $states.input.operation %}",
        move: "{% $states.input.move %}",
        poll: "{% $states.input.poll %}",
        polls: 0,
        tries: 0,
      },
      Next: "Set the number",
    },
    "Set the number": begin(
      "scale-workload",
      {
        run: "{% $run %}",
        item: "{% $item %}",
        side: "{% $side %}",
        replicas: "{% $replicas %}",
        operation: "{% $operation %}",
        // What is done is never made twice under one name: a person's "try again" is a move of its own.
        move: "{% $tries = 0 ? $move : $move & '~' & $string($tries) %}",
      },
      // Pods come and go within seconds at the least: nobody looks at once.
      { Next: "Give it time", Catch: otherwise("Failed") },
    ),
    "Look at the pods": call(
      "observe-workload",
      { run: "{% $run %}", item: "{% $item %}", side: "{% $side %}", replicas: "{% $replicas %}" },
      {
        Assign: { seen: RESULT, polls: "{% $polls + 1 %}" },
        Next: "Does it stand?",
        Catch: otherwise("Failed"),
      },
    ),
    "Does it stand?": inTime("It stands", "Give it time", "Ask a person"),
    "Give it time": { Type: "Wait", Seconds: "{% $poll %}", Next: "Look at the pods" },
    "Ask a person": askPerson("{% $operation & '/' & $move %}", {
      Assign: { polls: 0, tries: "{% $tries + 1 %}" },
      Next: "Set the number",
      Catch: otherwise("Failed"),
    }),
    "It stands": { Type: "Succeed", Output: { verdict: "pass" } },
    Failed: REFAIL,
  },
});
