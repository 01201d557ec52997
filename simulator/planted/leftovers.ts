/** Planted bugs of the end: what a completed migration leaves behind or changes beside the plan. */

import { makeEffect } from "../../functions/effect.ts";
import type { Run } from "../../functions/run.ts";
import type { PlantedBug } from "./bug.ts";
import { all, inMachine, inStep, leftOut } from "./edit.ts";

export const LEFTOVERS: readonly PlantedBug[] = [
  {
    name: "hpa-left-pinned",
    sentence: "The autoscalers of the target never get their own ranges back.",
    area: "workflow",
    caughtBy: "equality",
    plant: inMachine("thaw", leftOut("Give autoscalers back")),
  },
  {
    name: "target-left-at-half",
    sentence: "Traffic goes to a target that still stands at its half, and nobody looks whether it is whole.",
    area: "workflow",
    caughtBy: "requests",
    plant: inMachine("cut-traffic", leftOut("Target to everything", "Is the target whole?")),
  },
  {
    name: "ttls-left-low",
    sentence: "The TTLs that were lowered for the move are never put back.",
    area: "workflow",
    caughtBy: "old-ttls",
    plant: inMachine("decommission", leftOut("Put the TTLs back")),
  },
  {
    name: "cluster-left-locked",
    sentence: "The lock of the clusters is never given back: every later migration is refused.",
    area: "workflow",
    caughtBy: "released",
    plant: all(
      inMachine("decommission", leftOut("Release the clusters")),
      inMachine("roll-back", leftOut("Release the clusters")),
    ),
  },
  {
    name: "field-embellished",
    sentence: "One more field of the target is changed than the plan says: journalled, and wrong.",
    area: "step",
    caughtBy: "equality",
    plant: inStep(
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
      (needs) => ({
        ...needs,
        kubernetes: {
          ...needs.kubernetes,
          target: ["get deployments", "patch deployments", ...(needs.kubernetes?.target ?? [])],
        },
      }),
    ),
  },
];
