/** Watches the whole platform while workloads and traffic move, again and again; what isn't well pauses the move, and in the end asks a person. */

import { askPerson, call, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

/** Looks of one execution: its history stays far below 25,000 events. */
const LOOKS_MAX = 300;

/** Input: run. Ends well once the work is over and all is well, or with `again: true` after many looks. Fails where people, or nobody's answer, chose the way back. */
export const guard = stateMachine("guard", {
  Comment:
    "Every few minutes: each workload on both sides, the platform as a whole, nodes, quotas, addresses. A look that doesn't pass holds the run at once.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", asked: 0, bound: 0, phase: "move-workloads" },
      Next: "Look at everything",
    },
    "Look at everything": call(
      "guard-platform",
      { run: "{% $run %}", asked: "{% $asked %}", watcher: "{% $states.context.Execution.Name %}" },
      {
        Assign: {
          seen: RESULT,
          asked: "{% $asked + 1 %}",
          phase: "{% $states.result.Payload.phase %}",
        },
        Next: "Is all well?",
        Catch: otherwise("Nothing was learned"),
      },
    ),
    "Nothing was learned": {
      Type: "Pass",
      Comment: "A look that could not be taken is unknown; it doesn't end the migration.",
      Assign: {
        asked: "{% $asked + 1 %}",
        seen: {
          verdict: "unknown",
          sentence: "{% 'The guard could not look at the platform: ' & $cause %}",
          ended: false,
          askedMax: 10,
          pollSeconds: 60,
          continuousSeconds: 60,
        },
      },
      Next: "Is all well?",
    },
    "Is all well?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' and $seen.ended %}", Next: "Over" },
        {
          Condition: `{% $seen.verdict = 'pass' and $asked < ${LOOKS_MAX} %}`,
          Assign: { bound: "{% $asked %}" },
          Next: "Until the next look",
        },
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Go on anew" },
        { Condition: "{% $asked < $bound + $seen.askedMax %}", Next: "Look again soon" },
      ],
      Default: "Ask a person",
    },
    "Until the next look": {
      Type: "Wait",
      Seconds: "{% $seen.continuousSeconds %}",
      Next: "Look at everything",
    },
    "Look again soon": { Type: "Wait", Seconds: "{% $seen.pollSeconds %}", Next: "Look at everything" },
    "Ask a person": askPerson("guard", {
      Assign: { bound: "{% $asked %}" },
      Next: "Look at everything",
      Catch: otherwise("Failed"),
    }),
    "Go on anew": { Type: "Succeed", Output: { again: true } },
    Over: { Type: "Succeed", Output: { again: false } },
    Failed: REFAIL,
  },
});
