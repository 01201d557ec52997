/** The whole stack at once, because service discovery is per cluster: capacity first, then the delegation, then the source down to its floor. */

import { begin, call, child, each, otherwise, REFAIL, RESULT, stateMachine, watch } from "./asl.ts";

/** Input: run, poll, concurrency. Before the delegation a failure rolls back; after it, a failure holds and pages. Undo: source up, then delegation back. */
export const cutTraffic = stateMachine("cut-traffic", {
  Comment:
    "Approved for this plan and by fresh gates; no step starts unless it, and its rollback, fit into the window.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: {
        run: "{% $states.input.run %}",
        poll: "{% $states.input.poll %}",
        concurrency: "{% $states.input.concurrency %}",
        windowChecks: 0,
      },
      Next: "Target to everything",
    },
    "Target to everything": capacity("raise", "target", "Is the target whole?", "Failed"),
    "Is the target whole?": watch("validate-target", "cut-traffic", "platform", {
      Next: "Does each thing have one owner?",
      Catch: otherwise("Failed"),
    }),
    "Does each thing have one owner?": watch("observe-owners", "cut-traffic", "exclusive things", {
      Next: "Ask for the cut",
      Catch: otherwise("Failed"),
    }),
    "Ask for the cut": child(
      "ask-approval",
      {
        run: "{% $run %}",
        question: {
          // A question that expired is asked again by another execution, under another name.
          id: "{% 'cut-traffic-' & $states.context.Execution.Name %}",
          kind: "approval",
          phase: "cut-traffic",
          sentence: "Delegate the zone to the target. Undo costs one TTL.",
          choices: ["granted", "denied", "roll-back"],
          quorum: 0,
        },
      },
      { TimeoutSeconds: 1_209_600, Next: "Is the window open?", Catch: otherwise("Failed") },
    ),
    "Is the window open?": call(
      "check-window",
      { run: "{% $run %}", step: "delegate-zone" },
      {
        Assign: { window: RESULT, windowChecks: "{% $windowChecks + 1 %}" },
        Next: "May it begin?",
        Catch: otherwise("Failed"),
      },
    ),
    "May it begin?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $window.verdict = 'pass' %}", Next: "Fresh gates" },
        {
          Condition: "{% $windowChecks < 10 and $window.waitSeconds <= 1209600 %}",
          Next: "Wait for the window",
        },
      ],
      Default: "No window",
    },
    "Wait for the window": {
      Type: "Wait",
      Seconds: "{% $window.waitSeconds %}",
      Next: "Is the window open?",
    },
    "Fresh gates": watch("compare-platform", "cut-traffic", "before the cut", {
      Next: "Take records along",
      Catch: otherwise("Failed"),
    }),
    "Take records along": each("carry-records", "zone", {
      Next: "Do both zones hold the same?",
      Catch: otherwise("Failed"),
    }),
    "Do both zones hold the same?": watch("compare-zones", "cut-traffic", "platform", {
      Next: "Delegate",
      Catch: otherwise("Failed"),
    }),
    Delegate: begin(
      "delegate-zone",
      {
        run: "{% $run %}",
        beginBefore: "{% $exists($window.beginBefore) ? $window.beginBefore : null %}",
      },
      {
        Next: "Do all servers say so?",
        // The gates or the guard have taken long: the window may have closed since.
        Catch: [...otherwise("Once more in time?", ["WindowPassed"]), ...otherwise("Hold the delegation")],
      },
    ),
    "Once more in time?": {
      Type: "Choice",
      Choices: [{ Condition: "{% $windowChecks < 10 %}", Next: "Is the window open?" }],
      Default: "Hold the delegation",
    },
    "Hold the delegation": child(
      "hold",
      { run: "{% $run %}", phase: "cut-traffic", subject: "delegation", sentence: "{% $cause %}" },
      {
        TimeoutSeconds: 1_209_600,
        Assign: { windowChecks: 0 },
        Next: "Is the window open?",
        Catch: otherwise("Failed"),
      },
    ),
    "Do all servers say so?": watch("observe-delegation", "cut-traffic", "platform", {
      // Route 53 brings a change to its servers within a minute.
      after: 60,
      Next: "The delegation's TTL runs out",
      Catch: otherwise("Hold after the delegation"),
    }),
    "The delegation's TTL runs out": call(
      "measure-ttls",
      { run: "{% $run %}" },
      { Assign: { ttls: RESULT }, Next: "Wait out the TTLs", Catch: otherwise("Hold after the delegation") },
    ),
    "Wait out the TTLs": {
      Type: "Wait",
      Seconds: "{% $ttls.waitSeconds %}",
      Next: "The old zone points at the target",
    },
    "The old zone points at the target": each("repoint-old-zone", "hosts", {
      Next: "Does the old zone say so?",
      Catch: otherwise("Hold after the delegation"),
    }),
    "Does the old zone say so?": watch("observe-old-zone", "cut-traffic", "platform", {
      after: 30,
      Next: "Wait out the records",
      Catch: otherwise("Hold after the delegation"),
    }),
    "Wait out the records": {
      Type: "Wait",
      Seconds: "{% $ttls.recordWaitSeconds %}",
      Next: "Does anybody still use the source?",
    },
    "Does anybody still use the source?": watch("observe-stragglers", "cut-traffic", "platform", {
      Next: "Source down to its floor",
      Catch: otherwise("Hold after the delegation"),
    }),
    "Source down to its floor": capacity("lower", "source", "Let it settle", "Hold after the delegation"),
    "Let it settle": {
      Type: "Wait",
      Seconds: 120,
      Comment: "Whoever raises replicas again does so within a minute or two.",
      Next: "Does the source stay down?",
    },
    "Does the source stay down?": watch("observe-floor", "cut-traffic", "platform", {
      Next: "Does the target carry it?",
      Catch: otherwise("Hold after the delegation"),
    }),
    "Does the target carry it?": watch("compare-platform", "cut-traffic", "after the cut", {
      Next: "Cut",
      Catch: otherwise("Hold after the delegation"),
    }),
    Cut: { Type: "Succeed", Output: { phase: "cut-traffic" } },
    "Hold after the delegation": child(
      "hold",
      { run: "{% $run %}", phase: "cut-traffic", subject: "after-delegation", sentence: "{% $cause %}" },
      { TimeoutSeconds: 1_209_600, Next: "Do all servers say so?", Catch: otherwise("Failed") },
    ),
    "No window": { Type: "Fail", Error: "NoWindow", Cause: "{% $window.sentence %}" },
    Failed: REFAIL,
  },
});

