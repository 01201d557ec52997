/**
 * Copies the volumes of a workload back to the source, with what was written on the target. The source's old volumes make room and are retained:
 * their disks stay. A change of the way back: past the fence, and undone by nobody.
 */

import * as z from "zod";
import { fieldOf } from "../adapters/effects/fields.ts";
import type { Named } from "./batch.ts";
import { claimRef, volumeRef } from "./copies.ts";
import { makeUndoEffect, withJournal } from "./effect.ts";
import { setField } from "./objects.ts";
import { kubernetesOf } from "./run.ts";
import { type Context, step } from "./step.ts";
import { boundTo, COPY_RIGHTS, CopyInput, copyingEffects } from "./volumes.ts";

const Input = CopyInput.extend({
  /** `unmark`: Velero's marks come off what it has restored on the source, so that it looks as it did. */
  stage: z.enum(["snapshot", "restore", "unmark"]),
});

export const returnVolumes = step({
  name: "return-volumes",
  does: "Once nothing of a workload is left anywhere: has Velero snapshot its volumes on the target; or has them restored on the source, where the old volumes are retained; or takes Velero's marks off.",
  input: Input,
  needs: withJournal({
    kubernetes: {
      source: [...COPY_RIGHTS.to, "patch persistentvolumeclaims"],
      target: COPY_RIGHTS.from,
    },
  }),
  run: async ({ stage, ...input }, context) => {
    const { run, item } = input;
    const at = { step: "return-volumes", operation: item.operations.move ?? "" };
    const effects =
      stage === "unmark"
        ? await unmarking(context, input)
        : await copyingEffects(context, { ...input, stage }, "back");
    for (const { move, effect } of effects) await makeUndoEffect(context, run, { ...at, move }, effect);
    return { claims: item.copy?.claims ?? [] };
  },
});

const MARKS = ["velero.io/backup-name", "velero.io/restore-name"] as const;

/** What Velero writes on whatever it restores. */
const unmarking = async (
  context: Context,
  { item, attempt }: Pick<z.output<typeof Input>, "item" | "attempt">,
): Promise<readonly Named[]> => {
  const source = kubernetesOf(context, "source");
  const effects: Named[] = [];
  for (const [i, name] of (item.copy?.claims ?? []).entries()) {
    const claim = await source.get(claimRef(item, name));
    const volume = await boundTo(source, claim);
    const marked = [
      { object: claim, ref: claimRef(item, name) },
      ...(volume ? [{ object: volume, ref: volumeRef(volume.metadata.name) }] : []),
    ];
    for (const [j, { object, ref }] of marked.entries())
      for (const [k, mark] of MARKS.entries()) {
        const path = ["metadata", "labels", mark];
        effects.push({
          move: `back-3-unmark-${attempt}.${i}-${j}-${k}`,
          effect: setField("source", ref, path, fieldOf(object, path), null),
        });
      }
  }
  return effects;
};
