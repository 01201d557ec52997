/** Planted bugs of the way back: the fence, what is undone, and by what. */

import { keys } from "../../domain/journal.ts";
import type { Ref } from "../../domain/kube.ts";
import { journalOf, makeUndoEffect } from "../../functions/effect.ts";
import { kubernetesOf } from "../../functions/run.ts";
import type { Context } from "../../functions/step.ts";
import type { PlantedBug } from "./bug.ts";
import { blindTo, listing } from "./clients.ts";
import { added, all, changed, type Edit, inMachine, inOrder, inStep, leftOut } from "./edit.ts";
import type { Undoing } from "./inputs.ts";

/** Without the step that would find out for itself. */
const blindEnd: Edit = inStep("compare-with-start", () => async () => ({
  verdict: "pass",
  sentence: "All is as it was.",
  next: null,
}));

/** An undo that leaves out some entries, and nobody who looks. */
const forgetting = (isForgotten: (key: string) => boolean): Edit =>
  all(
    inStep("undo-effect", (right) => async (input, context) => {
      const { run, entry } = input as Undoing;
      const kept = entry.filter((key) => !isForgotten(key));
      return kept.length === 0 ? { outcomes: [] } : right({ run, entry: kept }, context);
    }),
    blindEnd,
  );

/** Adds what was taken, whether it was taken or not. */
const byDelta: Edit = all(
  inStep("undo-effect", (right) => async (input, context) => {
    const { run, entry } = input as Undoing;
    for (const key of entry) {
      const { effect, operation, move } = await journalOf(context).read(key);
      const isScale =
        effect.kind === "set-field" &&
        effect.cluster === "source" &&
        effect.path.join(".") === "spec.replicas";
      if (!isScale) {
        await right({ run, entry: [key] }, context);
        continue;
      }
      const object = await kubernetesOf(context, "source").get(effect.object as Ref);
      const now = Number((object["spec"] as { readonly replicas?: number }).replicas);
      const after = now + Number(effect.before) - Number(effect.after);
      await makeUndoEffect(
        context,
        run,
        { step: "undo-effect", operation, move },
        { ...effect, before: now, after },
      );
    }
    return { outcomes: [] };
  }),
  blindEnd,
);

/** Passed over: the stop and the start of what is copied, and what is started on the target. The next effect of the step takes pods from the source. */
const TAKES_FROM_SOURCE = 5;

/** The context of a step to whom an entry of the journal without its mark doesn't exist. */
const onlyDone = (context: Context): Context =>
  listing(context, ({ Contents: contents = [] }) => {
    const there = new Set(contents.map(({ Key }) => Key ?? ""));
    return { Contents: contents.filter(({ Key = "" }) => there.has(keys.done(Key))) };
  });

