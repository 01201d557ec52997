/** Behind EventBridge: an execution was aborted, timed out or failed, and no Catch of a machine may have seen it. */

import * as z from "zod";
import { ANSWERING, answerEnding, endedOf, TOP_MACHINES } from "./endings.ts";
import { listener } from "./listener.ts";

export const answerEndingListener = listener({
  name: "answer-ending",
  does: "Starts the rollback of a migration that ended unseen, once; after the delegation it tells people instead, and where nothing was changed it gives the clusters back.",
  trigger: {
    kind: "rule",
    machines: TOP_MACHINES,
    pattern: {
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: { status: ["ABORTED", "TIMED_OUT", "FAILED"] },
    },
  },
  timeoutSeconds: 30,
  input: z.object({ detail: z.object({ executionArn: z.string() }) }),
  needs: ANSWERING,
  run: async ({ detail }, context) => {
    const ended = await endedOf(context, detail.executionArn);
    if (!ended) return { way: "none", sentence: "It runs, or is none of ours." };
    const { way, sentence } = await answerEnding(context, ended);
    return { way, sentence };
  },
});
