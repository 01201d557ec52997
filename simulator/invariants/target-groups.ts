/** A part of what controllers may not do to each other: two of them that reconcile one target group, each for itself alone. */

import { isBinding, isMultiCluster } from "../../domain/checks/controllers.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { SIDES, type Side } from "../../domain/phases.ts";
import { nameOf, type Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";

export type BindingsWorld = { readonly plan: Plan; readonly source: Cluster; readonly target: Cluster };

const CONTROLLER = "AWS Load Balancer Controller";

/** What is broken now, as sentences. Costs nothing where the platform binds no target group. */
export const sharedTargetGroups = (): ((world: BindingsWorld) => readonly string[]) => {
  let named: readonly string[] | undefined;
  return (world) => {
    named ??= world.plan.objects.some((o) => isBinding(o as unknown as KubeObject))
      ? world.plan.workloads.filter((w) => w.controller?.product === CONTROLLER).map(nameOf)
      : [];
    const running = (side: Side) => named?.some((name) => podsOf(world[side]).accepting(name) > 0) === true;
    if (named.length === 0 || !SIDES.every(running)) return [];
    const [here, there] = [bindingsOf(world.source), bindingsOf(world.target)];
    return [...here].flatMap(([arn, binding]) => {
      const other = there.get(arn);
      return other === undefined || (isMultiCluster(binding) && isMultiCluster(other))
        ? []
        : [
            `${arn} is reconciled by the controllers of both clusters, each for itself alone: each deregisters the other's targets.`,
          ];
    });
  };
};

/** By the ARN of the target group. */
const bindingsOf = (cluster: Cluster): ReadonlyMap<string, KubeObject> =>
  new Map(
    cluster
      .all()
      .filter(isBinding)
      .map((o) => [String(at(o, "spec", "targetGroupARN")), o]),
  );
