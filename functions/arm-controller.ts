/** Gives the target's copy of a controller an identity of its own: what it then finds of the source's it takes for somebody else's. */

import * as z from "zod";
import { withIdentity } from "../domain/controllers.ts";
import { Invalid } from "../domain/errors.ts";
import type { Json, KubeObject } from "../domain/kube.ts";
import { at } from "../domain/pods.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { setField } from "./objects.ts";
import { ItemSchema, kubernetesOf, planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";
import { refOfItem } from "./workload.ts";
import { freshOf, ZONE_READS, zonesOf } from "./zones.ts";

const PATH = ["spec", "template", "spec", "containers"] as const;
const READS = ["get deployments", "get statefulsets"] as const;

export const armController = step({
  name: "arm-controller",
  does: "Sets a controller's own name, zone and owner id on the target's workload, out of the source's; external-dns may delete only once it owns.",
  input: z.object({ run: RunSchema, item: ItemSchema, armed: z.boolean(), move: z.string() }),
  needs: withJournal({
    kubernetes: { source: READS, target: [...READS, "patch deployments", "patch statefulsets"] },
    route53: [...ZONE_READS],
  }),
  run: async ({ run, item, armed, move }, context) => {
    const plan = await planOf(context, run);
    if (!item.controller) throw new Invalid(`${item.namespace}/${item.name} is no controller.`);
    const { product } = item.controller;
    const ref = refOfItem(item);
    const source = containersOf(await kubernetesOf(context, "source").get(ref));
    const target = containersOf(await kubernetesOf(context, "target").get(ref));
    const zoneId = product === "external-dns" ? freshOf(await zonesOf(context, run, plan)).id : undefined;
    const { settings } = plan;
    const after = withIdentity(product, source, {
      source: settings.source.name,
      target: settings.target.name,
      armed,
      ...(zoneId === undefined ? {} : { zoneId }),
    });
    return makeEffect(
      context,
      run,
      { step: "arm-controller", operation: item.operations.move ?? "", move },
      // Only what tells it apart: an image that a break-glass deploy has changed on the target stays.
      setField("target", ref, PATH, target as unknown as Json, merged(target, after) as unknown as Json),
    );
  },
});

type Container = {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};

const containersOf = (workload: KubeObject): readonly Container[] =>
  (at(workload, ...PATH) ?? []) as readonly Container[];

const merged = (target: readonly Container[], own: readonly Container[]): readonly Container[] =>
  target.map((container) => {
    const found = own.find((c) => c.name === container.name);
    return {
      ...container,
      ...(found?.args ? { args: found.args } : {}),
      ...(found?.env ? { env: found.env } : {}),
    };
  });
