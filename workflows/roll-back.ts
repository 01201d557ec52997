/** The way back, from anywhere, without approval: the fence, then capacity, then DNS, then everything else, newest first. */

import {
  call,
  child,
  otherwise,
  REFAIL,
  RESULT,
  type Retrier,
  stateMachine,
  type Task,
  tell,
  transient,
} from "./asl.ts";

/** A cluster that is being created is deleted when it is there: about ten minutes, by EKS. */
const settling: Retrier = {
  ErrorEquals: ["StillSettling"],
  IntervalSeconds: 30,
  MaxAttempts: 60,
  BackoffRate: 1,
};

/** Pods of a group's members start and stop on the way back, one after the other. */
const member: Retrier = {
  ErrorEquals: ["GroupSettling"],
  IntervalSeconds: 10,
  MaxAttempts: 360,
  BackoffRate: 1,
};

/** A pod that hangs is a person's to remove: half a day, and the entry's history stays far below 25,000 events. */
const stuck: Retrier = {
  ErrorEquals: ["PodStuck"],
  IntervalSeconds: 30,
  MaxAttempts: 1_440,
  BackoffRate: 1,
};

/** The way back gives up on a service that is out of order for an hour, not for minutes: nobody else brings the platform back. */
const enduring: Retrier = { ...transient, MaxAttempts: 180 };

/** A step of the way back. */
const back = <const Name extends string>(...of: Parameters<typeof call<Name>>): Task<Name> => ({
  ...call<Name>(...of),
  Retry: [enduring],
});

