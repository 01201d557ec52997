/** Waves: nothing starts on the target before what it leans on stands there. */

import type { KubeObject } from "../../domain/kube.ts";
import { nameOf, type Workload } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";
import { byName, isStarted, makeStanding, scaling } from "./standing.ts";

/** What a workload has on the target when its wave is over. */
const dueOf = (w: Workload): number => (w.move === "half-and-half" ? w.half : w.replicas);

/** A restore that may still bring, or change, what is being started. */
const isUnderWay = (object: KubeObject): boolean =>
  object.kind === "Restore" &&
  !/^(Completed|PartiallyFailed|Failed|FailedValidation)$/.test(String(at(object, "status", "phase")));

export const makeWaves = (): Invariant<Scene> => {
  const standing = makeStanding();
  let workloads: ReadonlyMap<string, Workload> | undefined;
  return {
    name: "waves",
    sentence:
      "A wave begins when everything is restored and every workload of the waves before has stood on the target.",
    check: ({ fact, plan, world }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      standing.see(event);
      const set = scaling(event);
      const starts = set?.side === "target" && set.before === 0 && set.after > 0;
      const stops = set?.side === "source" && set.after === 0;
      if (!set || !(starts || stops)) return undefined;
      workloads ??= byName(plan.workloads);
      const wave = workloads.get(set.workload)?.wave ?? null;
      if (wave === null) return undefined;
      const restoring = (world()?.clusters.target.all() ?? []).find(isUnderWay);
      if (restoring)
        return [
          `${set.workload} is started on the target while Velero's ${restoring.metadata.name} is under way.`,
        ];
      const span = { forSeconds: 0, since: 0, now: event.at };
      const late = plan.workloads.find(
        (w) => w.wave !== null && w.wave < wave && isStarted(w) && !standing.stood(nameOf(w), dueOf(w), span),
      );
      return late
        ? [
            `${set.workload} of wave ${wave} is moved, and ${nameOf(late)} of wave ${late.wave} has never stood on the target with its ${dueOf(late)} pods.`,
          ]
        : [];
    },
  };
};
