/** Hands over what must not exist twice: stopped on the source, proved gone, owned by the target, started there. */

import {
  askPerson,
  begin,
  call,
  child,
  inTime,
  otherwise,
  REFAIL,
  RESULT,
  scaling,
  stateMachine,
} from "./asl.ts";

/** Input: run, phase, item, poll. Undo, newest first: stopped on the target, proved gone, owned by the source, started there. */
export const handOver = stateMachine("hand-over", {
  Comment:
    "Exclusive things stop first, everything else starts first. The pause is the one that the plan states.",
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
        polls: 0,
      },
      Next: "Schedule or pods?",
    },
    "Schedule or pods?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $item.move = 'hand-over-schedule' %}", Next: "Suspend on the source" },
        { Condition: "{% $exists($item.queue) %}", Next: "Drain the queue" },
      ],
      Default: "Stop on the source",
    },
    "Drain the queue": child(
      "drain-queue",
      {
        run: "{% $run %}",
        phase: "{% $phase %}",
        subject: "{% $item.operations.move & '/drain' %}",
        queue: "{% $item.queue %}",
        poll: "{% $poll %}",
        polls: 3,
        drainSecondsMax: "{% $item.drainSecondsMax %}",
      },
      { TimeoutSeconds: 1_209_600, Next: "Stop on the source", Catch: otherwise("Failed") },
    ),
    "Stop on the source": child("scale", scaling("source", 0, "0-source-stop"), {
      TimeoutSeconds: 1_209_600,
      Comment: "Scaled to zero is over when no pod of it is left, terminating ones neither.",
      Next: "The target owns it",
      Catch: otherwise("Failed"),
    }),
    "Suspend on the source": begin(
      "suspend-schedule",
      { run: "{% $run %}", item: "{% $item %}", side: "source", suspend: true, move: "0-source-suspend" },
      { Next: "Does a job still run?", Catch: otherwise("Failed") },
    ),
    "Does a job still run?": call(
      "prove-gone",
      { run: "{% $run %}", item: "{% $item %}", side: "source" },
      { Assign: { seen: RESULT, polls: "{% $polls + 1 %}" }, Next: "None left?", Catch: otherwise("Failed") },
    ),
    "None left?": inTime("The target owns it", "Give it time", "Ask a person"),
    "Give it time": { Type: "Wait", Seconds: "{% $poll %}", Next: "Does a job still run?" },
    "Ask a person": askPerson("{% $item.operations.move %}", {
      Assign: { polls: 0 },
      Next: "Does a job still run?",
      Catch: otherwise("Failed"),
    }),
    "The target owns it": call(
      "take-ownership",
      { run: "{% $run %}", item: "{% $item %}", owner: "target", move: "1-owner" },
      { Next: "What starts there?", Catch: otherwise("Failed") },
    ),
    "What starts there?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $item.move = 'hand-over-schedule' %}", Next: "Resume on the target" }],
      Default: "Start on the target",
    },
    "Start on the target": child("scale", scaling("target", "{% $item.replicas %}", "2-target-start"), {
      TimeoutSeconds: 1_209_600,
      Next: "Lead its callers there",
      Catch: otherwise("Failed"),
    }),
    "Lead its callers there": call(
      "link-service",
      { run: "{% $run %}", item: "{% $item %}" },
      { Next: "Handed over", Catch: otherwise("Failed") },
    ),
    "Resume on the target": call(
      "suspend-schedule",
      { run: "{% $run %}", item: "{% $item %}", side: "target", suspend: false, move: "2-target-resume" },
      { Next: "Handed over", Catch: otherwise("Failed") },
    ),
    "Handed over": { Type: "Succeed", Output: { handedOver: "{% $item.name %}" } },
    Failed: REFAIL,
  },
});