/** Input: run, startedBy ("catch" | "person" | "event"), poll. Each undo works when the effect never happened. */
export const rollBack = stateMachine("roll-back", {
  Comment:
    "An undo that fails again and again pages a person with the command to run by hand, and the rest goes on.",
  TimeoutSeconds: 604_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        startedBy: "{% $states.input.startedBy %}",
        polls: 0,
        sweeps: 0,
        compared: 0,
        looks: 0,
      },
      Next: "Raise the fence",
    },
    "Raise the fence": back(
      "raise-fence",
      { run: "{% $run %}", startedBy: "{% $startedBy %}", execution: "{% $states.context.Execution.Id %}" },
      { Assign: { fence: RESULT }, Next: "May this be rolled back?", Catch: otherwise("Failed") },
    ),
    "May this be rolled back?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $fence.refused %}", Next: "Refused" }],
      Default: "Stop what still runs",
    },
    "Stop what still runs": back(
      "stop-forward",
      { run: "{% $run %}", startedBy: "{% $startedBy %}" },
      { Next: "Let functions end", Catch: otherwise("Failed") },
    ),
    "Let functions end": {
      Type: "Wait",
      Seconds: 30,
      Comment: "A function with effects times out after 30 seconds.",
      Next: "List what to undo",
    },
    "List what to undo": back(
      "list-undo",
      { run: "{% $run %}" },
      { Assign: { undo: RESULT }, Next: "Carry changes back", Catch: otherwise("Failed") },
    ),
    "Carry changes back": back(
      "carry-back",
      { run: "{% $run %}" },
      { Next: "Carry records back", Catch: otherwise("Page for the changes") },
    ),
    "Page for the changes": tell(
      {
        sentence: "{% 'What was changed on the target could not be carried back: ' & $cause %}",
      },
      { Next: "Carry records back", Catch: otherwise("Carry records back") },
    ),
    "Carry records back": back(
      "carry-records-back",
      { run: "{% $run %}" },
      { Next: "Take the webhooks away", Catch: otherwise("Page for the records") },
    ),
    "Page for the records": tell(
      {
        sentence: "{% 'Records that were changed in the new zone could not be carried back: ' & $cause %}",
      },
      { Next: "Take the webhooks away", Catch: otherwise("Take the webhooks away") },
    ),
    "Take the webhooks away": undoing("hooks", 1, "Restore capacity"),
    "Restore capacity": undoing("capacity", 40, "Does the source stand?"),
    "Does the source stand?": back(
      "observe-source",
      { run: "{% $run %}" },
      {
        Assign: { seen: RESULT, polls: "{% $polls + 1 %}" },
        Next: "Source ready?",
        Catch: otherwise("Failed"),
      },
    ),
    "Source ready?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "DNS back" },
        { Condition: "{% $polls < 240 %}", Next: "Give the source time" },
      ],
      Default: "Page for the source",
    },
    "Give the source time": { Type: "Wait", Seconds: 15, Next: "Does the source stand?" },
    "Page for the source": tell(
      { sentence: "{% $seen.sentence %}" },
      { Next: "Does the target serve?", Catch: otherwise("Does the target serve?") },
    ),
    "Does the target serve?": {
      Type: "Choice",
      Comment:
        "Clients are not sent to a source that can't carry them. Where nobody was ever sent to the target, the rest is independent.",
      Choices: [{ Condition: "{% $undo.delegated %}", Next: "Incomplete" }],
      Default: "DNS back",
    },
    "DNS back": undoing("dns", 1, "The new zone names the old servers", { polls: 0 }),
    "The new zone names the old servers": back(
      "turn-back",
      { run: "{% $run %}" },
      { Next: "Is anybody still on the target?", Catch: otherwise("Failed") },
    ),
    "Is anybody still on the target?": back(
      "observe-target-traffic",
      { run: "{% $run %}", polls: "{% $polls %}" },
      {
        Assign: { seen: RESULT, polls: "{% $polls + 1 %}" },
        Next: "Target unused?",
        Catch: otherwise("Failed"),
      },
    ),
    "Target unused?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Copy volumes back" },
        { Condition: "{% $polls < 960 %}", Next: "Let clients come back" },
      ],
      Default: "Page for the target",
    },
    "Let clients come back": { Type: "Wait", Seconds: 30, Next: "Is anybody still on the target?" },
    "Page for the target": tell(
      { sentence: "{% $seen.sentence %}" },
      { Next: "Clients remain", Catch: otherwise("Failed") },
    ),
    "Copy volumes back": copyingBack("Everything else"),
    "Everything else": undoing("rest", 1, "List what is left"),
    "List what is left": back(
      "list-undo",
      { run: "{% $run %}", again: true },
      {
        Assign: { undo: RESULT, sweeps: "{% $sweeps + 1 %}" },
        Next: "Anything left?",
        Catch: otherwise("Failed"),
      },
    ),
    "Anything left?": {
      Type: "Choice",
      Comment:
        "What was given up on is tried once more, in the same order: what hindered it may be over by now. Only then it is left to people.",
      Choices: [
        {
          Condition: "{% $sweeps < 2 and $undo.left > 0 %}",
          Assign: { polls: 0 },
          Next: "Take the webhooks away",
        },
      ],
      Default: "Is everything as it was?",
    },
    "Is everything as it was?": back(
      "compare-with-start",
      { run: "{% $run %}", watcher: "{% $states.context.Execution.Name %}", from: "{% $compared %}" },
      {
        Assign: { seen: RESULT, compared: "{% $states.result.Payload.next %}", looks: "{% $looks + 1 %}" },
        Next: "As it was?",
        Catch: otherwise("Failed"),
      },
    ),
    "As it was?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Release the clusters" },
        { Condition: "{% $seen.next != null and $looks < 1000 %}", Next: "Is everything as it was?" },
      ],
      Default: "Page for what is left",
    },
    "Page for what is left": tell(
      { sentence: "{% $seen.sentence %}" },
      { Next: "Incomplete", Catch: otherwise("Failed") },
    ),
    "Release the clusters": back(
      "release-clusters",
      { run: "{% $run %}" },
      { Next: "Rolled back", Catch: otherwise("Failed") },
    ),
    "Rolled back": { Type: "Succeed", Output: { rolledBack: true } },
    Refused: { Type: "Fail", Error: "RollbackRefused", Cause: "{% $fence.sentence %}" },
    "Clients remain": { Type: "Fail", Error: "RollbackIncomplete", Cause: "{% $seen.sentence %}" },
    Incomplete: { Type: "Fail", Error: "RollbackIncomplete", Cause: "{% $seen.sentence %}" },
    Failed: REFAIL,
  },
});

