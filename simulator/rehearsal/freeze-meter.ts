/** How long developers were held up: from the moment at which the pipelines' switch read "paused" until it read otherwise again. */

import { PIPELINES } from "../../domain/bundle.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Emit } from "../world/types.ts";

type EffectEvent = Extract<RunEvent, { type: "effect" }>;

/** What the switch reads after an effect on it was made; undefined for every other effect. */
const switchAfter = ({ effect, direction, status }: EffectEvent): boolean | undefined => {
  if (status !== "done" || effect.kind !== "set-field") return undefined;
  const { object, path, before, after } = effect;
  if (
    object.kind !== "ConfigMap" ||
    object.name !== PIPELINES.name ||
    object.namespace !== PIPELINES.namespace ||
    path.join(".") !== "data.paused"
  )
    return undefined;
  return (direction === "forward" ? after : before) === "true";
};

export type FreezeMeter = {
  readonly see: (event: RunEvent) => void;
  /** The run is over: a freeze that lasts has its minutes, too. */
  readonly close: (at: number) => void;
};

const minutes = (seconds: number): number => Math.round(seconds / 6) / 10;

/** Sees every event; writes the line at which a freeze begins, and the one at which it ends. */
export const makeFreezeMeter = (emit: Emit): FreezeMeter => {
  let beganAt: number | undefined;
  const see = (event: RunEvent): void => {
    const paused = event.type === "effect" ? switchAfter(event) : undefined;
    if (paused === true && beganAt === undefined) {
      beganAt = event.at;
      emit({ type: "freeze", status: "began", minutes: 0 });
    }
    if (paused === false && beganAt !== undefined) {
      emit({ type: "freeze", status: "ended", minutes: minutes(event.at - beganAt) });
      beganAt = undefined;
    }
  };
  return {
    see,
    close: (at) => {
      if (beganAt !== undefined) emit({ type: "freeze", status: "lasts", minutes: minutes(at - beganAt) });
    },
  };
};
