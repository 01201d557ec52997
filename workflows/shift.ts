/** Moves one stateless workload half and half: the target up, verified, then the source down; never the other way round. */

import { child, otherwise, REFAIL, scaling, stateMachine, watch } from "./asl.ts";

/** Input: run, phase, item, poll. Undo: the numbers as recorded, source first. */
export const shift = stateMachine("shift", {
  Comment:
    "Add on the target, verify, remove from the source. Half is capacity, not traffic: clients stay where DNS sends them.",
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
      },
      Next: "Target up to its half",
    },
    "Target up to its half": child("scale", scaling("target", "{% $item.half %}", "0-target-up"), {
      TimeoutSeconds: 1_209_600,
      Next: "Compare both sides",
      Catch: otherwise("Failed"),
    }),
    "Compare both sides": watch(
      "compare-workload",
      "move-workloads",
      "{% $item.namespace & '/' & $item.name & ', before' %}",
      {
        // Its pods have just come: no scrape of theirs has counted anything yet.
        after: 30,
        item: "{% $item %}",
        Next: "May the source give up its half?",
        Catch: otherwise("Failed"),
      },
    ),
    "May the source give up its half?": {
      Type: "Choice",
      Comment: "A pod that can't finish what it holds stays until nobody uses it.",
      Choices: [
        {
          Condition: "{% $item.drains and $item.sourceKeeps < $item.replicas %}",
          Next: "Source down to its half",
        },
      ],
      Default: "Shifted",
    },
    "Source down to its half": child("scale", scaling("source", "{% $item.sourceKeeps %}", "1-source-down"), {
      TimeoutSeconds: 1_209_600,
      Next: "Compare again",
      Catch: otherwise("Failed"),
    }),
    "Compare again": watch(
      "compare-workload",
      "move-workloads",
      "{% $item.namespace & '/' & $item.name & ', after' %}",
      {
        item: "{% $item %}",
        Next: "Shifted",
        Catch: otherwise("Failed"),
      },
    ),
    Shifted: { Type: "Succeed", Output: { shifted: "{% $item.name %}" } },
    Failed: REFAIL,
  },
});
