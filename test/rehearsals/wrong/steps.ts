/** Steps that are wrong in one way each, with the real input and, unless that is the mistake, the real rights. */

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import { RequestSchema } from "../../../domain/approvals.ts";
import { clickIn } from "../../../domain/clicks.ts";
import { keys } from "../../../domain/journal.ts";
import type { Ref } from "../../../domain/kube.ts";
import { journalOf, makeEffect, makeUndoEffect } from "../../../functions/effect.ts";
import type { GateInput, GateResult } from "../../../functions/gate.ts";
import { type Guard, guardKey } from "../../../functions/guard.ts";
import { steps as realSteps } from "../../../functions/index.ts";
import type { Listener } from "../../../functions/listener.ts";
import { bucketOf, type Item, kubernetesOf, type Run } from "../../../functions/run.ts";
import type { Context, Needs, Step } from "../../../functions/step.ts";
import { refOfItem } from "../../../functions/workload.ts";
import { unfenced, unguarded, withListener, withStep } from "./edit.ts";

type Scaling = {
  readonly run: Run;
  readonly item: Item;
  readonly side: "source" | "target";
  readonly replicas: number;
  readonly operation: string;
  readonly move: string;
};

const needsOf = (name: string): Needs => realSteps.find((s) => s.name === name)?.needs ?? {};

/** Scales, and writes into the journal afterwards what it has done. */
export const effectBeforeIntent = (): readonly Step[] =>
  withStep("scale-workload", (right) => async (input, context) => {
    const { item, side, replicas } = input as Scaling;
    if (side === "target" && item.name === "cart")
      await kubernetesOf(context, side).scale(refOfItem(item), replicas);
    return right(input, context);
  });

/** Scales and tells nobody. */
export const effectWithoutIntent = (): readonly Step[] =>
  withStep("scale-workload", (right) => async (input, context) => {
    const { item, side, replicas } = input as Scaling;
    if (side === "source" || item.move === "stop-then-start") return right(input, context);
    await kubernetesOf(context, side).scale(refOfItem(item), replicas);
    return { outcome: "made" };
  });

/** Intends one number and sets another, after it has made the one that it had said. */
export const otherThanIntended = (): readonly Step[] =>
  withStep("scale-workload", (right) => async (input, context) => {
    const { item, side, replicas } = input as Scaling;
    const answer = await right(input, context);
    if (side === "target" && item.name === "cart")
      await kubernetesOf(context, side).scale(refOfItem(item), replicas + 1);
    if (side === "target" && item.name === "cart")
      await kubernetesOf(context, side).scale(refOfItem(item), replicas);
    return answer;
  });

/** Doesn't look whether a rollback has begun. */
export const blindToTheFence = (step: string): readonly Step[] =>
  withStep(step, (right) => (input, context) => right(input, unfenced(context)));

/** The guard holds from its first look on, and scaling doesn't listen. */
export const blindToTheGuard = (): readonly Step[] => {
  let held: object | undefined;
  const holding = withStep("guard-platform", (right) => async (input, context) => {
    if (held) return held;
    held = { ...((await right(input, context)) as object), verdict: "unknown" };
    const bucket = bucketOf(context);
    const key = guardKey((input as { readonly run: Run }).run);
    const stored = await bucket.getJson(key);
    const guard = { ...(stored?.value as Guard), held: true, sentence: "A test says so." };
    await bucket.replaceIf(key, guard, stored?.etag ?? "");
    return held;
  });
  const blind = (right: Step["run"]) => (input: unknown, context: Context) =>
    right(input, unguarded(context));
  return withStep("scale-workload", blind, {}, holding);
};

/** A gate that measures nothing and calls that a pass: the list was empty, and nothing in it had failed. */
export const vacuous = (gate: string): readonly Step[] =>
  withStep(gate, () => async (input, context): Promise<GateResult> => {
    const { run, phase, watcher, asked } = input as GateInput;
    await bucketOf(context).putNew(keys.evidence(run.migration, phase, `${gate}/${watcher}-${asked}`), {
      verdicts: [],
    });
    return { verdict: "pass", sentence: "Nothing failed.", askedMax: 1, pollSeconds: 1 };
  });

/** A gate that keeps no evidence at all. */
export const unrecorded = (gate: string): readonly Step[] =>
  withStep(
    gate,
    () => async (): Promise<GateResult> => ({
      verdict: "pass",
      sentence: "Fine.",
      askedMax: 1,
      pollSeconds: 1,
    }),
  );

/** A gate that passes on a value with no sample behind it. */
export const sampleless = (gate: string): readonly Step[] =>
  withStep(gate, () => async (input, context): Promise<GateResult> => {
    const { run, phase, watcher, asked, subject } = input as GateInput;
    const observedAt = context.now().toISOString();
    const evidence = [
      {
        what: "Errors.",
        value: 0,
        threshold: "at most 1",
        samples: 0,
        source: "a query without an answer",
        observedAt,
      },
    ];
    await bucketOf(context).putNew(keys.evidence(run.migration, phase, `${gate}/${watcher}-${asked}`), {
      verdicts: [{ check: "platform/errors", subject, verdict: "pass", sentence: "No errors.", evidence }],
    });
    return { verdict: "pass", sentence: "No errors.", askedMax: 1, pollSeconds: 1 };
  });

