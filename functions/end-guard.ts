/** The work that was guarded is over: the guard may go. */

import * as z from "zod";
import { guardEndKey } from "./guard.ts";
import { bucketOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

export const endGuard = step({
  name: "end-guard",
  does: "Tells the guard that nothing moves any more; it looks once more and ends.",
  input: z.object({ run: RunSchema }),
  // What is there already is read; what isn't there is never asked for.
  needs: { s3: ["GetObject", "PutObject migrations/*/guard-ended.json"] },
  run: async ({ run }, context) => {
    await bucketOf(context).putNew(guardEndKey(run), { ended: true });
    return { ended: true };
  },
});
