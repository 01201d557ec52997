/** No two members answer to one static id. */

import { nameOf, type Plan } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type MemberWorld = { readonly plan: Plan; readonly source: Cluster; readonly target: Cluster };

/** The ordinal of a StatefulSet's pod; every pod of a Deployment could have any. */
const ordinalOf = (kind: string | undefined, pod: string): string =>
  (kind === "StatefulSet" ? /-(\d+)$/.exec(pod)?.[1] : undefined) ?? "any";

export const staticMembers = (): Invariant<MemberWorld> => {
  let seen = "";
  return {
    name: "static-members",
    sentence: "A static member id of a Kafka group is used in one cluster at a time.",
    check: ({ plan, source, target }) => {
      const now = `${podsOf(source).version()}/${podsOf(target).version()}`;
      if (now === seen || !plan.settings.groups.some((g) => g.staticIdPrefix !== undefined)) return undefined;
      seen = now;
      return plan.settings.groups.flatMap(({ group, workload, staticIdPrefix }) => {
        if (staticIdPrefix === undefined) return [];
        const kind = plan.workloads.find((w) => nameOf(w) === workload)?.kind;
        const ordinals = (cluster: Cluster) =>
          podsOf(cluster)
            .of(workload)
            .filter((p) => p.accepting)
            .map((p) => ordinalOf(kind, p.name));
        const there = new Set(ordinals(target));
        const shared = ordinals(source).filter((o) => there.has(o));
        if (shared.length === 0) return [];
        const id = shared[0] === "any" ? staticIdPrefix : `${staticIdPrefix}-${shared[0]}`;
        return [`The static member ${id} of ${group} runs in both clusters at once.`];
      });
    },
  };
};