function capacity<const Next extends string, const Failed extends string>(
  list: "raise" | "lower",
  side: "source" | "target",
  next: Next,
  failed: Failed,
) {
  return {
    Type: "Map" as const,
    Label: list === "raise" ? "Raise" : "Lower",
    ItemReader: {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" as const },
      Arguments: { Bucket: "${bucket}", Key: `{% 'plans/' & $run.plan & '/waves/${list}.json' %}` as const },
    },
    ItemSelector: { run: "{% $run %}", poll: "{% $poll %}", item: "{% $states.context.Map.Item.Value %}" },
    MaxConcurrency: "{% $concurrency %}" as const,
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED" as const, ExecutionType: "STANDARD" as const },
      StartAt: `Scale to ${list}`,
      States: {
        [`Scale to ${list}`]: child(
          "scale",
          {
            run: "{% $states.input.run %}",
            phase: "cut-traffic",
            item: "{% $states.input.item %}",
            side,
            replicas:
              list === "raise" ? "{% $states.input.item.replicas %}" : "{% $states.input.item.floor %}",
            operation: `{% $states.input.item.operations.${list} %}`,
            move: `0-${list}`,
            poll: "{% $states.input.poll %}",
          },
          { TimeoutSeconds: 1_209_600, Output: {}, End: true, Catch: otherwise(`Failed to ${list}`) },
        ),
        [`Failed to ${list}`]: REFAIL,
      },
    },
    Output: {},
    Next: next,
    Catch: otherwise(failed),
  } as const;
}
