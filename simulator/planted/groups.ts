/** Planted bugs of consumer groups: too many members, too few, or one that is away for too long. */

import type { Json, KubeObject, Ref } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { at } from "../../domain/pods.ts";
import { makeEffect } from "../../functions/effect.ts";
import { setField } from "../../functions/objects.ts";
import type { PlannedMove } from "../../functions/plan-move.ts";
import { type Item, kubernetesOf, type Run } from "../../functions/run.ts";
import type { Context, Needs } from "../../functions/step.ts";
import type { PlantedBug } from "./bug.ts";
import { added, changed, inMachine, inStep } from "./edit.ts";
import type { Scaling } from "./inputs.ts";

type Group = { readonly policy: string; readonly members: number };

export const GROUPS: readonly PlantedBug[] = [
  {
    name: "group-at-2n",
    sentence: "Every member of a group starts on the target before one leaves the source.",
    area: "step",
    caughtBy: "kafka-members",
    plant: inStep("plan-move", (right) => async (input, context) => {
      const move = (await right(input, context)) as PlannedMove;
      const { members } = ((input as { readonly item: Item }).item.groups ?? [])[0] as Group;
      if (move.kind !== "scale" || move.side !== "target") return move;
      return { ...move, replicas: members };
    }),
  },
  {
    name: "member-taken-first",
    sentence:
      "The source gives a member up before the target has one more, whatever the group's policy says.",
    area: "step",
    caughtBy: "kafka-members",
    plant: inStep("plan-move", (right) => (input, context) => {
      const { item } = input as { readonly item: Item };
      const groups = (item.groups ?? []).map((g) => (g.policy === "live" ? { ...g, policy: "swap" } : g));
      return right({ ...(input as object), item: { ...item, groups } }, context);
    }),
  },
  {
    name: "member-back-on-ready",
    sentence:
      "A rollback takes the target's member as soon as the source's pod is Ready, before it has joined.",
    area: "undo",
    caughtBy: "kafka-members",
    plant: inStep("undo-effect", (right) => (input, context) => {
      const now = () => new Date(context.now().getTime() + HASTE_MS);
      return right(input, { ...context, now });
    }),
    shownBy: { rollBackAt: "cut-traffic", faults: [{ kind: "members-late", step: "plan-move" }] },
  },
  {
    name: "id-away-too-long",
    sentence: "Between the stop of a static member here and its start there lie ten minutes.",
    area: "workflow",
    caughtBy: "kafka-delay",
    plant: inMachine(
      "shift-group",
      changed("Which move?", {
        Choices: [{ Condition: "{% $move.kind = 'hand-over-id' %}", Next: "Coffee" }],
      }),
      added("Coffee", { Type: "Wait", Seconds: 600, Next: "Hand over the id" }),
    ),
  },
  {
    name: "no-time-to-say-good-bye",
    sentence:
      "So that moves go faster, members with ids of their own get no time to end: they are killed before they have committed what they read.",
    area: "step",
    caughtBy: "kafka-duplicates",
    plant: inStep(
      "take-snapshot",
      (right) => async (input, context) => {
        const path = [...POD_SPEC, "terminationGracePeriodSeconds"];
        const { run } = input as { readonly run: Run };
        const at = { step: "take-snapshot", side: "source", ref: METER, path } as const;
        await patched(context, run, { ...at, value: () => 0 });
        return right(input, context);
      },
      patching("source", "statefulsets"),
    ),
  },
  {
    name: "group-of-its-own",
    sentence: "The target's members call their group by another name, so that both groups read everything.",
    area: "step",
    caughtBy: "kafka-owners",
    plant: inStep(
      "scale-workload",
      (right) => async (input, context) => {
        const { run, item, side } = input as Scaling;
        const path = [...POD_SPEC, "containers"];
        if (side === "target" && item.name === READER.name)
          await patched(context, run, { step: "scale-workload", side, ref: READER, path, value: renamed });
        return right(input, context);
      },
      patching("target", "deployments"),
    ),
  },
  {
    name: "log-stopped",
    sentence:
      "The log that stays behind is stopped while a group moves that reads it: what nobody has read yet goes with it.",
    area: "step",
    caughtBy: "kafka-lost",
    plant: inStep(
      "hand-over-static-id",
      (right) => async (input, context) => {
        const { run } = input as Scaling;
        const at = {
          step: "hand-over-static-id",
          side: "source",
          ref: LOG,
          path: ["spec", "replicas"],
        } as const;
        await patched(context, run, { ...at, value: () => 0 });
        return right(input, context);
      },
      patching("source", "statefulsets/scale"),
    ),
  },
];

/** Who takes it to be so much later waits for nobody. */
const HASTE_MS = 40_000;

const POD_SPEC = ["spec", "template", "spec"];
const READER: Ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "reader" };
const METER: Ref = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "meter" };
const LOG: Ref = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "log" };

type Patch = {
  /** Who makes it. */
  readonly step: string;
  readonly side: Side;
  readonly ref: Ref;
  readonly path: readonly string[];
  readonly value: (before: Json) => Json;
};

/** One field of one object, with its entry in the journal: the mistake is in what is done, not in how. */
async function patched(context: Context, run: Run, { step, side, ref, path, value }: Patch): Promise<void> {
  const object: KubeObject = await kubernetesOf(context, side).get(ref);
  const before = (at(object, ...path) ?? null) as Json;
  if (JSON.stringify(value(before)) === JSON.stringify(before)) return;
  await makeEffect(
    context,
    run,
    { step, operation: "9998-planted", move: "0" },
    setField(side, ref, path, before, value(before)),
  );
}

function renamed(containers: Json): Json {
  return JSON.parse(JSON.stringify(containers).replace('"readers"', '"readers-target"')) as Json;
}

/** A step's rights, and that to patch some more of a side. */
function patching(side: Side, resource: string): (right: Needs) => Needs {
  return ({ kubernetes, s3, ...rest }) => ({
    ...rest,
    s3: [...(s3 ?? []), "PutObject migrations/*/journal/*"],
    kubernetes: {
      ...kubernetes,
      [side]: [...(kubernetes?.[side] ?? []), `get ${resource.split("/")[0]}`, `patch ${resource}`],
    },
  });
}
