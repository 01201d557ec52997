/** Hands one static member id of a consumer group to the target: proved gone from the source, owned by the target, then its pod. */

import * as z from "zod";
import type { Effect } from "../domain/effects.ts";
import { Transient } from "../domain/errors.ts";
import type { Json, KubeObject } from "../domain/kube.ts";
import { at as fieldAt } from "../domain/pods.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { type Item, ItemSchema, kubernetesOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { podsOf, refOfItem } from "./workload.ts";

export const handOverStaticId = step({
  name: "hand-over-static-id",
  does: "Proves that the pod of one ordinal is gone from the source, passes its id in the ledger, and lets the target's StatefulSet begin at that ordinal.",
  input: z.object({
    run: RunSchema,
    item: ItemSchema,
    ordinal: z.number().int().nonnegative(),
    replicas: z.number().int().positive(),
    move: z.string(),
  }),
  needs: withJournal({
    s3: ["PutObject migrations/*/owners/*"],
    kubernetes: {
      source: ["get statefulsets", "list pods"],
      target: ["get statefulsets", "patch statefulsets"],
    },
  }),
  run: async ({ run, item, ordinal, replicas, move }, context) => {
    const ref = refOfItem(item);
    const cluster = kubernetesOf(context, "source");
    const source = await cluster.get(ref);
    const first = Number(fieldAt(source, "spec", "ordinals", "start") ?? 0);
    const pod = `${item.name}-${first + ordinal}`;
    const left = (await podsOf(cluster, source)).some((p) => p.metadata.name === pod);
    if (left)
      throw new Transient(
        `Pod ${item.namespace}/${pod} is still there on the source, and two members of one id fence each other. Nothing was started; it is asked again.`,
      );
    const at = { step: "hand-over-static-id", operation: item.operations.move ?? "" };
    for (const { group, staticIdPrefix } of item.groups ?? [])
      if (staticIdPrefix !== undefined)
        await makeEffect(
          context,
          run,
          { ...at, move: `${move.slice(0, 3)}-1-owner.${group}` },
          {
            kind: "set-owner",
            thing: `kafka/${group}/${staticIdPrefix}-${first + ordinal}`,
            before: "source",
            after: "target",
          },
        );
    const target = await kubernetesOf(context, "target").get(ref);
    return makeEffect(
      context,
      run,
      { ...at, move },
      startAt(item, source, target, first + ordinal, replicas),
    );
  },
});

/** Both fields at once: either alone would stop the pods that run, or start one of another id. */
const startAt = (
  item: Item,
  source: KubeObject,
  target: KubeObject,
  start: number,
  replicas: number,
): Effect => {
  const own = (fieldAt(source, "spec", "ordinals") ?? null) as Json;
  const isLast = start === Number(fieldAt(source, "spec", "ordinals", "start") ?? 0);
  return {
    kind: "set-field",
    cluster: "target",
    object: refOfItem(item),
    path: ["spec"],
    fields: ["ordinals", "replicas"],
    before: {
      ordinals: (fieldAt(target, "spec", "ordinals") ?? null) as Json,
      replicas: Number(fieldAt(target, "spec", "replicas") ?? 1),
    },
    // With the last one the target is as the source was.
    after: { ordinals: isLast ? own : { start }, replicas },
  };
};
