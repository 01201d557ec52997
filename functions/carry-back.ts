/** After a thaw: what pipelines changed on the target is brought to the source before the source serves again, each change listed. */

import * as z from "zod";
import { canonicalJson } from "../adapters/bucket.ts";
import { fieldOf } from "../adapters/effects/fields.ts";
import { sha256 } from "../domain/canonical.ts";
import { NotFound } from "../domain/errors.ts";
import { nameOf } from "../domain/plan.ts";
import { BACK_OPERATIONS } from "../domain/undo.ts";
import { slug } from "./batch.ts";
import { journalOf, makeUndoEffect, withJournal } from "./effect.ts";
import { kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { refOfItem } from "./workload.ts";

const KINDS = ["cronjobs", "daemonsets", "deployments", "statefulsets"] as const;
const READS = KINDS.map((kind) => `get ${kind}`);

export const carryBack = step({
  name: "carry-back",
  does: "Compares the pod templates of both sides, if pipelines had been resumed on the target, and sets the target's on the source.",
  input: z.object({ run: RunSchema }),
  needs: withJournal({
    kubernetes: { source: [...READS, ...KINDS.map((kind) => `patch ${kind}`)], target: READS },
  }),
  run: async ({ run }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (!entries.some((key) => key.includes("-resume-pipelines/"))) return { carried: [] };
    const plan = await planOf(context, run);
    const carried: string[] = [];
    for (const workload of plan.workloads) {
      // What never moved has no other version there; a namesake of the target's own is none.
      if (workload.move === "none" || workload.move === "keep-on-source") continue;
      // Its identity there is its own, and the source's must not get it.
      if (workload.move === "hand-over-controller") continue;
      const ref = refOfItem(workload);
      const [source, target] = [
        await kubernetesOf(context, "source").find(ref),
        await found(kubernetesOf(context, "target").find(ref)),
      ];
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
        { kind: "set-field", cluster: "source", object: ref, path, before, after },
      );
      carried.push(nameOf(workload));
    }
    return { carried };
  },
});

/** A target that is gone has nothing to carry back. */
const found = async <T>(call: Promise<T | undefined>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
};
