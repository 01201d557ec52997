/** What must not exist twice never runs in both clusters at once. */

import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type ExclusiveWorld = { readonly plan: Plan; readonly source: Cluster; readonly target: Cluster };

/** Singletons, and data that must have one writer: a rebuilt store is another store, and may run beside the old one. */
const isExclusive = (w: Workload): boolean =>
  w.class === "singleton" ||
  (w.class === "cloud-controller" && w.move === "stop-then-start") ||
  (w.class === "stateful" && w.move === "stop-then-start");

export const singletons = (): Invariant<ExclusiveWorld> => {
  let seen = "";
  let exclusive: readonly string[] | undefined;
  return {
    name: "singletons",
    sentence: "A singleton never runs in both clusters at once.",
    check: ({ plan, source, target }) => {
      const now = `${podsOf(source).version()}/${podsOf(target).version()}`;
      if (now === seen) return undefined;
      seen = now;
      exclusive ??= plan.workloads.filter(isExclusive).map(nameOf);
      if (exclusive.length === 0) return undefined;
      return exclusive
        .filter((name) => podsOf(source).accepting(name) > 0 && podsOf(target).accepting(name) > 0)
        .map((name) => `${name} runs in both clusters at once.`);
    },
  };
};
