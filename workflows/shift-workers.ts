/** Moves the workers of one queue by shares: some more on the target, seen to consume, then as many fewer on the source, until all are there. */

import { call, child, otherwise, REFAIL, RESULT, scaling, stateMachine, watch } from "./asl.ts";

/** Input: run, phase, item, poll. Undo: the numbers as recorded, newest first: the source's workers are back before the target's go. */
export const shiftWorkers = stateMachine("shift-workers", {
  Comment:
    "Both sides consume the same queue meanwhile; nobody stops before somebody else consumes. A pod that hangs in Terminating stops the shift.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        phase: "{% $states.input.phase %}",
        item: "{% $states.input.item %}",
        poll: "{% $states.input.poll %}",
        made: 0,
      },
      Next: "Count the workers",
    },
    "Count the workers": call(
      "measure-workers",
      { run: "{% $run %}", item: "{% $item %}" },
      { Assign: { plan: RESULT }, Next: "More to move?", Catch: otherwise("Failed") },
    ),
    "More to move?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $made < $count($plan.steps) %}", Next: "Some more on the target" }],
      Default: "Shifted",
    },
    "Some more on the target": child("scale", stepping("target", "0-target"), {
      TimeoutSeconds: 1_209_600,
      Next: "Do they consume?",
      Catch: otherwise("Failed"),
    }),
    "Do they consume?": watching("more on the target", "As many fewer on the source", 30),
    "As many fewer on the source": child("scale", stepping("source", "1-source"), {
      TimeoutSeconds: 1_209_600,
      Next: "Is the queue worked on?",
      Catch: otherwise("Failed"),
    }),
    "Is the queue worked on?": watching("fewer on the source", "Next step"),
    "Next step": { Type: "Pass", Assign: { made: "{% $made + 1 %}" }, Next: "More to move?" },
    Shifted: { Type: "Succeed", Output: { shifted: "{% $item.name %}" } },
    Failed: REFAIL,
  },
});

/** Numbers of moves are of one width: the journal sorts them as text. */
/** The next step of the plan, on one side. */
function stepping(side: "source" | "target", part: string) {
  return scaling(
    side,
    `{% $plan.steps[$made].${side} %}`,
    `{% $pad($string($made), -3, '0') & '-${part}' %}`,
  );
}

/** @param after What has just come consumes, and is counted by the broker, only after a while. */
function watching<const Next extends string>(what: string, next: Next, after = 0) {
  return watch<Next | "Failed">(
    "observe-workers",
    "move-workloads",
    `{% $item.namespace & '/' & $item.name & ', step ' & $string($made + 1) & ', ${what}' %}`,
    { item: "{% $item %}", after, Next: next, Catch: otherwise("Failed") },
  );
}
