/** After a thaw: what pipelines changed on the target is brought to the source before the source serves again, each change listed. */

import * as z from "zod";
import { canonicalJson } from "../adapters/bucket.ts";
import { fieldOf } from "../adapters/effects/fields.ts";
import { sha256 } from "../domain/canonical.ts";
import { nameOf, type Workload } from "../domain/plan.ts";
import { BACK_OPERATIONS } from "../domain/undo.ts";
import { slug } from "./batch.ts";
import { journalOf, makeUndoEffect, withJournal } from "./effect.ts";
import { kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { refOfItem, workloadsOn } from "./workload.ts";

const KINDS = ["cronjobs", "daemonsets", "deployments", "statefulsets"] as const;
const LISTS = KINDS.map((kind) => `list ${kind}`);

export const carryBack = step({
  name: "carry-back",
  does: "Compares the pod templates of both sides, if pipelines had been resumed on the target, and sets the target's on the source.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    kubernetes: {
      source: [...LISTS, ...KINDS.flatMap((kind) => [`get ${kind}`, `patch ${kind}`])],
      target: LISTS,
    },
  }),
  run: async ({ run }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (!entries.some((key) => key.includes("-resume-pipelines/"))) return { carried: [] };
    const plan = await planOf(context, run);
    const moved = plan.workloads.filter(hasOtherVersion);
    const onSource = await workloadsOn(kubernetesOf(context, "source"), moved);
    // A target that is gone has nothing to carry back.
    const onTarget = await workloadsOn(kubernetesOf(context, "target"), moved);
    const carried: string[] = [];
    for (const workload of moved) {
      const [source, target] = [onSource(workload), onTarget(workload)];
      if (!source || !target) continue;
      const path = workload.kind === "CronJob" ? ["spec", "jobTemplate"] : ["spec", "template"];
      const [before, after] = [fieldOf(source, path), fieldOf(target, path)];
      if (canonicalJson(before) === canonicalJson(after)) continue;
      await makeUndoEffect(
        context,
        run,
        {
          step: "carry-back",
          operation: BACK_OPERATIONS.carryBack,
          move: `${slug(workload.kind, nameOf(workload))}.${sha256(canonicalJson(after)).slice(0, 12)}`,
        },
        { kind: "set-field", cluster: "source", object: refOfItem(workload), path, before, after },
      );
      carried.push(nameOf(workload));
    }
    return { carried };
  },
});

/**
 * What never moved has no other version on the target; a namesake of the target's own is none. A controller's identity there is its own, and
 * the source's must not get it.
 */
const hasOtherVersion = ({ move }: Workload): boolean =>
  move !== "none" && move !== "keep-on-source" && move !== "hand-over-controller";
