/** The freeze holds: while workloads move, no pipeline changes any of them. */

import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeFreeze = (): Invariant<Scene> => {
  let frozen = false;
  return {
    name: "freeze",
    sentence: "From the freeze until the thaw no pipeline changes a workload.",
    check: ({ fact, plan }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      if (event.type === "phase") {
        if (event.phase === "freeze" && event.status === "completed") frozen = true;
        if (event.status === "rolling-back" || (event.phase === "thaw" && event.status === "started"))
          frozen = false;
      }
      if (!frozen || event.type !== "actor") return undefined;
      if (!event.allowed) return [];
      if (!plan.settings.pipelines.some((p) => event.who === `developer:${p.name}`)) return [];
      return [
        `${event.who} changed ${event.field} of ${event.object} on the ${event.cluster} during the freeze.`,
      ];
    },
  };
};
