/** Velero brings the snapshot to the target, one stage after the other, everything at zero. */

import * as z from "zod";
import { VELERO } from "../domain/bundle.ts";
import { NotFound, Transient } from "../domain/errors.ts";
import { backupNameOf, modifiersOf, restoresOf, STAGES } from "../domain/restore.ts";
import { BatchInput, makeNamed, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { createObject, objectsOf } from "./objects.ts";
import { kubernetesOf, planOf } from "./run.ts";
import { type Context, step } from "./step.ts";

export const restoreWorkloads = step({
  name: "restore-workloads",
  does: "Creates the Velero Restores of one stage on the target; with the first, the ConfigMap of resource modifiers.",
  input: BatchInput.extend({ subject: z.enum(STAGES) }),
  needs: withJournal({
    kubernetes: {
      target: [
        "get configmaps",
        "create configmaps",
        "get backups.velero.io",
        "get restores.velero.io",
        "create restores.velero.io",
      ],
    },
  }),
  run: async (input, context) => {
    const { migration } = input.run;
    const objects = await objectsOf(context, input.run);
    const order = STAGES.indexOf(input.subject);
    const { changes } = await planOf(context, input.run);
    const wanted = [
      // The first stage brings them for all.
      ...(order === 0
        ? [{ move: "0.modifiers", effect: createObject("target", modifiersOf(migration, objects, changes)) }]
        : []),
      ...restoresOf(migration, input.subject, objects).map((restore) => ({
        move: `${order + 1}.${slug(restore.metadata.name)}`,
        effect: createObject("target", restore),
      })),
    ];
    if (wanted.length === 0) return { next: null, made: 0 };
    await mustBeSynced(context, backupNameOf(migration, "freeze"));
    const at = { step: "restore-workloads", operation: "restore-workloads" } as const;
    return makeNamed(context, input, at, wanted);
  },
});

/** The target's Velero finds the source's backup in the bucket within a minute; a Restore that comes before is refused for good. */
const mustBeSynced = async (context: Context, name: string): Promise<void> => {
  const ref = { apiVersion: "velero.io/v1", kind: "Backup", namespace: VELERO.namespace, name };
  try {
    if (await kubernetesOf(context, "target").find(ref)) return;
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  throw new Transient(
    `The target's Velero does not know the backup ${name} yet; it looks into the bucket every minute.`,
  );
};
