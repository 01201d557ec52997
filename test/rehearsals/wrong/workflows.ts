/** Workflows that are wrong in one way each: the real machines with one thing left out, reordered or changed. */

import type { NamedMachine } from "../../../workflows/asl.ts";
import { added, all, changed, inOrder, leftOut, withStates } from "./edit.ts";

/** The source gives up its capacity before anybody was sent to the target. */
export const sourceDownFirst = (): readonly NamedMachine[] =>
  withStates(
    "cut-traffic",
    all(
      inOrder("Fresh gates", "Source down to its floor", "Delegate"),
      inOrder("Does anybody still use the source?", "Does the target carry it?"),
    ),
  );

/** Nobody waits until resolvers have forgotten the old servers, and nobody looks who still asks them. */
export const ttlNotWaitedOut = (): readonly NamedMachine[] =>
  withStates("cut-traffic", inOrder("Do all servers say so?", "Source down to its floor"));

/** Traffic goes to a target that still stands at its half. */
export const targetStaysAtHalf = (): readonly NamedMachine[] =>
  withStates("cut-traffic", leftOut("Target to everything", "Is the target whole?"));

/** What must not exist twice is started on the target first, as everything else is. */
export const startedBeforeStopped = (): readonly NamedMachine[] =>
  withStates(
    "hand-over",
    all(
      changed("Schedule or pods?", { Default: "The target owns it" }),
      inOrder("Start on the target", "Stop on the source", "Handed over"),
    ),
  );

/** A static id starts on the target while its pod still runs on the source. */
export const idsHandedOverFirst = (): readonly NamedMachine[] =>
  withStates(
    "shift-group",
    changed("Next move", {
      Arguments: {
        FunctionName: "${plan-move}",
        Payload: {
          run: "{% $run %}",
          item: "{% $merge([$item, {'groups': [$merge([$item.groups[0], {'policy': 'live'}])]}]) %}",
          lagMax: "{% $lagMax %}",
        },
      },
    }),
  );

/** The source's schedule stays on. */
export const bothSchedule = (): readonly NamedMachine[] =>
  withStates(
    "hand-over",
    changed("Schedule or pods?", {
      Choices: [{ Condition: "{% $item.move = 'hand-over-schedule' %}", Next: "The target owns it" }],
    }),
  );

/** Between the source's last tick and the target's first lie two hours. */
export const nobodySchedules = (): readonly NamedMachine[] =>
  withStates(
    "hand-over",
    all(
      changed("What starts there?", {
        Choices: [{ Condition: "{% $item.move = 'hand-over-schedule' %}", Next: "Coffee" }],
      }),
      added("Coffee", { Type: "Wait", Seconds: 7200, Next: "Resume on the target" }),
    ),
  );

/** The cut without asking anybody. */
export const nobodyAsked = (): readonly NamedMachine[] =>
  withStates("cut-traffic", leftOut("Ask for the cut"));

/** The source's workloads go without the second question. */
export const retiredUnasked = (): readonly NamedMachine[] =>
  withStates("decommission", leftOut("Ask two people"));

/** Not failed is taken for passed. */
export const unknownPasses = (): readonly NamedMachine[] =>
  withStates(
    "watch-gates",
    changed("Passed?", { Choices: [{ Condition: "{% $seen.verdict != 'fail' %}", Next: "Passed" }] }),
  );

/** Preflight goes on unless a check has failed. */
export const uncheckedPreflight = (): readonly NamedMachine[] =>
  withStates(
    "preflight",
    changed("What did they say?", {
      Choices: [{ Condition: "{% 'fail' in $verdicts.verdict %}", Next: "Refused" }],
      Default: "Remember the start",
    }),
  );

/** A rollback that takes another backup when it has begun: a change forward. */
export const forwardInRollback = (): readonly NamedMachine[] =>
  withStates(
    "roll-back",
    all(
      added("Take a backup", {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: "${take-snapshot}", Payload: { run: "{% $run %}", name: "freeze" } },
        TimeoutSeconds: 30,
        Next: "List what to undo",
      }),
      inOrder("Let functions end", "Take a backup"),
    ),
  );

/** A rollback that stops once requests are safe. */
export const undoSkipped = (): readonly NamedMachine[] =>
  withStates("roll-back", inOrder("The new zone names the old servers", "Release the clusters"));

/** Counts to itself until the history of its execution is full. */
export const endless = (): readonly NamedMachine[] =>
  withStates(
    "build-target",
    all(
      added("Once more", { Type: "Pass", Next: "Round again" }),
      added("Round again", { Type: "Pass", Next: "Once more" }),
      inOrder("Ensure the cluster", "Once more"),
    ),
  );

/** Workers of the source stop first, and those of the target start then. */
export const workersStoppedFirst = (): readonly NamedMachine[] =>
  withStates(
    "shift-workers",
    all(
      changed("More to move?", {
        Choices: [{ Condition: "{% $made < $count($plan.steps) %}", Next: "As many fewer on the source" }],
      }),
      inOrder("As many fewer on the source", "Some more on the target", "Next step"),
    ),
  );

/** Ready is taken for consuming. */
export const consumersNotAsked = (): readonly NamedMachine[] =>
  withStates("shift-workers", leftOut("Do they consume?", "Is the queue worked on?"));

/** All workers start on the target before any of the source stops. */
export const workersDoubled = (): readonly NamedMachine[] =>
  withStates(
    "shift-workers",
    all(
      changed("Some more on the target", {
        Arguments: {
          StateMachineArn: "${scale}",
          Input: {
            run: "{% $run %}",
            phase: "{% $phase %}",
            item: "{% $item %}",
            side: "target",
            replicas: "{% $item.replicas * 2 %}",
            operation: "{% $item.operations.move %}",
            move: "{% $pad($string($made), -3, '0') & '-0-target' %}",
            poll: "{% $poll %}",
          },
        },
      }),
    ),
  );

/** The guard goes when the work is over, whatever it saw last. */
export const guardGoesAnyway = (): readonly NamedMachine[] =>
  withStates(
    "guard",
    changed("Is all well?", {
      Choices: [
        { Condition: "{% $exists($seen.ended) and $asked > 12 %}", Next: "Over" },
        { Condition: "{% $seen.verdict = 'pass' %}", Next: "Until the next look" },
      ],
      Default: "Look again soon",
    }),
  );
