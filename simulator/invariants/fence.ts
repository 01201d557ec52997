/** Once a rollback has begun, nothing moves forward any more. */

import { keys } from "../../domain/journal.ts";
import type { Invariant } from "./invariant.ts";
import { changesPlatform, type Scene, wrote } from "./scene.ts";

/** The steps of the way back. */
const BACK = new Set([
  "undo-effect",
  "carry-back",
  "carry-records-back",
  "resume-on-target",
  "return-volumes",
  "turn-back",
]);

/** What was on its way when the fence rose may still arrive: a function lives 30 s, and the rollback waits for that. */
const IN_FLIGHT_MS = 30_000;

export const makeFence = (): Invariant<Scene> => {
  let raisedAt: number | undefined;
  return {
    name: "fence",
    sentence: "No forward effect is made once a rollback has begun and what was in flight has ended.",
    check: ({ fact, plan, now }) => {
      const seen = fact();
      if (seen?.kind !== "call") return undefined;
      const { call } = seen;
      if (wrote(call, keys.fence(plan.migration))) raisedAt ??= now();
      if (raisedAt === undefined || !changesPlatform(call)) return undefined;
      if (now() - raisedAt <= IN_FLIGHT_MS || BACK.has(call.invocation.step)) return [];
      return [
        `${call.invocation.step} made ${call.service}:${call.action} on ${call.subject} ${Math.round((now() - raisedAt) / 1000)} s after the fence.`,
      ];
    },
  };
};
