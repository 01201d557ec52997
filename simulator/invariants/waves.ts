/** Waves: nothing starts on the target before what it leans on stands there. */

import type { RunEvent } from "../../domain/events.ts";
import { hookServices } from "../../domain/hooks.ts";
import { type KubeObject, refOf, sentenceOf } from "../../domain/kube.ts";
import { nameOf, type Plan, type Workload } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import { workloadsBehind } from "../../domain/queries.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";
import { byName, isStarted, makeStanding, type Standing, scaling } from "./standing.ts";

/** What a workload has on the target when its wave is over. */
const dueOf = (w: Workload): number => (w.move === "half-and-half" ? w.half : w.replicas);

const RESTORES = { apiVersion: "velero.io/v1", kind: "Restore" };

/** A restore that may still bring, or change, what is being started. */
const isUnderWay = (object: KubeObject): boolean =>
  !/^(Completed|PartiallyFailed|Failed|FailedValidation)$/.test(String(at(object, "status", "phase")));

/** When each hook came to the target by our doing, and the Services that must answer for it. */
const makeHooks = () => {
  const came: { readonly at: number; readonly hook: KubeObject }[] = [];
  return {
    see: (event: RunEvent): void => {
      if (event.type !== "effect" || event.step !== "restore-hooks" || event.status !== "done") return;
      if (event.direction === "forward" && event.effect.kind === "create-object")
        came.push({ at: event.at, hook: event.effect.object as unknown as KubeObject });
    },
    /** Hooks that nobody has answered for since they came: what their rules take is refused. */
    silent: (plan: Plan, standing: Standing, now: number): readonly string[] => {
      const behind = workloadsBehind(plan.workloads);
      return came.flatMap(({ at: since, hook }) =>
        hookServices(hook, true)
          .filter((service) => {
            const names = behind.get(service) ?? [];
            return (
              names.length > 0 &&
              !names.some((name) => standing.stood(name, 1, { forSeconds: 0, since, now }))
            );
          })
          .map((service) => `nobody behind ${service} has been ready since ${sentenceOf(refOf(hook))} came`),
      );
    },
  };
};

export const makeWaves = (): Invariant<Scene> => {
  const standing = makeStanding();
  const hooks = makeHooks();
  let workloads: ReadonlyMap<string, Workload> | undefined;
  /** Those that have not been seen to stand on the target. */
  let open: readonly Workload[] = [];
  return {
    name: "waves",
    sentence:
      "A wave begins when everything is restored, every workload of the waves before has stood on the target, and what must answer for webhooks has.",
    check: ({ fact, plan, world }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      standing.see(event);
      hooks.see(event);
      const set = scaling(event);
      const starts = set?.side === "target" && set.before === 0 && set.after > 0;
      const stops = set?.side === "source" && set.after === 0;
      if (!set || !(starts || stops)) return undefined;
      if (!workloads) {
        workloads = byName(plan.workloads);
        open = plan.workloads.filter((w) => w.wave !== null && isStarted(w));
      }
      const wave = workloads.get(set.workload)?.wave ?? null;
      if (wave === null) return undefined;
      const restoring = (world()?.clusters.target.list(RESTORES) ?? []).find(isUnderWay);
      if (restoring)
        return [
          `${set.workload} is started on the target while Velero's ${restoring.metadata.name} is under way.`,
        ];
      const [silent] = hooks.silent(plan, standing, event.at);
      if (silent !== undefined) return [`${set.workload} of wave ${wave} is moved, and ${silent}.`];
      const span = { forSeconds: 0, since: 0, now: event.at };
      // Who has stood once has stood: nobody asks again.
      open = open.filter((w) => (w.wave ?? wave) >= wave || !standing.stood(nameOf(w), dueOf(w), span));
      const late = open.find((w) => w.wave !== null && w.wave < wave);
      return late
        ? [
            `${set.workload} of wave ${wave} is moved, and ${nameOf(late)} of wave ${late.wave} has never stood on the target with its ${dueOf(late)} pods.`,
          ]
        : [];
    },
  };
};
