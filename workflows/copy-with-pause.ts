/** Moves a workload with its volumes: stopped on the source, copied by Velero, proved, started on the target; within the approved pause, or not at all. */

import {
  askPerson,
  begin,
  call,
  child,
  copying,
  lookingAtCopy,
  otherwise,
  REFAIL,
  stateMachine,
} from "./asl.ts";

/** Input: run, phase, item, poll. Undo: copy-back; where nothing ran on the target yet, the source starts with its own volumes. */
export const copyWithPause = stateMachine("copy-with-pause", {
  Comment:
    "A copy that isn't whole, isn't late enough, or leaves no time for the way back is given up: the source starts again, and then a person is asked.",
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
        attempt: 0,
        again: 0,
        asked: 0,
      },
      Next: "Stop on the source",
    },
    "Stop on the source": begin("scale-workload", scaled("source", 0, "0-source-stop"), {
      Next: "Is it gone?",
      Catch: otherwise("Failed"),
    }),
    "Is it gone?": lookingAtCopy("forward", "{% $attempt %}", "{% $attempt %}", "gone", "Gone?"),
    "Gone?": whether("Snapshot its volumes", "Wait until it is gone"),
    "Wait until it is gone": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is it gone?" },
    "Snapshot its volumes": copying("copy-volumes", "{% $attempt %}", "snapshot", "Is the snapshot whole?"),
    "Is the snapshot whole?": lookingAtCopy(
      "forward",
      "{% $attempt %}",
      "{% $attempt %}",
      "snapshot",
      "Whole?",
    ),
    "Whole?": whether("Restore its volumes", "Wait for the snapshot"),
    "Wait for the snapshot": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is the snapshot whole?" },
    "Restore its volumes": copying("copy-volumes", "{% $attempt %}", "restore", "Is the copy there?"),
    "Is the copy there?": lookingAtCopy("forward", "{% $attempt %}", "{% $attempt %}", "restore", "There?"),
    "There?": {
      Type: "Choice",
      Comment:
        "Velero calls a Backup complete whose snapshots the cloud hasn't finished; until it has, each Restore fails.",
      Choices: [
        { Condition: "{% $seen.tooLong %}", Next: "Back to the source" },
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "The target owns it" },
        { Condition: "{% $asked < 10000 and $seen.verdict = 'fail' %}", Next: "Wait for the cloud" },
        { Condition: "{% $asked < 10000 %}", Next: "Wait for the copy" },
      ],
      Default: "Back to the source",
    },
    "Wait for the cloud": {
      Type: "Wait",
      Seconds: "{% $min([120, $poll * (1 + $again)]) %}",
      Assign: { again: "{% $again + 1 %}" },
      Next: "Restore its volumes",
    },
    "Wait for the copy": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is the copy there?" },
    "The target owns it": call(
      "take-ownership",
      { run: "{% $run %}", item: "{% $item %}", owner: "target", move: moveOf("3-owner") },
      { Next: "Start on the target", Catch: otherwise("Failed") },
    ),
    "Start on the target": call(
      "scale-workload",
      scaled("target", "{% $item.replicas %}", "4-target-start"),
      { Next: "Is it up?", Catch: otherwise("Failed") },
    ),
    "Is it up?": lookingAtCopy("forward", "{% $attempt %}", "{% $attempt %}", "started", "Up?"),
    "Up?": whether("Lead its callers there", "Wait until it is up"),
    "Wait until it is up": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is it up?" },
    "Lead its callers there": call(
      "link-service",
      { run: "{% $run %}", item: "{% $item %}" },
      { Next: "Copied", Catch: otherwise("Failed") },
    ),
    Copied: { Type: "Succeed", Output: { copied: "{% $item.name %}" } },
    "Back to the source": child(
      "copy-back",
      { run: "{% $run %}", item: "{% $item %}", poll: "{% $poll %}" },
      { TimeoutSeconds: 172_800, Next: "Ask a person", Catch: otherwise("Failed") },
    ),
    "Ask a person": askPerson("{% $item.operations.move %}", {
      Assign: { attempt: "{% $attempt + 1 %}", again: 0 },
      Next: "Stop on the source",
      Catch: otherwise("Failed"),
    }),
    Failed: REFAIL,
  },
});

/** Each try has moves of its own: what is done is never made twice under one name. */
function moveOf(name: string) {
  return `{% $attempt = 0 ? '${name}' : '${name}~' & $string($attempt) %}` as const;
}

function scaled(side: "source" | "target", replicas: number | string, move: string) {
  return {
    run: "{% $run %}",
    item: "{% $item %}",
    side,
    replicas,
    operation: "{% $item.operations.move %}",
    move: moveOf(move),
  };
}

function whether<const Then extends string, const Again extends string>(then: Then, again: Again) {
  return {
    Type: "Choice" as const,
    Choices: [
      {
        Condition: "{% $seen.tooLong or $seen.verdict = 'fail' %}" as const,
        Next: "Back to the source" as const,
      },
      { Condition: "{% $seen.verdict = 'pass' %}" as const, Next: then },
      { Condition: "{% $asked < 10000 %}" as const, Next: again },
    ],
    Default: "Back to the source" as const,
  };
}
