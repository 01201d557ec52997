/** Everything is restored at zero, compared object by object, then started wave by wave: core, state, applications, exclusive things last. */

import { child, each, otherwise, REFAIL, stateMachine, watch } from "./asl.ts";

/** Input: run, poll, concurrency, waves. Undo: the counts as recorded, source first. */
export const moveWorkloads = stateMachine("move-workloads", {
  Comment:
    "Completed isn't complete: a restore is compared object by object, and an unexpected pod on the target fails the gate.",
  TimeoutSeconds: 1_209_600,
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
      Next: "Restore definitions",
    },
    "Restore definitions": restore("definitions", "Are definitions restored?"),
    "Are definitions restored?": restored("definitions", "Restore the cluster's own"),
    "Restore the cluster's own": restore("cluster", "Is the cluster's own restored?"),
    "Is the cluster's own restored?": restored("cluster", "Restore at zero"),
    "Restore at zero": restore("namespaces", "Is the restore over?"),
    "Is the restore over?": restored("namespaces", "Restore what comes last"),
    "Restore what comes last": restore("last", "Is the last restored?"),
    "Is the last restored?": restored("last", "Restore what Velero left out"),
    "Restore what Velero left out": each("complete-restore", "objects", {
      Next: "Take drift along before the comparison",
      Catch: otherwise("Failed"),
    }),
    "Take drift along before the comparison": each("carry-drift", "before the comparison", {
      Next: "Does the target equal the source?",
      Catch: otherwise("Failed"),
    }),
    "Does the target equal the source?": watch("compare-clusters", "move-workloads", "platform", {
      Next: "Link what stays behind",
      Catch: otherwise("Failed"),
    }),
    "Link what stays behind": each("link-services", "balancers", {
      Next: "Do the links have names?",
      Catch: otherwise("Failed"),
    }),
    "Do the links have names?": watch("observe-balancers", "move-workloads", "links", {
      Next: "Point at what stays behind",
      Catch: otherwise("Failed"),
    }),
    "Point at what stays behind": each("link-services", "services", {
      Next: "Do the hosts have balancers?",
      Catch: otherwise("Failed"),
    }),
    "Do the hosts have balancers?": watch("observe-balancers", "move-workloads", "hosts", {
      after: 30,
      Next: "Fill the zone",
      Catch: otherwise("Failed"),
    }),
    "Fill the zone": each("fill-zone", "hosts", { Next: "Another wave?", Catch: otherwise("Failed") }),
    "Another wave?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $wave < $waves %}", Next: "Take drift along" }],
      Default: "Take drift along at the end",
    },
    "Take drift along": each("carry-drift", "{% 'wave ' & $string($wave) %}", {
      Next: "Has anything drifted?",
      Catch: otherwise("Failed"),
    }),
    "Has anything drifted?": watch("observe-drift", "move-workloads", "{% 'wave ' & $string($wave) %}", {
      Next: "Move the wave",
      Catch: otherwise("Failed"),
    }),
    "Move the wave": {
      Type: "Map",
      Label: "Wave",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Arguments: {
          Bucket: "${bucket}",
          Key: "{% 'plans/' & $run.plan & '/waves/move-' & $string($wave) & '.json' %}",
        },
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
              { Condition: "{% $states.input.item.move = 'shift-workers' %}", Next: "Shift workers" },
              { Condition: "{% $states.input.item.move = 'shift-group' %}", Next: "Shift the group" },
              { Condition: "{% $states.input.item.move = 'copy-with-pause' %}", Next: "Copy with a pause" },
              {
                Condition: "{% $states.input.item.move = 'hand-over-controller' %}",
                Next: "Hand over the controller",
              },
            ],
            Default: "Hand over",
          },
          Shift: child(
            "shift",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Hand over the controller": child(
            "hand-over-controller",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Shift workers": child(
            "shift-workers",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
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
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Shift the group": child(
            "shift-group",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Copy with a pause": child(
            "copy-with-pause",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Hand over": child(
            "hand-over",
            {
              run: "{% $states.input.run %}",
              phase: "move-workloads",
              item: "{% $states.input.item %}",
              poll: "{% $states.input.poll %}",
            },
            { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise("Item failed") },
          ),
          "Item failed": REFAIL,
        },
      },
      Assign: { wave: "{% $wave + 1 %}" },
      Output: {},
      Next: "Restore the webhooks",
      Catch: otherwise("Failed"),
    },
    "Restore the webhooks": each("restore-hooks", "{% $string($wave) %}", {
      Next: "Do the webhooks answer?",
      Catch: otherwise("Failed"),
    }),
    "Do the webhooks answer?": watch(
      "observe-hooks",
      "move-workloads",
      "{% 'after ' & $string($wave) & ' waves' %}",
      { Next: "Another wave?", Catch: otherwise("Failed") },
    ),
    "Take drift along at the end": each("carry-drift", "at the end", {
      Next: "Has anything drifted at the end?",
      Catch: otherwise("Failed"),
    }),
    "Has anything drifted at the end?": watch("observe-drift", "move-workloads", "at the end", {
      Next: "Compare everything",
      Catch: otherwise("Failed"),
    }),
    "Compare everything": {
      Type: "Map",
      Label: "Compare",
      Comment: "Single workloads could be judged only as far as their neighbours were there; now all are.",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Arguments: { Bucket: "${bucket}", Key: "{% 'plans/' & $run.plan & '/waves/raise.json' %}" },
      },
      ItemSelector: { run: "{% $run %}", item: "{% $states.context.Map.Item.Value %}" },
      MaxConcurrency: "{% $concurrency %}",
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "Take the item",
        States: {
          "Take the item": {
            Type: "Pass",
            Assign: { run: "{% $states.input.run %}", item: "{% $states.input.item %}" },
            Next: "Compare whole",
          },
          "Compare whole": watch(
            "compare-whole",
            "move-workloads",
            "{% $item.namespace & '/' & $item.name & ', whole' %}",
            {
              item: "{% $item %}",
              Output: {},
              End: true,
              Catch: otherwise("Not compared"),
            },
          ),
          "Not compared": REFAIL,
        },
      },
      Output: {},
      Next: "Run the end-to-end suite",
      Catch: otherwise("Failed"),
    },
    "Run the end-to-end suite": each("run-e2e-suite", "hosts", {
      Next: "Did the suite pass?",
      Catch: otherwise("Failed"),
    }),
    "Did the suite pass?": watch("observe-suite", "move-workloads", "platform", {
      after: 60,
      Next: "Remove the suite's traces",
      Catch: otherwise("Failed"),
    }),
    "Remove the suite's traces": each("clean-e2e-suite", "hosts", {
      Next: "What does our own load get?",
      Catch: otherwise("Failed"),
    }),
    "What does our own load get?": watch("observe-load", "move-workloads", "during", {
      after: 60,
      Next: "Moved",
      Catch: otherwise("Failed"),
    }),
    Moved: { Type: "Succeed", Output: { phase: "move-workloads" } },
    Failed: REFAIL,
  },
});

type Stage = "definitions" | "cluster" | "namespaces" | "last";

/** The Restores of one stage; the next begins when they are over. */
function restore<const Next extends string>(stage: Stage, next: Next) {
  return each<Next | "Failed">("restore-workloads", stage, { Next: next, Catch: otherwise("Failed") });
}

function restored<const Next extends string>(stage: Stage, next: Next) {
  return watch<Next | "Failed">("observe-restore", "move-workloads", stage, {
    // The last stage is empty for most.
    after: stage === "last" ? 0 : 15,
    Next: next,
    Catch: otherwise("Failed"),
  });
}