/** Takes a click as it comes. @param change makes the vote and the decision wrong. */
export const votes = (
  change: (click: { readonly plan: string; readonly person: string }) => {
    readonly plan: string;
    readonly person: string;
  },
): readonly Listener[] =>
  withListener("record-vote", () => async (input, context) => {
    const [message] = (input as { readonly Records: readonly { readonly body: string }[] }).Records;
    const click = clickIn((JSON.parse(message?.body ?? "{}") as { readonly body: string }).body);
    if (!click) throw new Error("There was no click in the queue.");
    const { migration, question, choice } = click.button;
    const { plan, person } = change({ plan: click.button.plan, person: click.user });
    const bucket = bucketOf(context);
    const { token } = RequestSchema.parse((await bucket.getJson(keys.approval(migration, question)))?.value);
    if (await bucket.getJson(keys.decision(migration, question))) return { batchItemFailures: [] };
    await bucket.putNew(keys.vote(migration, question, person), {
      person,
      choice,
      plan,
      at: context.now().toISOString(),
    });
    await bucket.putNew(keys.decision(migration, question), { decision: choice, by: [person] });
    const output = JSON.stringify({ decision: choice, by: [person] });
    await context.aws.sfn.send(new SendTaskSuccessCommand({ taskToken: token, output }));
    return { batchItemFailures: [] };
  });

/** Says that the window is open, whenever it is asked. */
export const alwaysOpen = (): readonly Step[] =>
  withStep("check-window", () => async () => ({
    verdict: "pass",
    waitSeconds: 0,
    sentence: "The window is open.",
  }));

/** Uses a right that it doesn't declare. */
export const undeclared = (): readonly Step[] => {
  const { kubernetes, ...rest } = needsOf("scale-workload");
  const reads = (side: readonly string[] = []) => side.filter((need) => !need.startsWith("patch "));
  const needs = {
    ...rest,
    kubernetes: { source: reads(kubernetes?.source), target: reads(kubernetes?.target) },
  };
  return withStep("scale-workload", (right) => right, { needs });
};

/** Writes the task's token into its log, where anybody may read it. */
export const talkative = (): readonly Step[] =>
  withStep("ask-people", (right) => async (input, context) => {
    const answer = await right(input, context);
    context.log.warn("The question was posted.", { token: (input as { readonly token: string }).token });
    return answer;
  });

type Undoing = { readonly run: Run; readonly entry: readonly string[] };

/** Without the step that would find out for itself. */
const blindEnd = (steps: readonly Step[]): readonly Step[] =>
  withStep(
    "compare-with-start",
    () => async () => ({ verdict: "pass", sentence: "All is as it was." }),
    {},
    steps,
  );

/** An undo that leaves out some entries. */
export const forgetfulUndo = (isForgotten: (key: string) => boolean): readonly Step[] =>
  blindEnd(
    withStep("undo-effect", (right) => async (input, context) => {
      const { run, entry } = input as Undoing;
      const kept = entry.filter((key) => !isForgotten(key));
      return kept.length === 0 ? { outcomes: [] } : right({ run, entry: kept }, context);
    }),
  );

/** Intends to take pods from the source, and dies before it does, every time: an effect on record that never happened. */
export const neverMade = (): readonly Step[] =>
  withStep("scale-workload", (right) => async (input, context) => {
    const { run, item, side, replicas, operation, move } = input as Scaling;
    if (side !== "source" || item.name !== "web") return right(input, context);
    const object = refOfItem(item);
    const effect = {
      kind: "set-field" as const,
      cluster: side,
      object,
      path: ["spec", "replicas"],
      before: item.replicas,
      after: replicas,
    };
    const recordedAt = context.now().toISOString();
    const at = {
      migration: run.migration,
      operation,
      move,
      step: "scale-workload",
      direction: "forward" as const,
    };
    await journalOf(context).intend({ ...at, effect, recordedAt });
    throw new Error("It died before its effect.");
  });

/** An undo that adds what was taken, whether it was taken or not. */
export const undoByDelta = (steps: readonly Step[]): readonly Step[] =>
  blindEnd(
    withStep(
      "undo-effect",
      (right) => async (input, context) => {
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
            { step: "undo-effect", operation, move: `${move}-delta` },
            { ...effect, before: now, after },
          );
        }
        return { outcomes: [] };
      },
      {},
      steps,
    ),
  );

/** Changes one more field of the target than the plan says: journalled, and wrong. */
export const embellishing = (): readonly Step[] =>
  withStep(
    "restore-autoscalers",
    (right) => async (input, context) => {
      const { run } = input as { readonly run: Run };
      const object = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
      const path = ["metadata", "labels", "moved-by"];
      await makeEffect(
        context,
        run,
        { step: "restore-autoscalers", operation: "9999-embellish", move: "0" },
        { kind: "set-field", cluster: "target", object, path, before: null, after: "repot" },
      );
      return right(input, context);
    },
    {
      needs: {
        ...needsOf("restore-autoscalers"),
        kubernetes: {
          source: ["get deployments"],
          target: [
            "get deployments",
            "patch deployments",
            ...(needsOf("restore-autoscalers").kubernetes?.target ?? []),
          ],
        },
      },
    },
  );

/** Stops the broker that stays behind while its workers shift: what waits in it goes with it. */
export const brokerStopped = (): readonly Step[] => {
  const { kubernetes, ...rest } = needsOf("measure-workers");
  const source = [...(kubernetes?.source ?? []), "get statefulsets", "patch statefulsets/scale"];
  return withStep(
    "measure-workers",
    (right) => async (input, context) => {
      const { run } = input as Scaling;
      const object = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "broker" };
      await makeEffect(
        context,
        run,
        { step: "measure-workers", operation: "9998-broker", move: "0" },
        { kind: "set-field", cluster: "source", object, path: ["spec", "replicas"], before: 1, after: 0 },
      );
      return right(input, context);
    },
    {
      needs: {
        ...rest,
        s3: [...(rest.s3 ?? []), "PutObject migrations/*/journal/*"],
        kubernetes: { ...kubernetes, source },
      },
    },
  );
};
