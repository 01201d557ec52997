/** What is shared starts first on the target: the source gives up a pod only for one that has proved itself there. */

import type { Workload } from "../../domain/plan.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";
import { byName, makeStanding, scaling } from "./standing.ts";

/** A pod that has been ready for so long without a break has proved itself. */
const PROVED_SECONDS = 30;
/** What was proved so shortly ago can't be known to be lost. */
const LATELY_SECONDS = 120;

export const makeFirstThere = (): Invariant<Scene> => {
  const standing = makeStanding();
  let workloads: ReadonlyMap<string, Workload> | undefined;
  return {
    name: "first-there",
    sentence:
      "A shared workload gives up pods on the source only when as many have been ready on the target for half a minute.",
    check: ({ fact, plan }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      standing.see(event);
      const set = scaling(event);
      if (set?.side !== "source" || set.after >= set.before) return undefined;
      workloads ??= byName(plan.workloads);
      const workload = workloads.get(set.workload);
      if (workload?.move !== "half-and-half") return undefined;
      const owed = Math.min(workload.replicas, set.before) - set.after;
      const span = { forSeconds: PROVED_SECONDS, since: event.at - LATELY_SECONDS, now: event.at };
      return standing.stood(set.workload, owed, span)
        ? []
        : [
            `${set.workload} is to go from ${set.before} to ${set.after} on the source, and ${owed} pods of it have not been ready on the target for ${PROVED_SECONDS} s.`,
          ];
    },
  };
};
