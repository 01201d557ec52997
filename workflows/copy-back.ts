/** The way back of a copied workload: what was written on the target comes to the source before it starts there; its old volumes are retained. */

import { call, copying, inTime, lookingAtCopy, otherwise, REFAIL, RESULT, stateMachine } from "./asl.ts";

/** Input: run, item, poll. Where nothing ran on the target, the source simply starts again. */
export const copyBack = stateMachine("copy-back", {
  Comment:
    "Stopped on the target, snapshot there, restored on the source, proved, started. A snapshot that fails is taken again, a bounded number of times.",
  TimeoutSeconds: 172_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        item: "{% $states.input.item %}",
        poll: "{% $states.input.poll %}",
        asked: 0,
        polls: 0,
        tries: 0,
        again: 0,
      },
      Next: "What was done?",
    },
    "What was done?": call(
      "list-copy-back",
      { run: "{% $run %}", item: "{% $item %}" },
      {
        Assign: { done: RESULT, copy: "{% $states.result.Payload.attempt * 100 %}" },
        Next: "Did it run on the target?",
        Catch: otherwise("Failed"),
      },
    ),
    "Did it run on the target?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $done.ran %}", Next: "Stop on the target" },
        { Condition: "{% $done.stopped %}", Next: "Start on the source" },
      ],
      Default: "Back",
    },
    "Stop on the target": call(
      "undo-effect",
      { run: "{% $run %}", entry: "{% $done.before %}" },
      { Next: "Is it gone?", Catch: otherwise("Failed") },
    ),
    "Is it gone?": lookingAtCopy("back", "{% $done.attempt %}", "{% $copy %}", "gone", "Gone?"),
    "Gone?": whether("Snapshot its volumes", "Wait until it is gone"),
    "Wait until it is gone": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is it gone?" },
    "Snapshot its volumes": copying("return-volumes", "{% $copy %}", "snapshot", "Is the snapshot whole?"),
    "Is the snapshot whole?": lookingAtCopy(
      "back",
      "{% $done.attempt %}",
      "{% $copy %}",
      "snapshot",
      "Whole?",
    ),
    "Whole?": whether("Restore its volumes", "Wait for the snapshot"),
    "Wait for the snapshot": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is the snapshot whole?" },
    "Restore its volumes": copying("return-volumes", "{% $copy %}", "restore", "Is the copy there?"),
    "Is the copy there?": lookingAtCopy("back", "{% $done.attempt %}", "{% $copy %}", "restore", "There?"),
    "There?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Take the marks off" },
        { Condition: "{% $asked < 960 and $seen.verdict = 'fail' %}", Next: "Wait for the cloud" },
        { Condition: "{% $asked < 960 %}", Next: "Wait for the copy" },
      ],
      Default: "Serve on the target",
    },
    "Wait for the cloud": {
      Type: "Wait",
      Seconds: "{% $min([120, $poll * (1 + $again)]) %}",
      Comment: "A Restore fails until the cloud has finished the snapshots that Velero calls complete.",
      Assign: { again: "{% $again + 1 %}" },
      Next: "Restore its volumes",
    },
    "Wait for the copy": { Type: "Wait", Seconds: "{% $poll %}", Next: "Is the copy there?" },
    "May it be tried again?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $tries < 10 %}", Next: "Wait for Velero" }],
      Default: "Serve on the target",
    },
    "Wait for Velero": {
      Type: "Wait",
      Seconds: 120,
      Comment: "Another Backup under another name: the one that failed stays what it is.",
      Next: "Snapshot its volumes again",
    },
    "Snapshot its volumes again": {
      Type: "Pass",
      Assign: { tries: "{% $tries + 1 %}", copy: "{% $copy + 1 %}", again: 0 },
      Next: "Snapshot its volumes",
    },
    "Take the marks off": copying("return-volumes", "{% $copy %}", "unmark", "Start on the source"),
    "Start on the source": call(
      "undo-effect",
      { run: "{% $run %}", entry: "{% $append($done.before, $done.after) %}" },
      { Next: "Does it stand?", Catch: otherwise("Failed") },
    ),
    "Does it stand?": call(
      "observe-workload",
      { run: "{% $run %}", item: "{% $item %}", side: "source", replicas: "{% $item.replicas %}" },
      {
        Assign: { seen: RESULT, polls: "{% $polls + 1 %}" },
        Next: "Stands?",
        Catch: otherwise("Failed"),
      },
    ),
    "Stands?": inTime("Back", "Give it time", "Not back"),
    "Give it time": { Type: "Wait", Seconds: "{% $poll %}", Next: "Does it stand?" },
    Back: { Type: "Succeed", Output: { back: "{% $item.name %}" } },
    "Serve on the target": {
      Type: "Choice",
      Comment: "What can't come back serves where its newest data are, until a person has found out why.",
      Choices: [{ Condition: "{% $done.ran %}", Next: "Start on the target again" }],
      Default: "Not back",
    },
    "Start on the target again": call(
      "resume-on-target",
      { run: "{% $run %}", item: "{% $item %}", attempt: "{% $done.attempt %}" },
      { Next: "Not back", Catch: otherwise("Failed") },
    ),
    "Not back": { Type: "Fail", Error: "CopyBackFailed", Cause: "{% $seen.sentence %}" },
    Failed: REFAIL,
  },
});

/** Four hours of looking, then a person: what Velero does is its own business, but not for ever. */
function whether<const Then extends string, const Again extends string>(then: Then, again: Again) {
  return {
    Type: "Choice" as const,
    Choices: [
      { Condition: "{% $seen.verdict = 'fail' %}" as const, Next: "May it be tried again?" as const },
      { Condition: "{% $seen.verdict = 'pass' %}" as const, Next: then },
      { Condition: "{% $asked < 960 %}" as const, Next: again },
    ],
    Default: "Serve on the target" as const,
  };
}
