/** Gives one workload on one side another number of pods. */

import * as z from "zod";
import { fieldOf } from "../adapters/effects/fields.ts";
import { ownerOf } from "../adapters/effects/owners.ts";
import { KEDA_PINNED_PATH } from "../domain/autoscalers.ts";
import type { Effect } from "../domain/effects.ts";
import { OwnedElsewhere } from "../domain/errors.ts";
import { stopsFirst } from "../domain/kafka-policy.ts";
import type { Side } from "../domain/phases.ts";
import { forward, withJournal } from "./effect.ts";
import { heedGuard } from "./guard.ts";
import { orUnknown, setField } from "./objects.ts";
import { bucketOf, type Item, ItemSchema, kubernetesOf, RunSchema, SideSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { isScalable, refOfItem, statusOf } from "./workload.ts";

const SCALES = [
  "get deployments",
  "get statefulsets",
  "patch deployments/scale",
  "patch statefulsets/scale",
  "get scaledobjects.keda.sh",
  "patch scaledobjects.keda.sh",
] as const;

/** What starts on the target because it was stopped on the source before finishes a move, and doesn't wait; everything else begins one. */
const begins = (item: Item, side: Side): boolean =>
  side === "source" || !stopsFirst(item.move, item.groups?.[0]?.policy);

/** What must not exist twice starts only where the ledger says. */
const isExclusive = ({ move }: Item): boolean => move === "stop-then-start" || move === "copy-with-pause";

export const scaleWorkload = step({
  name: "scale-workload",
  does: "Sets the replica count of one workload on one side (of queue workers: in their ScaledObject as well); an exclusive one only where the ledger says that the side owns it.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    side: SideSchema,
    replicas: z.number().int().nonnegative(),
    operation: z.string(),
    move: z.string(),
  }),
  needs: withJournal({ kubernetes: { source: SCALES, target: SCALES } }),
  run: async ({ run, item, side, replicas, operation, move }, context) => {
    if (!isScalable(item)) return { outcome: "stood" as const };
    if (begins(item, side)) await heedGuard(context, run, `${move} of ${item.namespace}/${item.name}`);
    if (isExclusive(item) && replicas > 0) {
      const owner = await ownerOf(bucketOf(context), run.migration, `${item.namespace}/${item.name}`);
      if (owner !== side)
        throw new OwnedElsewhere(
          `${item.namespace}/${item.name} is owned by the ${owner}; it is not started on the ${side}.`,
        );
    }
    const workload = await kubernetesOf(context, side).get(refOfItem(item));
    const make = forward(context, run, "scale-workload");
    for (const effect of await pinning(context, item, side, replicas))
      await make({ step: "scale-workload", operation, move: `${move}.0-pin` }, effect);
    return make(
      { step: "scale-workload", operation, move },
      {
        kind: "set-field",
        cluster: side,
        object: refOfItem(item),
        path: ["spec", "replicas"],
        before: statusOf(workload).wanted,
        after: replicas,
      },
    );
  },
});

/** KEDA is told the number first: from then on it keeps what Repot sets, whoever of the two writes it. */
const pinning = async (
  context: Context,
  item: Item,
  side: Side,
  replicas: number,
): Promise<readonly Effect[]> => {
  const [kind, name] = item.autoscaler?.split(" ") ?? [];
  if (item.move !== "shift-workers" || kind !== "ScaledObject" || name === undefined) return [];
  const ref = {
    apiVersion: "keda.sh/v1alpha1",
    kind,
    namespace: item.namespace,
    name: name.split("/").at(-1) ?? "",
  };
  const scaler = await orUnknown(() => kubernetesOf(context, side).find(ref));
  if (!scaler) return [];
  const before = fieldOf(scaler, KEDA_PINNED_PATH);
  return [setField(side, ref, KEDA_PINNED_PATH, before, String(replicas))];
};
