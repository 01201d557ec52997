/** A cluster moves: the phases in order. Before the delegation a failure rolls back by itself; after it, the phase holds and pages. */

import { call, child, otherwise, RESULT, stateMachine } from "./asl.ts";

/** Input: {migration, plan}. Everything else is in the plan. */
export const migrateCluster = stateMachine("migrate-cluster", {
  Comment:
    "Preflight, build, freeze, move, cut, thaw. Decommissioning is an execution of its own, days later.",
  TimeoutSeconds: 2_592_000,
  StartAt: "Read the plan",
  States: {
    "Read the plan": call(
      "validate-start",
      {
        run: "{% $states.input %}",
        machine: "migrate-cluster",
        execution: "{% $states.context.Execution.Id %}",
      },
      {
        Assign: {
          run: "{% $states.result.Payload.run %}",
          poll: "{% $states.result.Payload.pollSeconds %}",
          concurrency: "{% $states.result.Payload.concurrency %}",
          waves: "{% $states.result.Payload.waves %}",
        },
        Output: RESULT,
        Next: "Preflight",
        Catch: otherwise("Refused"),
      },
    ),
    Preflight: phase("preflight", "Build the target"),
    "Build the target": phase("build-target", "When does the freeze begin?"),
    "When does the freeze begin?": call(
      "check-window",
      { run: "{% $run %}", step: "freeze" },
      { Assign: { window: RESULT }, Next: "Now or later?", Catch: otherwise("Was anything changed?") },
    ),
    "Now or later?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $window.verdict = 'pass' %}", Next: "Freeze" },
        { Condition: "{% $window.verdict = 'unknown' %}", Next: "Wait for the quiet hours" },
      ],
      Default: "No window",
    },
    "Wait for the quiet hours": { Type: "Wait", Seconds: "{% $window.waitSeconds %}", Next: "Freeze" },
    "No window": {
      Type: "Pass",
      Assign: { error: "NoWindow", cause: "{% $window.sentence %}" },
      Next: "Was anything changed?",
    },
    Freeze: phase("freeze", "Move the workloads"),
    "Move the workloads": phase("move-workloads", "Cut the traffic"),
    "Cut the traffic": phase("cut-traffic", "Thaw"),
    Thaw: phase("thaw", "Migrated"),
    Migrated: { Type: "Succeed", Output: { migrated: "{% $run.migration %}" } },
    "Was anything changed?": call(
      "weigh-failure",
      { run: "{% $run %}", error: "{% $error %}", cause: "{% $cause %}" },
      {
        Assign: { weighed: RESULT },
        Next: "Back or just stop?",
        // Whether the target serves isn't known: nothing may be moved back without a person.
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "Tell people" }],
      },
    ),
    "Back or just stop?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $weighed.way = 'stop' %}", Next: "Refused" },
        { Condition: "{% $weighed.way = 'untouched' %}", Next: "Give the clusters back" },
        { Condition: "{% $weighed.way = 'wait' %}", Next: "Tell people" },
      ],
      Default: "Roll back",
    },
    "Give the clusters back": call(
      "release-clusters",
      { run: "{% $run %}" },
      { Next: "Refused", Catch: [{ ErrorEquals: ["States.ALL"], Next: "Refused" }] },
    ),
    "Tell people": call(
      "page-person",
      {
        run: "{% $run %}",
        sentence:
          "{% $error & ': ' & $cause & ' The migration has stopped where it is; start it again to go on, or roll it back.' %}",
      },
      {
        Next: "Waiting for a person",
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "Waiting for a person" }],
      },
    ),
    "Roll back": child(
      "roll-back",
      { run: "{% $run %}", startedBy: "catch" },
      {
        TimeoutSeconds: 1_209_600,
        Next: "Rolled back",
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "Rollback incomplete" }],
      },
    ),
    "Rolled back": { Type: "Fail", Error: "RolledBack", Cause: "{% $error & ': ' & $cause %}" },
    "Rollback incomplete": {
      Type: "Fail",
      Error: "RollbackIncomplete",
      Cause: "{% $error & ': ' & $cause %}",
    },
    "Waiting for a person": { Type: "Fail", Error: "WaitingForPerson", Cause: "{% $cause %}" },
    Refused: { Type: "Fail", Error: "{% $error %}", Cause: "{% $cause %}" },
  },
});

function phase<const Next extends string>(name: string, next: Next) {
  return child<Next | "Was anything changed?">(
    name,
    {
      run: "{% $run %}",
      poll: "{% $poll %}",
      concurrency: "{% $concurrency %}",
      waves: "{% $waves %}",
    },
    { TimeoutSeconds: 1_209_600, Output: {}, Next: next, Catch: otherwise("Was anything changed?") },
  );
}
