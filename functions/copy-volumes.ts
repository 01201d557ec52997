/**
 * Copies the volumes of a workload that has stopped to the target: a snapshot on the source, a restore on the target in place of what stood
 * there. A volume that makes room is retained: its disk stays, whoever deletes what.
 */

import { forward, withJournal } from "./effect.ts";
import { step } from "./step.ts";
import { COPY_RIGHTS, CopyInput, copyingEffects } from "./volumes.ts";

export const copyVolumes = step({
  name: "copy-volumes",
  does: "Once nothing of a workload is left anywhere: marks its claims on the source and has Velero snapshot their volumes; or has them restored on the target, where the volumes that stood there are retained.",
  input: CopyInput,
  needs: withJournal({
    kubernetes: {
      source: [...COPY_RIGHTS.from, "get persistentvolumeclaims", "patch persistentvolumeclaims"],
      target: COPY_RIGHTS.to,
    },
  }),
  run: async (input, context) => {
    const { run, item } = input;
    const at = { step: "copy-volumes", operation: item.operations.move ?? "" };
    const make = forward(context, run, at.step);
    for (const { move, effect } of await copyingEffects(context, input, "forward"))
      await make({ ...at, move }, effect);
    return { claims: item.copy?.claims ?? [] };
  },
});
