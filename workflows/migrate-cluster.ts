/** A cluster moves: the phases in order. Before the delegation a failure rolls back by itself; after it, the phase holds and pages. */

import { call, child, type Machine, otherwise, RESULT, stateMachine, tell } from "./asl.ts";

const PHASE_INPUT = {
  run: "{% $run %}",
  poll: "{% $poll %}",
  concurrency: "{% $concurrency %}",
  waves: "{% $waves %}",
};

/** The work that is guarded. What fails in it is caught by the Parallel state: a branch may not assign what its machine has. */
const MOVING: Machine = {
  StartAt: "Move the workloads",
  States: {
    "Move the workloads": guarded("move-workloads", "Cut the traffic"),
    "Cut the traffic": guarded("cut-traffic", "Thaw"),
    Thaw: guarded("thaw", "The guard may go"),
    "The guard may go": call("end-guard", { run: "{% $run %}" }, { Output: {}, End: true }),
  } as Machine["States"],
};

/** A guard that has looked often enough goes on in another execution; so many of them last for a year. */
const GUARDS_MAX = 100;

const GUARDING: Machine = {
  StartAt: "Count the guards",
  States: {
    "Count the guards": { Type: "Pass", Assign: { guards: 0 }, Next: "Guard" },
    Guard: child(
      "guard",
      { run: "{% $run %}" },
      {
        TimeoutSeconds: 1_209_600,
        Assign: { guards: "{% $guards + 1 %}" },
        Output: "{% $states.result.Output %}",
        Next: "Go on guarding?",
      },
    ),
    "Go on guarding?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% $not($states.input.again) %}", Next: "Guarded" },
        { Condition: `{% $guards < ${GUARDS_MAX} %}`, Next: "Guard" },
      ],
      Default: "Guarded for too long",
    },
    Guarded: { Type: "Succeed", Output: {} },
    "Guarded for too long": {
      Type: "Fail",
      Error: "HeldTooLong",
      Cause: "The guard has looked 30,000 times, and the work that it guards has not ended.",
    },
  } as Machine["States"],
};

/** Input: {"plan": "plans/HASH/plan.json", "hash": "HASH"} (domain/start.ts). Everything else is in the plan. */
export const migrateCluster = stateMachine("migrate-cluster", {
  Comment:
    "Preflight, build, freeze, move, cut, thaw. Decommissioning is an execution of its own, days later.",
  TimeoutSeconds: 2_592_000,
  StartAt: "Read the plan",
  States: {
    "Read the plan": call(
      "validate-start",
      {
        start: "{% $states.input %}",
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
    "Build the target": phase("build-target", "Freeze"),
    Freeze: phase("freeze", "Move under guard"),
    "Move under guard": {
      Type: "Parallel",
      Comment: "What the guard finds pauses the move; where people choose the way back, both end.",
      Branches: [MOVING, GUARDING],
      Output: {},
      Next: "Migrated",
      Catch: otherwise("Was anything changed?"),
    },
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
    "Tell people": tell(
      {
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
  return child<Next | "Was anything changed?">(name, PHASE_INPUT, {
    TimeoutSeconds: 1_209_600,
    Output: {},
    Next: next,
    Catch: otherwise("Was anything changed?"),
  });
}

function guarded<const Next extends string>(name: string, next: Next) {
  return child<Next>(name, PHASE_INPUT, { TimeoutSeconds: 1_209_600, Output: {}, Next: next });
}
