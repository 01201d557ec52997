/** Both controllers run, each owning only its own; what both could own passes in the ledger, between two of the source's looks. */

import { call, child, otherwise, REFAIL, scaling, stateMachine } from "./asl.ts";

/**
 * Input: run, phase, item, poll. A controller that runs beside the other for good is done once it stands. Undo, newest first: the target's may not
 * delete any more, the source owns, its controller is back, the target's goes.
 */
export const handOverController = stateMachine("hand-over-controller", {
  Comment:
    "The target's starts with an identity of its own and without the right to delete; it gets that right when it owns, after the source's has gone.",
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
      Next: "An identity of its own",
    },
    "An identity of its own": call(
      "arm-controller",
      { run: "{% $run %}", item: "{% $item %}", armed: false, move: "0-identity" },
      { Next: "Start beside the source's", Catch: otherwise("Failed") },
    ),
    "Start beside the source's": child("scale", scaling("target", "{% $item.replicas %}", "1-target-start"), {
      TimeoutSeconds: 1_209_600,
      Next: "Is anything shared?",
      Catch: otherwise("Failed"),
    }),
    "Is anything shared?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $item.controller.way = 'owned' %}", Next: "Stop the source's" }],
      Default: "Handed over",
    },
    "Stop the source's": child("scale", scaling("source", 0, "2-source-stop"), {
      TimeoutSeconds: 1_209_600,
      Comment: "Scaled to zero is over when no pod of it is left, terminating ones neither.",
      Next: "The target owns",
      Catch: otherwise("Failed"),
    }),
    "The target owns": call(
      "take-ownership",
      { run: "{% $run %}", item: "{% $item %}", owner: "target", move: "3-owner" },
      { Next: "It may delete", Catch: otherwise("Failed") },
    ),
    "It may delete": call(
      "arm-controller",
      { run: "{% $run %}", item: "{% $item %}", armed: true, move: "4-arm" },
      { Next: "Handed over", Catch: otherwise("Failed") },
    ),
    "Handed over": { Type: "Succeed", Output: { handedOver: "{% $item.name %}" } },
    Failed: REFAIL,
  },
});
