/** Planted bugs of adapters: what they make of a page, a refusal, or an answer that doesn't come. */

import type { PlantedBug } from "./bug.ts";
import { listing } from "./clients.ts";
import { type Edit, inEveryState, inEveryStep, type Loose } from "./edit.ts";

/** No state is tried again after an error of this name. */
const givingUp = (error: string): Edit =>
  inEveryState((state) => {
    const retry = state["Retry"] as readonly Loose[] | undefined;
    if (!retry) return state;
    return {
      ...state,
      Retry: retry.map((r) => ({
        ...r,
        ErrorEquals: (r["ErrorEquals"] as readonly string[]).filter((name) => name !== error),
      })),
    };
  });

export const ADAPTERS: readonly PlantedBug[] = [
  {
    name: "page-two-forgotten",
    sentence: "Of a list of the bucket only the first page is read.",
    area: "adapter",
    caughtBy: "rollback-incomplete",
    plant: inEveryStep((context) =>
      listing(context, () => ({ IsTruncated: false, NextContinuationToken: undefined })),
    ),
    shownBy: { rollBackAt: "freeze" },
  },
  {
    name: "throttling-given-up-on",
    sentence: "A 429 is an error like any other: it is given up on at once.",
    area: "adapter",
    caughtBy: "liveness",
    plant: givingUp("Throttled"),
    shownBy: { faults: [{ kind: "throttled", step: "scale-workload" }] },
  },
  {
    name: "conflict-given-up-on",
    sentence: "A 409 is an error like any other: nobody reads again and decides again.",
    area: "adapter",
    caughtBy: "liveness",
    plant: givingUp("Conflict"),
    shownBy: { faults: [{ kind: "conflict", step: "record-start" }] },
  },
  {
    name: "lost-answer-given-up-on",
    sentence: "A call whose answer was lost is taken for one that failed, and given up on.",
    area: "adapter",
    caughtBy: "liveness",
    plant: givingUp("AnswerLost"),
    shownBy: { faults: [{ kind: "timeout-though-applied", step: "scale-workload" }] },
  },
];
