/** Who waits for something looks at it now and then; a loop without a pause wears out the services that it asks, and its own bounds with them. */

import type { Invocation } from "../services/seam.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** Steps that are asked again and again until what they look at is so. */
const LOOKS = /^(guard|measure|observe|plan|prove|validate|compare)-/;
/** So many looks of one execution within so short a time are a loop, whatever was tried again meanwhile. */
const LOOKS_MAX = 8;
const WITHIN_MS = 3_000;
/** One look of the guard takes some seconds by itself. */
const GUARD_WITHIN_MS = 30_000;

export const makePatience = (): Invariant<Scene> => {
  const seen = new WeakSet<Invocation>();
  const looks = new Map<string, number[]>();
  return {
    name: "patience",
    sentence: "Nobody looks at the same thing again and again without a pause.",
    check: ({ fact, now }) => {
      const at = fact();
      if (at?.kind !== "call") return undefined;
      const { invocation } = at.call;
      if (seen.has(invocation) || !LOOKS.test(invocation.step)) return undefined;
      seen.add(invocation);
      const within = invocation.step === "guard-platform" ? GUARD_WITHIN_MS : WITHIN_MS;
      const key = `${invocation.execution} ${invocation.step}`;
      const recent = (looks.get(key) ?? []).filter((time) => now() - time < within);
      recent.push(now());
      looks.set(key, recent);
      return recent.length > LOOKS_MAX
        ? [`${invocation.step} has looked ${recent.length} times within ${within / 1000} s.`]
        : [];
    },
  };
};
