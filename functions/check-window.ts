/** Before every traffic step: is the window open, and do the step and its rollback fit before it closes? Changes nothing. */

import * as z from "zod";
import { windowAt } from "../domain/window.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const checkWindow = step({
  name: "check-window",
  does: "Judges the plan's window now, or says when it opens next.",
  input: z.object({ run: RunSchema, step: z.string() }),
  needs: { s3: ["GetObject"] },
  run: async ({ run }, context) => {
    const { settings } = await planOf(context, run);
    const { loweredTtlSeconds } = settings.dns;
    // The delegation, its propagation, its TTL; and the same once more for the way back.
    const neededSeconds = 2 * (loweredTtlSeconds * 2 + 300);
    return windowAt(settings.window, context.now(), neededSeconds);
  },
});