export const UNDO: readonly PlantedBug[] = [
  {
    name: "forward-after-the-fence",
    sentence: "A rollback that takes another backup when it has begun, past the fence: a change forward.",
    area: "workflow",
    caughtBy: "fence",
    plant: all(
      inMachine(
        "roll-back",
        added("Take a backup", {
          Type: "Task",
          Resource: "arn:aws:states:::lambda:invoke",
          Arguments: { FunctionName: "${take-snapshot}", Payload: { run: "{% $run %}", name: "freeze" } },
          TimeoutSeconds: 30,
          Next: "List what to undo",
        }),
        inOrder("Let functions end", "Take a backup"),
      ),
      inStep("take-snapshot", (right) => (input, context) => right(input, blindTo(context, "/fence.json"))),
    ),
    shownBy: { rollBackAt: "build-target" },
  },
  {
    name: "undo-skipped",
    sentence: "A rollback that stops once requests are safe: the rest stays as the migration left it.",
    area: "undo",
    caughtBy: "undo",
    plant: inMachine("roll-back", inOrder("The new zone names the old servers", "Release the clusters")),
    shownBy: { rollBackAt: "freeze" },
  },
  {
    name: "given-up-and-claimed",
    sentence:
      "A rollback that never comes back to what it gave up on, and says that all is as it was because the target is gone.",
    area: "undo",
    caughtBy: "undo-total",
    plant: all(
      inMachine("roll-back", inOrder("Everything else", "Is everything as it was?")),
      inStep("compare-with-start", (right) => async (input, context) => {
        const answer = (await right(input, context)) as { readonly sentence: string };
        return answer.sentence.startsWith("Not as it was") ? answer : { ...answer, verdict: "pass" };
      }),
    ),
    shownBy: { rollBackAt: "freeze", faults: [{ kind: "server-error", step: "undo-effect", count: 200 }] },
  },
  {
    name: "freeze-left-after-rollback",
    sentence: "A rollback leaves the admission policy of the freeze behind.",
    area: "undo",
    caughtBy: "undo",
    plant: forgetting((key) => key.includes("-install-freeze-policy")),
    shownBy: { rollBackAt: "freeze" },
  },
  {
    name: "pipelines-left-paused",
    sentence: "A rollback leaves the pipelines paused.",
    area: "undo",
    caughtBy: "undo-total",
    plant: forgetting((key) => key.includes("-pause-pipelines")),
    shownBy: { rollBackAt: "freeze" },
  },
  {
    name: "undo-skipped-when-the-answer-was-lost",
    sentence: "Only effects that were marked as done are undone: one whose answer was lost stays.",
    area: "undo",
    caughtBy: "undo",
    plant: all(
      inStep("list-undo", (right) => (input, context) => right(input, onlyDone(context))),
      blindEnd,
    ),
    shownBy: {
      faults: [
        { kind: "rollback-pressed", step: "scale-workload", skip: TAKES_FROM_SOURCE },
        { kind: "timeout-though-applied", step: "scale-workload", skip: TAKES_FROM_SOURCE },
      ],
    },
  },
  {
    name: "undo-by-delta",
    sentence:
      "An undo gives back as many pods as the entry says were taken, whatever stands now, instead of the old value.",
    area: "undo",
    caughtBy: "intent-before-effect",
    plant: byDelta,
    shownBy: {
      faults: [
        { kind: "rollback-pressed", step: "scale-workload", skip: TAKES_FROM_SOURCE },
        { kind: "crash-before-effect", step: "scale-workload", skip: TAKES_FROM_SOURCE },
      ],
    },
  },
  {
    name: "functions-not-waited-out",
    sentence:
      "A rollback doesn't wait until the functions of the way forward have ended: what one of them does later stays.",
    area: "workflow",
    caughtBy: "undo",
    plant: all(inMachine("roll-back", leftOut("Let functions end")), blindEnd),
    shownBy: {
      faults: [
        { kind: "rollback-pressed", step: "install-freeze-policy" },
        { kind: "zombie", step: "install-freeze-policy" },
      ],
    },
  },
  {
    name: "zone-left-behind",
    sentence: "A rollback leaves the new zone where it is.",
    area: "undo",
    caughtBy: "undo",
    plant: forgetting((key) => key.includes("-create-zone/forward-0")),
    shownBy: { rollBackAt: "build-target" },
  },
  {
    name: "cluster-left-behind",
    sentence: "A rollback leaves the cluster that it had created, and its bill.",
    area: "undo",
    caughtBy: "undo",
    plant: forgetting((key) => key.includes("-ensure-cluster")),
    shownBy: { rollBackAt: "build-target" },
  },
  {
    name: "back-by-itself-after-the-cut",
    sentence: "A failure after the delegation rolls back by itself, away from the side that serves.",
    area: "step",
    caughtBy: "way-back",
    plant: inStep("weigh-failure", (right) => async (input, context) => {
      const answer = (await right(input, context)) as { readonly way: string };
      return answer.way === "wait" ? { way: "back" } : answer;
    }),
    shownBy: { faults: [{ kind: "metrics-missing", step: "observe-stragglers" }] },
  },
  {
    name: "rollback-needs-metrics",
    sentence: "A rollback waits for the metrics of the target, however long there are none.",
    area: "step",
    caughtBy: "rollback-incomplete",
    plant: inStep(
      "observe-target-traffic",
      (right) => (input, context) => right({ ...(input as object), polls: 0 }, context),
    ),
    shownBy: {
      rollBackAt: "cut-traffic",
      faults: [{ kind: "metrics-missing", step: "observe-target-traffic" }],
    },
  },
  {
    name: "names-not-taken-back",
    sentence: "A rollback forgets the names that came into the new zone while everybody asked that.",
    area: "workflow",
    caughtBy: "undo",
    plant: inMachine("roll-back", inOrder("Carry changes back", "Take the webhooks away")),
    shownBy: { rollBackAt: "thaw", faults: [{ kind: "record-added", step: "lift-freeze" }] },
  },
  {
    name: "dns-back-before-capacity",
    sentence: "A rollback sends clients back to the source, and then gives it its capacity back.",
    area: "workflow",
    caughtBy: "requests",
    plant: inMachine(
      "roll-back",
      inOrder("Carry records back", "DNS back"),
      inOrder("The new zone names the old servers", "Restore capacity"),
      changed("Source ready?", {
        Choices: [{ Condition: "{% true %}", Next: "Is anybody still on the target?" }],
      }),
      added("Restore capacity, late", { Type: "Pass", Next: "Restore capacity" }),
      added("A while", { Type: "Wait", Seconds: 600, Next: "Restore capacity, late" }),
      inOrder("The new zone names the old servers", "A while"),
    ),
    shownBy: { rollBackAt: "thaw" },
  },
  {
    name: "target-gone-too-early",
    sentence: "A rollback takes the target away as soon as DNS is back, while clients still come.",
    area: "workflow",
    caughtBy: "requests",
    plant: inMachine("roll-back", inOrder("The new zone names the old servers", "Everything else")),
    shownBy: { rollBackAt: "thaw" },
  },
];
