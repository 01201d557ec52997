/**
 * The tick that a CronJob ran last. A controller that is resumed runs what it thinks it has missed since then; told of the other side's last
 * tick, it neither repeats one nor leaves one out (Kubernetes reference, CronJob: status.lastScheduleTime, startingDeadlineSeconds).
 */

import { fieldOf } from "../adapters/effects/fields.ts";
import type { Effect } from "../domain/effects.ts";
import { type KubeObject, refOf } from "../domain/kube.ts";
import type { Side } from "../domain/phases.ts";

const LAST_TICK = ["status", "lastScheduleTime"];

/** Tells one side's controller of the other side's last tick; where none is known, what it has stays. */
export const lastTickEffect = (side: Side, schedule: KubeObject, other: KubeObject | undefined): Effect => {
  const before = fieldOf(schedule, LAST_TICK);
  const after = other ? fieldOf(other, LAST_TICK) : null;
  return {
    kind: "set-field",
    cluster: side,
    object: refOf(schedule),
    path: LAST_TICK,
    before,
    after: after ?? before,
  };
};
