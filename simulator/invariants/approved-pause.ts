/** A workload whose volumes are copied comes up on the target within the pause that people approved, or not at all. */

import { nameOf, type Plan } from "../../domain/plan.ts";
import { podsOf } from "../world/traffic/pods.ts";
import type { Cluster } from "../world/types.ts";
import type { Invariant } from "./invariant.ts";

export type PauseWorld = {
  readonly plan: Plan;
  readonly source: Cluster;
  readonly target: Cluster;
  /** Milliseconds. */
  readonly now: () => number;
};

export const approvedPause = (): Invariant<PauseWorld> => {
  let seen = "";
  /** When its last pod of the source was gone: whoever comes then is paused. */
  const since = new Map<string, number>();
  return {
    name: "approved-pause",
    sentence: "What is copied with a pause starts on the target within the approved pause, or not at all.",
    check: ({ plan, source, target, now }) => {
      const version = `${podsOf(source).version()}/${podsOf(target).version()}`;
      if (version === seen || !plan.workloads.some((w) => w.move === "copy-with-pause")) return undefined;
      seen = version;
      return plan.workloads
        .filter((w) => w.move === "copy-with-pause")
        .flatMap((w) => {
          const name = nameOf(w);
          const up = podsOf(source).accepting(name) > 0;
          if (up) since.delete(name);
          else if (!since.has(name)) since.set(name, now());
          const away = (now() - (since.get(name) ?? now())) / 1000;
          if (podsOf(target).accepting(name) === 0) return [];
          // Up on the target, it is away no longer.
          since.set(name, Number.POSITIVE_INFINITY);
          return away > (w.pauseSecondsMax ?? 0)
            ? [
                `${name} started on the target after ${Math.round(away)} s; ${w.pauseSecondsMax ?? 0} s were approved.`,
              ]
            : [];
        });
    },
  };
};
