/** Before every traffic step: is the window open, and do the step and its rollback fit before it closes? Changes nothing. */

import * as z from "zod";
import { cutSeconds, windowAt } from "../domain/window.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

/** A freeze that would take longer than this begins half a day ahead all the same. */
const LEAD_SECONDS_MAX = 43_200;

export const checkWindow = step({
  name: "check-window",
  does: "Judges the plan's window now, or says when it opens next; a freeze begins so that the cut finds the window open.",
  input: z.object({ run: RunSchema, step: z.enum(["freeze", "delegate-zone"]) }),
  needs: { s3: ["GetObject"] },
  run: async ({ run, step: next }, context) => {
    const { settings, price } = await planOf(context, run);
    const neededSeconds = cutSeconds(settings.dns.loweredTtlSeconds);
    if (next === "delegate-zone") return windowAt(settings.window, context.now(), neededSeconds);
    // Developers wait as long as the freeze lasts: it begins when the moving will just be done by the time the window opens.
    const leadSeconds = Math.min(price.freezeMinutes * 60, LEAD_SECONDS_MAX);
    return windowAt(settings.window, new Date(context.now().getTime() + leadSeconds * 1000), neededSeconds);
  },
});
