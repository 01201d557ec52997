/** Days later and by its own approval, of two people: the source's workloads go. After this there is no way back. */

import { call, child, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: plan and hash, as of migrate-cluster. Refused unless nothing of the source receives traffic, holds a lock or owns a record. */
export const decommission = stateMachine("decommission", {
  Comment:
    "Its own execution, at least two days after the thaw. A rollback after this is refused with a sentence.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Read the plan",
  States: {
    "Read the plan": call(
      "validate-start",
      {
        start: "{% $states.input %}",
        machine: "decommission",
        execution: "{% $states.context.Execution.Id %}",
      },
      {
        Assign: { run: "{% $states.result.Payload.run %}", start: RESULT },
        Next: "Take the last backup",
        Catch: otherwise("Failed"),
      },
    ),
    "Take the last backup": call(
      "take-snapshot",
      { run: "{% $run %}", name: "final" },
      { Next: "Is the backup whole?", Catch: otherwise("Failed") },
    ),
    "Is the backup whole?": watch("observe-snapshot", "decommission", "final", {
      after: 30,
      Next: "Is the source unused?",
      Catch: otherwise("Failed"),
    }),
    "Is the source unused?": watch("check-retirement", "decommission", "platform", {
      Next: "Ask two people",
      Catch: otherwise("Failed"),
    }),
    "Ask two people": child(
      "ask-approval",
      {
        run: "{% $run %}",
        question: {
          // A question that expired is asked again by another execution, under another name.
          id: "{% 'decommission-' & $states.context.Execution.Name %}",
          kind: "approval",
          phase: "decommission",
          sentence: "Remove the source's workloads for good.",
          choices: ["granted", "denied", "roll-back"],
          quorum: 0,
        },
      },
      { TimeoutSeconds: 1_209_600, Next: "Retire each workload", Catch: otherwise("Back or just no?") },
    ),
    "Back or just no?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $error = 'RolledBackByPerson' %}", Next: "Roll back" }],
      Default: "Failed",
    },
    "Roll back": child(
      "roll-back",
      { run: "{% $run %}", startedBy: "catch" },
      { TimeoutSeconds: 1_209_600, Next: "Rolled back", Catch: otherwise("Failed") },
    ),
    "Rolled back": { Type: "Fail", Error: "RolledBack", Cause: "{% $cause %}" },
    "Retire each workload": {
      Type: "Map",
      Label: "Retire",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Arguments: { Bucket: "${bucket}", Key: "{% 'plans/' & $run.plan & '/waves/retire.json' %}" },
      },
      ItemSelector: { run: "{% $run %}", item: "{% $states.context.Map.Item.Value %}" },
      MaxConcurrency: "{% $start.concurrency %}",
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "Retire",
        States: {
          Retire: call(
            "retire-workload",
            { run: "{% $states.input.run %}", item: "{% $states.input.item %}" },
            { Output: {}, End: true, Catch: otherwise("Not retired") },
          ),
          "Not retired": REFAIL,
        },
      },
      Output: {},
      Next: "Put the TTLs back",
      Catch: otherwise("Failed"),
    },
    "Put the TTLs back": call(
      "restore-ttls",
      { run: "{% $run %}" },
      { Next: "Release the clusters", Catch: otherwise("Failed") },
    ),
    "Release the clusters": call(
      "release-clusters",
      { run: "{% $run %}" },
      { Next: "Decommissioned", Catch: otherwise("Failed") },
    ),
    Decommissioned: { Type: "Succeed", Output: { phase: "decommission" } },
    Failed: REFAIL,
  },
});
