/** Everything is restored at zero, compared object by object, then started wave by wave: core, state, applications, exclusive things last. */

import { call, child, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: run, poll, concurrency, waves. Undo: the counts as recorded, source first. */
export const moveWorkloads = stateMachine("move-workloads", {
  Comment: "Completed isn't complete: a restore is compared object by object, and an unexpected pod on the target fails the gate.",
  TimeoutSeconds: 604_800,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        poll: "{% $states.input.poll %}",
        concurrency: "{% $states.input.concurrency %}",
        waves: "{% $states.input.waves %}",
        wave: 0,
      },
      Next: "Restore at zero",
    },
    "Restore at zero": call("restore-workloads", { run: "{% $run %}" }, { Next: "Is the restore over?", Catch: otherwise("Failed") }),
    "Is the restore over?": watch("observe-restore", "move-workloads", "platform", { Next: "Restore what Velero left out", Catch: otherwise("Failed") }),
    "Restore what Velero left out": call("complete-restore", { run: "{% $run %}" }, { Next: "Does the target equal the source?", Catch: otherwise("Failed") }),
    "Does the target equal the source?": watch("compare-clusters", "move-workloads", "platform", { Next: "Link what stays behind", Catch: otherwise("Failed") }),
    "Link what stays behind": call("link-services", { run: "{% $run %}" }, { Next: "Another wave?", Catch: otherwise("Failed") }),
    "Another wave?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $wave < $waves %}", Next: "Has anything drifted?" }],
      Default: "Moved",
    },
    "Has anything drifted?": watch("observe-drift", "move-workloads", "{% 'wave ' & $string($wave) %}", { Next: "Move the wave", Catch: otherwise("Failed") }),
    "Move the wave": {
      Type: "Map",
      Label: "Wave",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Arguments: { Bucket: "${bucket}", Key: "{% 'plans/' & $run.plan & '/waves/move-' & $string($wave) & '.json' %}" },
      },
      ItemSelector: { run: "{% $run %}", poll: "{% $poll %}", item: "{% $states.context.Map.Item.Value %}" },
      MaxConcurrency: "{% $concurrency %}",
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "How does it move?",
        States: {
          "How does it move?": {
            Type: "Choice",
            Choices: [
              { Condition: "{% $states.input.item.move = 'half-and-half' %}", Next: "Shift" },
              { Condition: "{% $states.input.item.move = 'start-on-target' %}", Next: "Start" },
            ],
            Default: "Hand over",
          },
          Shift: child("shift", { run: "{% $states.input.run %}", phase: "move-workloads", item: "{% $states.input.item %}", poll: "{% $states.input.poll %}" }, { TimeoutSeconds: 172_800, Output: {}, End: true, Catch: otherwise("Failed") }),
          Start: child(
            "scale",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              side: "target",
              replicas: "{% $states.input.item.replicas %}",
              operation: "{% $states.input.item.operations.move %}",
              move: "0-target-start",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 86_400, Output: {}, End: true, Catch: otherwise("Failed") },
          ),
          "Hand over": child("hand-over", { run: "{% $states.input.run %}", phase: "move-workloads", item: "{% $states.input.item %}", poll: "{% $states.input.poll %}" }, { TimeoutSeconds: 172_800, Output: {}, End: true, Catch: otherwise("Failed") }),
          Failed: REFAIL,
        },
      },
      Assign: { wave: "{% $wave + 1 %}" },
      Output: {},
      Next: "Another wave?",
      Catch: otherwise("Failed"),
    },
    Moved: { Type: "Succeed", Output: { phase: "move-workloads" } },
    Failed: REFAIL,
  },
});