function undoing<const Next extends string>(
  list: "hooks" | "capacity" | "dns" | "rest",
  concurrency: number,
  next: Next,
  assign = {},
) {
  return {
    Type: "Map" as const,
    Label: `Undo${list}`,
    ItemReader: {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" as const },
      Arguments: { Bucket: "${bucket}", Key: `{% $undo.${list} %}` as const },
    },
    ItemSelector: { run: "{% $run %}", entry: "{% $states.context.Map.Item.Value %}" },
    MaxConcurrency: concurrency,
    // One that could neither be undone nor be told to anybody must not stop the others; the comparison at the end finds it.
    ToleratedFailurePercentage: 100,
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED" as const, ExecutionType: "STANDARD" as const },
      StartAt: `Take ${list}`,
      States: {
        [`Take ${list}`]: {
          Type: "Pass",
          Assign: { run: "{% $states.input.run %}", entry: "{% $states.input.entry %}" },
          Next: `Undo ${list}`,
        },
        [`Undo ${list}`]: {
          ...back(
            "undo-effect",
            { run: "{% $run %}", entry: "{% $entry %}" },
            {
              Output: {},
              End: true,
              Catch: [
                ...otherwise(`Page and wait for ${list}`, ["PodStuck"]),
                ...otherwise(`Page for ${list}`),
              ],
            },
          ),
          Retry: [settling, member, enduring],
        },
        [`Page and wait for ${list}`]: tell(
          { sentence: "{% $cause %}" },
          { Next: `Undo ${list} after all`, Catch: otherwise(`Undo ${list} after all`) },
        ),
        [`Undo ${list} after all`]: {
          ...back(
            "undo-effect",
            { run: "{% $run %}", entry: "{% $entry %}" },
            { Output: {}, End: true, Catch: otherwise(`Page for ${list}`) },
          ),
          Retry: [stuck, settling, member, enduring],
        },
        [`Page for ${list}`]: tell(
          { entry: "{% $entry %}", sentence: "{% $cause %}" },
          { Output: {}, End: true, Catch: otherwise(`Nobody paged for ${list}`) },
        ),
        [`Nobody paged for ${list}`]: REFAIL,
      },
    },
    Assign: assign,
    Output: {},
    Next: next,
    Catch: otherwise("Failed"),
  } as const;
}

/** What copied workloads have written on the target comes to the source, and they start there. One that can't is told to a person; the rest goes on. */
function copyingBack<const Next extends string>(next: Next) {
  return {
    Type: "Map" as const,
    Label: "CopyBack",
    ItemReader: {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" as const },
      Arguments: { Bucket: "${bucket}", Key: "{% $undo.copies %}" as const },
    },
    ItemSelector: { run: "{% $run %}", item: "{% $states.context.Map.Item.Value %}" },
    MaxConcurrency: 5,
    ToleratedFailurePercentage: 100,
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED" as const, ExecutionType: "STANDARD" as const },
      StartAt: "Take the copy",
      States: {
        "Take the copy": {
          Type: "Pass",
          Assign: { run: "{% $states.input.run %}", item: "{% $states.input.item %}" },
          Next: "Copy back",
        },
        "Copy back": child(
          "copy-back",
          { run: "{% $run %}", item: "{% $item %}", poll: 15 },
          { TimeoutSeconds: 172_800, Output: {}, End: true, Catch: otherwise("Page for the copy") },
        ),
        "Page for the copy": tell(
          {
            sentence:
              "{% $item.namespace & '/' & $item.name & ' is not back on the source: ' & $cause & ' Its newest data are in the volumes of the target; nothing was deleted.' %}",
          },
          { Output: {}, End: true, Catch: otherwise("Nobody paged for the copy") },
        ),
        "Nobody paged for the copy": REFAIL,
      },
    },
    Output: {},
    Next: next,
    Catch: otherwise("Failed"),
  } as const;
}
