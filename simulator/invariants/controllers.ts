/** Two controllers of one identity never run at once: each would take the other's records, load balancers or nodes for leftovers, and delete them. */

import { type ControllerContainer, identityOf } from "../../domain/controllers.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";
import { sharedTargetGroups } from "./target-groups.ts";

export type ControllersWorld = { readonly plan: Plan; readonly source: Cluster; readonly target: Cluster };

export const controllers = (): Invariant<ControllersWorld> => {
  let seen = "";
  const targetGroups = sharedTargetGroups();
  let named: readonly { readonly name: string; readonly product: string }[] | undefined;
  return {
    name: "controllers",
    sentence:
      "Controllers of both clusters that run at once have identities of their own, and leave each other's targets alone.",
    check: (world) => {
      const now = SIDES.map((side) => podsOf(world[side]).version()).join("/");
      if (now === seen) return undefined;
      seen = now;
      named ??= world.plan.workloads.flatMap((w) =>
        w.controller === undefined || w.controller.way === "exclusive"
          ? []
          : [{ name: nameOf(w), product: w.controller.product }],
      );
      if (named.length === 0) return undefined;
      const identities = named.flatMap(({ name, product }) => {
        const ids = (side: Side): readonly string[] => identitiesOf(world[side], name, product);
        const there = new Set(ids("target"));
        const shared = ids("source").find((id) => there.has(id));
        return shared === undefined
          ? []
          : [`${product} runs in both clusters as ${shared}: each deletes what the other makes.`];
      });
      return [...identities, ...targetGroups(world)];
    },
  };
};

/** What the running pods of a controller call themselves. */
const identitiesOf = (cluster: Cluster, name: string, product: string): readonly string[] =>
  podsOf(cluster)
    .of(name)
    .filter((pod) => pod.accepting)
    .map((pod) => {
      const object = cluster.get({ apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name });
      const containers = (at(object, "spec", "containers") ?? []) as readonly ControllerContainer[];
      return identityOf(product, containers) ?? "default";
    });
