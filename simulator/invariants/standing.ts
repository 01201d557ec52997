/** How many pods of each workload stood ready on the target, and when: what invariants about the order of moves remember of the record. */

import type { RunEvent } from "../../domain/events.ts";
import { nameOf, type Workload } from "../../domain/plan.ts";

type Count = { readonly at: number; readonly ready: number };

export type Standing = {
  readonly see: (event: RunEvent) => void;
  /** Whether so many pods were ready at once, for so long without a break, at some time since. Seconds, as the record has them. */
  readonly stood: (
    workload: string,
    pods: number,
    span: { readonly forSeconds: number; readonly since: number; readonly now: number },
  ) => boolean;
};

export const makeStanding = (): Standing => {
  const counts = new Map<string, Count[]>();
  return {
    see: (event) => {
      if (event.type !== "ready" || event.cluster !== "target") return;
      const known = counts.get(event.workload) ?? [];
      known.push({ at: event.at, ready: event.ready });
      counts.set(event.workload, known);
    },
    stood: (workload, pods, { forSeconds, since, now }) => {
      if (pods <= 0) return true;
      let from: number | undefined;
      for (const { at, ready } of [...(counts.get(workload) ?? []), { at: now, ready: -1 }]) {
        if (from !== undefined && ready < pods) {
          if (at >= since && at - from >= forSeconds) return true;
          from = undefined;
        } else if (ready >= pods) from ??= at;
      }
      return false;
    },
  };
};

/** What has pods of its own that its number of replicas says, and runs on the target in the end. */
export const isStarted = (w: Workload): boolean =>
  (w.kind === "Deployment" || w.kind === "StatefulSet") &&
  w.move !== "none" &&
  w.move !== "keep-on-source" &&
  w.replicas > 0;

/** A number of replicas that a step is about to set on a side, on the way forward. */
export const scaling = (
  event: RunEvent,
):
  | {
      readonly side: "source" | "target";
      readonly workload: string;
      readonly before: number;
      readonly after: number;
    }
  | undefined => {
  if (event.type !== "effect" || event.status !== "intended" || event.direction !== "forward")
    return undefined;
  const { effect } = event;
  if (effect.kind !== "set-field" || effect.path.join(".") !== "spec.replicas") return undefined;
  return {
    side: effect.cluster,
    workload: `${effect.object.namespace ?? ""}/${effect.object.name}`,
    before: Number(effect.before),
    after: Number(effect.after),
  };
};

export const byName = (workloads: readonly Workload[]): ReadonlyMap<string, Workload> =>
  new Map(workloads.map((w) => [nameOf(w), w]));
