/** Preflight, window: whether it opens at all, for as long as the cut and its way back take. Pure. */

import type { Verdict } from "../gates.ts";
import type { Plan } from "../plan.ts";
import { cutSeconds, windowAt } from "../window.ts";
import { judging, seen } from "./judging.ts";

/** pipelines/window: a freeze that waits for a window which never comes would be a freeze for nothing. */
export const judgeWindow = (plan: Pick<Plan, "platform" | "settings">, now: Date): Verdict => {
  const say = judging(now.toISOString())("pipelines/window", plan.platform);
  const { verdict, waitSeconds, sentence } = windowAt(
    plan.settings.window,
    now,
    cutSeconds(plan.settings.dns.loweredTtlSeconds),
  );
  const evidence = [
    seen(
      "seconds until the window is next open for long enough",
      verdict === "fail" ? null : waitSeconds,
      "within 400 days",
      "window in repot.yaml",
    ),
  ];
  return verdict === "fail"
    ? say.fail(
        sentence,
        "Give the window other days or longer hours in repot.yaml, and plan again.",
        evidence,
      )
    : say.pass(`The window opens for long enough in ${Math.ceil(waitSeconds / 3600)} hours.`, evidence);
};
