/** No traffic step starts outside of the window. */

import { windowAt } from "../../domain/window.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeWindow = (): Invariant<Scene> => ({
  name: "window",
  sentence: "DNS is delegated to the target only while the plan's window is open.",
  check: ({ fact, plan, now }) => {
    const seen = fact();
    if (seen?.kind !== "call" || !seen.call.mutating || seen.call.outcome !== "applied") return undefined;
    if (seen.call.invocation.step !== "delegate-zone" || seen.call.service !== "route53") return undefined;
    return windowAt(plan.settings.window, new Date(now()), 0).verdict === "pass"
      ? []
      : ["The zone was delegated outside of the window."];
  },
});
