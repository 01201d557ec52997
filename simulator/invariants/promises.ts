/**
 * Each phase says what is true when it is over. Here it is looked at in the world itself, whatever the steps have measured; a phase that is
 * reported as over too early is found out even where nobody is hurt yet.
 */

import type { RunEvent } from "../../domain/events.ts";
import type { Invariant } from "./invariant.ts";
import { built, cut, led, left, makePace, makeSuite, moved, owned, prepared, unlike } from "./promised.ts";
import type { Scene } from "./scene.ts";
import { scaling } from "./standing.ts";

/** The zone is about to be delegated anew. */
const delegates = (event: RunEvent): boolean =>
  event.type === "effect" &&
  event.step === "delegate-zone" &&
  event.status === "intended" &&
  event.direction === "forward";

const GIVES_UP = "The source is to give up capacity, and";
const CARRIES = "Traffic is said to be cut, and";

export const makePromises = (): Invariant<Scene> => {
  const suite = makeSuite();
  const pace = makePace();
  let isCut = false;
  return {
    name: "promises",
    sentence:
      "What a phase promises is true when it is reported as over, and what a step leans on when it is made.",
    check: (scene) => {
      const seen = scene.fact();
      const world = scene.world();
      if (!world) return undefined;
      if (seen?.kind === "call") suite.look(scene.plan, world, seen.call);
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      if (delegates(event)) {
        isCut = true;
        return [...owned(scene.plan, world), ...unlike(scene.plan, world)];
      }
      // Before the delegation the source gives up halves, and everybody is led to it.
      pace.see(event, isCut);
      const set = scaling(event);
      if (isCut && set?.side === "source" && set.after < set.before)
        return [...led(scene.plan, world), ...pace.slow(scene.plan, GIVES_UP)];
      if (event.type !== "phase") return undefined;
      const { phase, status } = event;
      // What is turned off after its phase was over is found before the last one begins.
      if (phase === "decommission" && status === "started") return cut(scene.plan, world);
      if (status !== "completed") return undefined;
      switch (phase) {
        case "preflight":
          return prepared(scene.plan, world);
        case "build-target":
          return built(scene.plan, world);
        case "move-workloads":
          return [...moved(scene.plan, world), ...suite.missing(scene.plan)];
        case "cut-traffic":
          return [...left(scene.plan, world), ...cut(scene.plan, world), ...pace.slow(scene.plan, CARRIES)];
        case "thaw":
          return cut(scene.plan, world);
        default:
          return undefined;
      }
    },
  };
};
