/** Moves the members of a consumer group to the target by their policy: one move, watched until the group has settled, and the next. */

import { askPerson, begin, call, child, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: run, phase, item, poll. Undo: the counts as recorded, newest first, each when the one before stands. */
export const shiftGroup = stateMachine("shift-group", {
  Comment:
    "Members never leave their policy's bounds: live N to N+1, swap N-1 to N, static one id at a time, drained all at once when everything is read.",
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
        name: "{% $states.input.item.namespace & '/' & $states.input.item.name %}",
        lagMax: null,
        moves: 0,
      },
      Next: "Is the group well?",
    },
    "Is the group well?": watch("observe-group", "move-workloads", "{% $name & ', before' %}", {
      item: "{% $item %}",
      Next: "Is it drained first?",
      Catch: otherwise("Failed"),
    }),
    "Is it drained first?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $item.groups[0].policy = 'drained' %}", Next: "Drain its queue" }],
      Default: "Next move",
    },
    "Drain its queue": child(
      "drain-queue",
      {
        run: "{% $run %}",
        phase: "{% $phase %}",
        subject: "{% $name & ', drained' %}",
        queue: "{% {'kind': 'kafka', 'group': $item.groups[0].group, 'topic': $item.groups[0].topic} %}",
        poll: "{% $poll %}",
        polls: 3,
        drainSecondsMax: "{% $item.drainSecondsMax %}",
      },
      { TimeoutSeconds: 1_209_600, Next: "Next move", Catch: otherwise("Failed") },
    ),
    "Next move": call(
      "plan-move",
      { run: "{% $run %}", item: "{% $item %}", lagMax: "{% $lagMax %}" },
      {
        Assign: {
          move: RESULT,
          lagMax: "{% $states.result.Payload.lagMax %}",
          moves: "{% $moves + 1 %}",
        },
        Next: "More to move?",
        Catch: otherwise("Failed"),
      },
    ),
    "More to move?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $move.kind = 'done' %}", Next: "Moved" },
        { Condition: "{% $moves < 2 * $item.replicas + 1000 %}", Next: "Which move?" },
      ],
      Default: "Ask a person",
    },
    "Which move?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $move.kind = 'wait' %}", Next: "Wait for quiet" },
        { Condition: "{% $move.kind = 'hand-over-id' %}", Next: "Hand over the id" },
      ],
      Default: "Make the move",
    },
    "Wait for quiet": { Type: "Wait", Seconds: "{% $move.seconds %}", Next: "Next move" },
    "Ask a person": askPerson(
      "{% $name %}",
      { Assign: { moves: 0 }, Next: "Next move", Catch: otherwise("Failed") },
      "{% $exists($move.sentence) ? $move.sentence : $name & ' was moved again and again and is not where it should be.' %}",
    ),
    "Make the move": begin(
      "scale-workload",
      {
        run: "{% $run %}",
        item: "{% $item %}",
        side: "{% $move.side %}",
        replicas: "{% $move.replicas %}",
        operation: "{% $item.operations.move %}",
        move: "{% $move.move %}",
      },
      { Next: "Is it watched?", Catch: otherwise("Failed") },
    ),
    "Hand over the id": call(
      "hand-over-static-id",
      {
        run: "{% $run %}",
        item: "{% $item %}",
        ordinal: "{% $move.ordinal %}",
        replicas: "{% $move.replicas %}",
        move: "{% $move.move %}",
      },
      { Next: "Has it settled?", Catch: otherwise("Failed") },
    ),
    "Is it watched?": {
      Type: "Choice",
      Comment: "A swap's two moves belong together: the second follows at once.",
      Choices: [{ Condition: "{% $move.settle %}", Next: "Has it settled?" }],
      Default: "Next move",
    },
    "Has it settled?": watch("observe-group", "move-workloads", "{% $name & ', ' & $move.move %}", {
      item: "{% $merge([$item, {'lagMax': $lagMax}]) %}",
      Next: "Next move",
      Catch: otherwise("Failed"),
    }),
    Moved: { Type: "Succeed", Output: { moved: "{% $item.name %}" } },
    Failed: REFAIL,
  },
});
